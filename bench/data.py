"""The data sets of the benchmarks by name: digits, frames:N, or a FILE.npz that holds X."""

from __future__ import annotations

import numpy as np


def load(name: str) -> np.ndarray:
    """Return (n, d) float32; frames are synthetic landmarks, 136 raw coordinates each."""
    if name == "digits":
        from sklearn.datasets import load_digits

        X = load_digits().data
    elif name.startswith("frames:"):
        from fasttsne.datasets import make_landmark_frames

        n = int(name.partition(":")[2])
        X = make_landmark_frames(n).points.reshape(n, -1)
    else:
        X = np.load(name)["X"]
    return np.ascontiguousarray(X, dtype=np.float32)


def load_centered(name: str):
    """Return the same as a tensor with centred columns."""
    import torch

    X = torch.from_numpy(load(name))
    return X - X.mean(0)
