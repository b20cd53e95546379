"""Misreading: what a map does not show, on data whose shape is known.

    python examples/misreading.py

Maps do not show the sizes of clusters and the distances between them, and they may show clusters
where the data have none: Wattenberg, Viegas and Johnson, "How to use t-SNE effectively" (Distill
2016). The data are random numbers; their first two coordinates are drawn beside the map. Draws
`misreading_sizes.png`, `misreading_distances.png` and `misreading_noise.png`.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.neighbors import NearestNeighbors

import fasttsne
from fasttsne import plot


def clusters(rng, centres, spreads, n, d=10):
    """Sample n points around each centre on the first axis; return points and cluster numbers."""
    X = rng.normal(size=(len(centres), n, d)) * np.reshape(spreads, (-1, 1, 1))
    X[:, :, 0] += np.reshape(centres, (-1, 1))
    return X.reshape(-1, d), np.repeat(np.arange(len(centres)), n)


def spread_ratio(points, group):
    """Return the standard deviation of the second group over that of the first."""
    first, second = (points[group == g] for g in (0, 1))
    return float(np.sqrt(second.var(0).sum() / first.var(0).sum()))


def distance_ratio(points, group):
    """Return the distance between the last two of three groups over that of the first two."""
    a, b, c = (points[group == g].mean(0) for g in range(3))
    return float(np.linalg.norm(c - b) / np.linalg.norm(b - a))


def clumping(Y):
    """Return the median distance to the 20th neighbour over that to the second."""
    distances, _ = NearestNeighbors(n_neighbors=20).fit(Y).kneighbors()
    return float(np.median(distances[:, 19]) / np.median(distances[:, 1]))


def main(argv=None):
    """Sample data, embed, measure, draw; return the ratios in data and map."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--most", type=int, default=300, help="points a cluster; default: 300")
    arguments = parser.parse_args(argv)
    rng, n = np.random.default_rng(0), arguments.most
    arguments.output.mkdir(parents=True, exist_ok=True)

    cases = {
        "sizes": ((0, 60), (1, 10), spread_ratio, "1 is {:.1f} times as wide as 0"),
        "distances": ((0, 10, 110), (1, 1, 1), distance_ratio, "2 is {:.1f} times as far as 0"),
    }
    found = {}
    for name, (centres, spreads, ratio, text) in cases.items():
        X, group = clusters(rng, centres, spreads, n)
        Y = fasttsne.TSNE(random_state=0).fit_transform(X)
        found[name] = ratio(X, group), ratio(Y, group)
        captions = [text.format(value) for value in found[name]]
        print(f"data: {captions[0]}; map: {captions[1]}")
        with matplotlib.rc_context({"font.size": 13}):
            figure = plot.side_by_side(
                {"data": X[:, :2], "map": Y}, group, captions=captions, legend_title="cluster"
            )
        plot.save(figure, arguments.output / f"misreading_{name}.png", dpi=100)

    X = rng.normal(size=(2 * n, 100))
    maps, found["noise"] = {"data: one Gaussian": X[:, :2]}, {}
    for perplexity in (2, 10, 50):
        Y = fasttsne.TSNE(perplexity=perplexity, random_state=0).fit_transform(X)
        maps[f"map, perplexity {perplexity}"] = Y
        found["noise"][perplexity] = clumping(Y)
        print(f"perplexity {perplexity}: clumping {found['noise'][perplexity]:.1f}")
    with matplotlib.rc_context({"font.size": 20}):
        figure = plot.side_by_side(maps)
    plot.save(figure, arguments.output / "misreading_noise.png", dpi=100)
    return found


if __name__ == "__main__":
    main()
