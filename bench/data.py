"""The data sets of the benchmarks by name: digits, frames:N, or a FILE.npz that holds X (and y)."""

from __future__ import annotations

import numpy as np


def load(name: str) -> np.ndarray:
    """Return (n, d) float32; frames are synthetic landmarks, 136 raw coordinates each."""
    return load_labelled(name)[0]


def load_labelled(name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the same and a label for each row (n,), those of frames their emotions, or None."""
    if name == "digits":
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
    elif name.startswith("frames:"):
        from fasttsne.datasets import make_landmark_frames

        frames = make_landmark_frames(int(name.partition(":")[2]))
        X, y = frames.points.reshape(len(frames), -1), frames.label
    else:
        with np.load(name) as file:
            X, y = file["X"], file["y"] if "y" in file else None
    return np.ascontiguousarray(X, dtype=np.float32), y


def load_centered(name: str):
    """Return the same as a tensor with centred columns."""
    import torch

    X = torch.from_numpy(load(name))
    return X - X.mean(0)
