"""Digits: a map of all 70,000 images of MNIST.

    python examples/digits.py [--output gallery]

Draws `digits.png`, a scatter plot with a colour for each digit, and `digits_mosaic.jpg`, a mosaic
of the images. Prints the accuracy of a 10-nearest-neighbour vote in the map, and the share of the
10 nearest neighbours that the map keeps.
"""

import argparse
import os
from pathlib import Path

import numpy as np

import fasttsne
from fasttsne import metrics, plot

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FASTTSNE_DATA", ROOT.parent / "shared" / "data"))


def main(argv=None):
    """Embed and draw; return the measures of the map."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets")
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--most", type=int, default=70_000, help="the first so many digits")
    arguments = parser.parse_args(argv)

    with np.load(arguments.data / "bench" / "mnist" / "mnist.npz") as mnist:
        X, digit = mnist["X"][: arguments.most], mnist["y"][: arguments.most]

    Y = fasttsne.TSNE(random_state=0).fit_transform(X)

    accuracy = metrics.label_accuracy(Y, digit)
    recall = metrics.neighbor_recall(X, Y, n_sample=2000)
    caption = f"10-NN accuracy {accuracy:.3f}      neighbour recall@10 {recall:.2f}"
    print(f"{len(X):,} digits; {caption}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    title = f"{len(X):,} digits (MNIST)"
    figure = plot.scatter(Y, digit, title=title, caption=caption, legend_title="digit")
    plot.save(figure, arguments.output / "digits.png")
    mosaic = plot.mosaic(255 - X.reshape(-1, 28, 28), Y, tile=36, labels=digit, visible=0.9)
    mosaic.save(arguments.output / "digits_mosaic.jpg", quality=90)
    return {"n": len(X), "accuracy": accuracy, "recall": recall}


if __name__ == "__main__":
    main()
