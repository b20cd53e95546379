"""Image mosaics: photos, portraits and video frames, with similar images near each other.

    python examples/image_mosaic.py [--output gallery]

Features are the activations of a small network for CIFAR-10, pixels for the ORL portraits and
landmarks for YouTube Faces. Prints for each map the accuracy of a nearest-neighbour vote for the
class or person of an image.
"""

import argparse
import os
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import torch
from PIL import Image
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from torch import nn

import fasttsne
from fasttsne import images, landmarks, metrics, plot
from fasttsne.nn import activations

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FASTTSNE_DATA", ROOT.parent / "shared" / "data"))


def main(argv=None):
    """Embed and draw all three data sets; return the accuracy of each map."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets")
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    arguments = parser.parse_args(argv)
    data, output, accuracy = arguments.data, arguments.output, {}
    output.mkdir(parents=True, exist_ok=True)
    tsne = fasttsne.TSNE(perplexity=15, random_state=0)
    with np.load(data / "images" / "cifar10_2200" / "cifar10_2200.npz") as cifar:
        photos, kind = cifar["X"], cifar["y"]
    X = torch.from_numpy(photos).permute(0, 3, 1, 2) / 255
    seen = activations(patch_network(X), X.split(100), "2").sqrt()
    Y = tsne.fit_transform(PCA(50, random_state=0).fit_transform(seen))
    plot.mosaic(photos, Y, tile=64).save(output / "photos.jpg", quality=90)
    plot.mosaic_grid(photos, Y, (2200, 1600), 40).save(output / "photos_grid.jpg", quality=90)
    accuracy["photos"] = metrics.label_accuracy(Y, kind)

    with np.load(data / "images" / "orl_faces" / "orl_faces.npz") as orl:
        portraits, person = orl["X"], orl["y"]
    Y = tsne.fit_transform(PCA(50, random_state=0).fit_transform(images.pixels(portraits)))
    grid = plot.mosaic_grid(portraits, Y, (2000, 1500), 100, labels=person)
    grid.save(output / "portraits_grid.jpg", quality=90)
    accuracy["portraits"] = metrics.label_accuracy(Y, person, k=5)

    path = data / "landmarks" / "ytfaces_udacity" / "list_ytfaces_udacity.txt"
    frames = landmarks.read_list(path, drop_neutral=False)
    with ZipFile(data / "images" / "ytfaces_thumbs" / "ytfaces_thumbs.zip") as thumbs:
        faces = [Image.open(thumbs.open(f"{i:04}.jpg")).copy() for i in range(len(frames.label))]
    Y = tsne.fit_transform(landmarks.features(frames, "procrustes"))
    plot.mosaic(faces, Y, tile=64, visible=0.4).save(output / "frames.jpg", quality=90)
    plot.write_points_json(output / "frames.json", frames.image_path, Y)
    accuracy["frames"] = metrics.label_accuracy(Y, frames.label)
    print("\n".join(f"{name:10} accuracy {value:.3f}" for name, value in accuracy.items()))
    return accuracy


def patch_network(photos, n=256):
    """Build a network without labels, by k-means on patches (Coates, Ng & Lee 2011).

    Its filters are the centres of clusters of whitened patches. Their responses are averaged over
    the 3 x 3 ninths of a photo.
    """
    patches = nn.functional.unfold(photos, 6, stride=5).transpose(1, 2).reshape(-1, 108)[::4]
    patches = nn.functional.layer_norm(patches, (108,), eps=1e-3)
    variance, axes = torch.linalg.eigh(torch.cov(patches.T))
    whiten = axes / (variance + 0.1).sqrt() @ axes.T
    typical = MiniBatchKMeans(n, n_init=1, random_state=0).fit(patches @ whiten).cluster_centers_
    filters = nn.functional.normalize(torch.tensor(typical).float()) @ whiten
    convolution = nn.Conv2d(3, n, 6, stride=2, bias=False)
    convolution.weight.data = (filters - filters.mean(1, keepdim=True)).view(n, 3, 6, 6)
    return nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(3))


if __name__ == "__main__":
    main()
