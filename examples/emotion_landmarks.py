"""Emotions in faces: which features tell them apart, and maps of the best features.

    python examples/emotion_landmarks.py [--data DIR] [--output gallery]

The points of a map are video frames, described by 68 landmarks, or clips. Frames are of one speaker
who tells good and bad news (Watson and Johnston 2020), with emotions as classified by Py-Feat.
Clips are of the 24 actors of RAVDESS, described by action units of OpenFace. Prints the accuracy of
a vote of the 10 nearest frames of other clips, or clips of other actors.
"""

import argparse
import os
from pathlib import Path

import numpy as np

from fasttsne import TSNE, landmarks, plot

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FASTTSNE_DATA", ROOT.parent / "shared" / "data"))


def main(argv=None):
    """Score all features, embed and draw the best; return the accuracy of each by its name."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets")
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    data, output = vars(parser.parse_args(argv)).values()
    if not (lists := data / "landmarks").is_dir():
        parser.error(f"no landmarks in {data}: name the folder with --data or FASTTSNE_DATA")
    output.mkdir(parents=True, exist_ok=True)

    def vote(name, X, labels, group):
        scores[name] = float(np.mean(landmarks.leave_group_out(X, labels, group) == labels))
        print(f"{name:30}{X.shape[1]:8,}{scores[name]:10.3f}")

    def draw(name, figure):
        plot.save(figure, output / f"emotion_{name}.png", dpi=120)

    def compare(name, title, X, labels, names, group, dims=2):
        Y = TSNE(dims, random_state=0).fit_transform(X)
        figure = plot.compare(X, Y, labels, names, group=group, title=title, legend_title="emotion")
        draw(name, figure)
        return Y

    scores = {}
    print(f"{'features':30}{'columns':>8}{'accuracy':>10}")
    frames = landmarks.read_list(lists / "pyfeat_news/list_pyfeat_news.txt")
    for feature in landmarks.FEATURES:
        X = landmarks.features(frames, feature)
        vote(feature, X, frames.label, frames.clip)
        vote(f"{feature}, standardized", landmarks.standardize(X), frames.label, frames.clip)
    X = landmarks.standardize(landmarks.actions(frames.points))
    title, labels = f"{len(X)} frames of good and bad news", (frames.label, frames.label_names)
    Y = compare("frames", f"{title}, by facial actions", X, *labels, frames.clip)
    compare("frames_3d", f"{title}, by facial actions", X, *labels, frames.clip, dims=3)
    figure = plot.scatter(Y, *labels, title=title, legend_title="emotion")
    draw("faces", plot.faces(figure, Y, frames.points, labels=frames.label))
    ways = f"{title}, and the ways of three clips"
    figure = plot.scatter(Y, *labels, title=ways, legend_title="emotion")
    for clip in (clip for clip in frames.clips() if clip.name[-3:] in ("003", "012", "018")):
        plot.trajectory(figure, Y, clip.rows, label=f"clip {clip.name[-3:]}")
    draw("paths", figure)

    frames = landmarks.read_list(lists / "plsr_emotion_videos/list_plsr_emotion_videos.txt")
    pair = frames.select(np.isin(frames.label, (2, 3)))
    X, labels = landmarks.procrustes(pair.points), (pair.label, {2: "surprised", 3: "disgusted"})
    compare("two_of_frames", "80 frames of 8 acted clips, by shape", X, *labels, pair.clip)

    units = np.load(data / "bench/ravdess_au_mean/ravdess_au_mean.npz")
    X, label, actor, names = (units[key] for key in ("X", "y", "actor", "label_names"))
    vote("action units", X, label, actor)
    vote("action units by person", X := landmarks.standardize(X, actor), label, actor)
    title = f"{len(X):,} clips of 24 actors, by action units standardized for each"
    compare("clips", title, X, label, names, actor)
    two = np.isin(label, np.flatnonzero(np.isin(names, ("disgust", "surprised"))))
    vote("of two emotions", X[two], label[two], actor[two])
    compare("two_of_clips", "384 clips of 24 actors", X[two], label[two], names, actor[two])
    return scores


if __name__ == "__main__":
    main()
