"""The SNE family: one data set by SNE, symmetric SNE and t-SNE; the crowding problem.

    python examples/sne_family.py

Embeds scikit-learn's digits by three objectives: SNE, with Gaussian similarities in the map (Hinton
and Roweis 2002); symmetric SNE, whose similarities are normalised over all pairs; and t-SNE, with
the Student kernel (van der Maaten and Hinton 2008). In ten dimensions eleven points can all have
the same distance from each other; in a plane, only three. With Gaussian similarities the points are
therefore crowded into one disc. The heavy tails of the Student kernel let moderately distant points
lie further apart, so that gaps open between groups. Draws `sne_family.png`.
"""

import argparse
from pathlib import Path

import matplotlib
from sklearn.datasets import load_digits

import fasttsne
from fasttsne import metrics, plot

FAMILY = {"SNE": "sne", "symmetric SNE": "symmetric_sne", "t-SNE": "tsne"}


def main(argv=None):
    """Embed, measure, draw; return the accuracy and silhouette of the map of each objective."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--most", type=int, default=1797, help="digits; default: all 1,797")
    arguments = parser.parse_args(argv)

    X, digits = load_digits(return_X_y=True)
    X, digits = X[: arguments.most] / 16, digits[: arguments.most]
    maps, found, captions = {}, {}, []
    for name, objective in FAMILY.items():
        Y = fasttsne.TSNE(objective=objective, random_state=0).fit_transform(X)
        accuracy, silhouette = metrics.label_accuracy(Y, digits), metrics.silhouette(Y, digits)
        maps[name], found[objective] = Y, {"accuracy": accuracy, "silhouette": silhouette}
        captions.append(f"10-NN accuracy {accuracy:.3f}, silhouette {silhouette:.2f}")
        print(f"{name:>14}: {captions[-1]}")

    arguments.output.mkdir(parents=True, exist_ok=True)
    title = f"{len(X):,} handwritten digits"
    with matplotlib.rc_context({"font.size": 16}):
        figure = plot.side_by_side(
            maps, digits, captions=captions, legend_title="digit", title=title
        )
    plot.save(figure, arguments.output / "sne_family.png", dpi=100)
    return found


if __name__ == "__main__":
    main()
