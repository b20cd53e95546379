"""Layers of a network: how classes separate from layer to layer.

    python examples/layers.py [--output gallery]

Trains a small network on the 60,000 training images of MNIST, then embeds the activations of each
layer for the test images. All maps start from the same initialization, PCA of the pixels. Draws the
maps and prints the accuracy of a 10-nearest-neighbour vote in each.
"""

import argparse
import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from torch import nn

import fasttsne
from fasttsne import metrics, plot
from fasttsne.initialization import rescale
from fasttsne.nn import activations

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FASTTSNE_DATA", ROOT.parent / "shared" / "data"))


def main(argv=None):
    """Train, embed, draw; return the accuracy in the map of each layer."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets")
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--epochs", type=int, default=3, help="of training, default: 3")
    parser.add_argument("--most", type=int, default=10_000, help="digits to embed")
    arguments = parser.parse_args(argv)
    with np.load(arguments.data / "bench" / "mnist" / "mnist.npz") as mnist:
        X = torch.from_numpy(mnist["X"]).reshape(-1, 28, 28) / 255
        digit = torch.from_numpy(mnist["y"]).long()
    unseen = slice(60_000, 60_000 + arguments.most)
    torch.manual_seed(0)
    model = network()
    train(model, X[:60_000], digit[:60_000], arguments.epochs)
    found = activations(model, X[unseen].split(1000), list(dict(model.named_children())))

    start = rescale(PCA(2, random_state=0).fit_transform(found["pixels"]))
    figure, accuracy = Figure(figsize=(24, 4.4)), {}
    panels = figure.subplots(1, len(found), gridspec_kw={"wspace": 0.05})
    for ax, (name, layer) in zip(panels, found.items(), strict=True):
        Y = fasttsne.TSNE(init=start, random_state=0).fit_transform(layer)
        accuracy[name] = metrics.label_accuracy(Y, digit[unseen])
        caption = f"{layer.shape[1]:,} values, 10-NN accuracy {accuracy[name]:.3f}"
        print(f"{name}: {caption}")
        plot.scatter(Y, digit[unseen], ax=ax, title=name, caption=caption, legend_title="digit")
        if name != "output":
            ax.get_legend().remove()
    arguments.output.mkdir(parents=True, exist_ok=True)
    plot.save(figure, arguments.output / "layers.png", dpi=120)
    return accuracy


def network():
    """Build a network of two convolutions and two dense layers."""
    parts = {
        "pixels": nn.Unflatten(1, (1, 28)),
        "convolution 1": nn.Sequential(nn.Conv2d(1, 16, 5, stride=2), nn.ReLU()),
        "convolution 2": nn.Sequential(nn.Conv2d(16, 32, 5, stride=2), nn.ReLU(), nn.Flatten()),
        "dense layer": nn.Sequential(nn.Linear(512, 64), nn.ReLU()),
        "output": nn.Linear(64, 10),
    }
    return nn.Sequential(OrderedDict(parts))


def train(model, X, digit, epochs):
    """Train the model with Adam in batches of 128."""
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(128):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[rows]), digit[rows]).backward()
            optimizer.step()


if __name__ == "__main__":
    main()
