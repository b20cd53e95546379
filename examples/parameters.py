"""Parameters: maps of the same digits, with one parameter changed at a time.

    python examples/parameters.py --only dof

Embeds the first images of MNIST (LeCun et al. 1998). Below each map are its KL divergence, the
share of the 10 nearest neighbours that it keeps, the rank correlation of its distances with those
in the data, and its span. Draws one figure for each parameter, `parameters_NAME.png`.
"""

import argparse
import os
from pathlib import Path

import matplotlib
import numpy as np

import fasttsne
from fasttsne import metrics, plot, tables

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FASTTSNE_DATA", ROOT.parent / "shared" / "data"))
VALUES = {
    "perplexity": (2, 10, 30, 300),
    "early_exaggeration": (1, 4, 12, 50),
    "late_exaggeration": (1, 1.5, 2, 4),
    "dof": (0.4, 1, 3, 10),
    "learning_rate": (0.03, "auto", 1000, 10_000),
    "init": ("pca", "spectral", "random", "random again"),
}


def embed(X, name, value):
    """Embed with one parameter changed; return the map and its measures."""
    seed = int(value == "random again")
    model = fasttsne.TSNE(random_state=seed).set_params(**{name: "random" if seed else value})
    Y = model.fit_transform(X)
    return Y, {
        "KL": model.kl_divergence_,
        "recall": metrics.neighbor_recall(X, Y, n_sample=2000),
        "correlation": metrics.pairwise_distance_correlation(X, Y, n_sample=20_000),
        "span": float(np.ptp(Y, axis=0).max()),
    }


def main(argv=None):
    """Embed, measure, draw; return the measures by parameter and value."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets")
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--most", type=int, default=1400, help="images; default: 1,400")
    parser.add_argument("--only", choices=VALUES, help="one parameter; default: all")
    arguments = parser.parse_args(argv)

    table = tables.read(arguments.data / "bench" / "mnist" / "mnist.npz")
    X, digits = table.X[: arguments.most], table.labels[: arguments.most]
    arguments.output.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in [arguments.only] if arguments.only else VALUES:
        maps, captions = {}, []
        for value in VALUES[name]:
            Y, measured = embed(X, name, value)
            found[name, value] = measured
            maps[f"{name} = {value}"] = Y
            words = [f"{key} {number:.3g}" for key, number in measured.items()]
            captions.append("   ".join(words[:2]) + "\n" + "   ".join(words[2:]))
            print(f"{name:>20} {value!s:>12}: {',  '.join(words)}")
        with matplotlib.rc_context({"font.size": 20}):
            figure = plot.side_by_side(maps, digits, captions=captions, legend_title="digit")
        plot.save(figure, arguments.output / f"parameters_{name}.png", dpi=100)
    return found


if __name__ == "__main__":
    main()
