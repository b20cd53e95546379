"""Data sets of the benchmarks by name.

Names are

- ``digits``: the digits of scikit-learn,
- ``frames:N``: N synthetic landmark frames, 136 raw coordinates each,
- ``frames:N:M``: their first M principal components, each million frames of other actors,
- ``FILE.npz``: a file with X and optionally y,
- ``FILE.npz:KEY``: the same with another array than X,
- ``FILE.txt``: a list of landmarks.
"""

from __future__ import annotations

import numpy as np


def load(name: str) -> np.ndarray:
    """Return the rows of a data set, (n, d) float32."""
    return load_labelled(name)[0]


def load_labelled(name: str, most: int | None = None) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the rows, (n, d) float32, and their labels, (n,), or None without labels.

    Labels of frames are their emotions. If there are more than ``most`` rows, a random sample of
    ``most`` is returned, always the same.
    """
    if name == "digits":
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
    elif name.count(":") == 2 and name.startswith("frames:"):
        X, y = _components_of_frames(*map(int, name.split(":")[1:])), None
    elif name.startswith("frames:"):
        from fasttsne.datasets import make_landmark_frames

        frames = make_landmark_frames(int(name.partition(":")[2]))
        X, y = frames.points.reshape(len(frames), -1), frames.label
    elif name.endswith(".txt"):
        from fasttsne.landmarks import read_list

        frames = read_list(name)
        X, y = frames.points.reshape(len(frames), -1), frames.label
    else:
        path, _, key = name.partition(".npz:")
        with np.load(f"{path}.npz" if key else name) as file:
            X, y = file[key or "X"], file.get("y")
        if y is not None and len(y) != len(X):
            raise SystemExit(f"{name} holds {len(X)} rows, but {len(y)} labels y")
    if most is not None and most < len(X):
        rows = np.random.default_rng(0).permutation(len(X))[:most]
        X, y = X[rows], None if y is None else y[rows]
    return np.ascontiguousarray(X, dtype=np.float32), y


def _components_of_frames(n: int, columns: int) -> np.ndarray:
    """Return principal components of frames; the axes are those of the first million."""
    from fasttsne.datasets import make_landmark_frames

    out = np.empty((n, columns), np.float32)
    axes = mean = None
    for seed, start in enumerate(range(0, n, 1_000_000)):
        part = make_landmark_frames(min(1_000_000, n - start), seed=seed)
        X = part.points.reshape(len(part), -1)
        if axes is None:
            mean = X.mean(0, dtype=np.float64).astype(np.float32)
            axes = np.linalg.eigh(np.cov((X - mean).T, dtype=np.float64))[1][:, ::-1]
            axes = axes[:, :columns].astype(np.float32)
        out[start : start + len(X)] = (X - mean) @ axes
    return out


def load_centered(name: str):
    """Return the rows as a tensor with centred columns, (n, d) float32."""
    import torch

    X = torch.from_numpy(load(name))
    return X - X.mean(0)
