"""Two example maps: ``python -m fasttsne.cli.demo [--out demo] [--frames 20000]``.

`landmarks.png` shows SYNTHETIC facial-landmark video (`fasttsne.datasets`), and `digits.png` the
handwritten digits of scikit-learn. Both show PCA beside t-SNE.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits

from .. import TSNE, datasets, landmarks, metrics, plot
from .shared import exit_status, print_aligned, report


class Sample(NamedTuple):
    """A data set to embed.

    Attributes
    ----------
    name : str
        Name of the picture, without its extension.
    title : str
        Title of the picture.
    X : ndarray, shape (n, d)
        Data.
    labels : ndarray, shape (n,), int
        Classes.
    label_names : dict of int to str, or None
        Names of the classes.
    """

    name: str
    title: str
    X: np.ndarray
    labels: np.ndarray
    label_names: dict[int, str] | None


def main(argv: Sequence[str] | None = None) -> int:
    """Make the maps, draw them, and print a report of each.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the name of the program. Default: those of the process.

    Returns
    -------
    int
        Exit status: 0; or 2, or after Ctrl-C 130, after one line on stderr that says why.
    """
    parser = argparse.ArgumentParser(prog="python -m fasttsne.cli.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder (default: demo)")
    parser.add_argument("--frames", type=int, default=20_000, help="default: 20000")
    arguments = parser.parse_args(argv)

    def run() -> None:
        plot.check_path(arguments.out / "landmarks.png")
        arguments.out.mkdir(parents=True, exist_ok=True)
        for sample in samples(arguments.frames):
            _draw(sample, arguments.out)

    return exit_status("fasttsne.cli.demo", run)


def samples(n_frames: int) -> Iterator[Sample]:
    """Yield the data sets of the demo.

    Parameters
    ----------
    n_frames : int
        Number of frames of synthetic video.

    Yields
    ------
    Sample
    """
    frames = datasets.make_landmark_frames(n_frames)
    actor = np.array([name.split("/")[1] for name in frames.clip_names])[frames.clip]
    yield Sample(
        "landmarks",
        f"{n_frames:,} frames of SYNTHETIC facial landmarks: expression features, by emotion",
        landmarks.features(frames, "expression", actor),
        frames.label,
        frames.label_names,
    )
    X, labels = load_digits(return_X_y=True)
    yield Sample("digits", f"{len(X):,} handwritten digits", X, labels, None)


def _draw(sample: Sample, folder: Path) -> None:
    """Embed a data set, draw PCA beside t-SNE, and print a report."""
    tsne: Any = TSNE(random_state=0, verbose=1)
    Y = tsne.fit_transform(sample.X)
    path = folder / f"{sample.name}.png"
    figure = plot.compare(sample.X, Y, sample.labels, sample.label_names, title=sample.title)
    plot.save(figure, path)
    print_aligned(
        [
            ("data", sample.title),
            *report(tsne),
            ("recall@10", f"{metrics.neighbor_recall(sample.X, Y):.3f}"),
            ("plot", f"{path}\n"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
