"""The faces of individual actors: random deformations of the mean face."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..landmarks import BROWS, EYES, JAW, LIPS, NOSE
from .face import mean_face


def make_faces(rng: np.random.Generator, n_actors: int) -> NDArray[np.float32]:
    """Return the faces of the actors: the mean face plus random deformations.

    A face is the mean face, plus a random multiple of each smooth deformation (such as its width),
    plus a small random offset of each point.

    Parameters
    ----------
    rng : Generator
        Source of the random numbers.
    n_actors : int

    Returns
    -------
    ndarray of float32, shape (n_actors, 68, 3)
        In the coordinates of `fasttsne.datasets.face`.
    """
    mean = mean_face()
    modes = _deformations(mean)
    # A row of random numbers for each actor: more actors do not change the first ones.
    normal = rng.standard_normal((n_actors, len(modes) + mean.size))
    normal = np.clip(normal, -2.5, 2.5)
    faces = mean + np.tensordot(normal[:, : len(modes)], modes, axes=1)
    faces += 0.012 * normal[:, len(modes) :].reshape(n_actors, *mean.shape)
    return faces.astype(np.float32)


def _deformations(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return displacements of one standard deviation each, shape (deformations, 68, 3)."""
    below_nose = np.maximum(mean[:, 1] - mean[33, 1], 0)
    brows_and_eyes = np.r_[BROWS, EYES]
    modes = []

    def displace(points: slice | NDArray[np.int64], axis: int, amount: ArrayLike) -> None:
        mode = np.zeros_like(mean)
        mode[points, axis] = amount
        modes.append(mode)

    def about_centre(points: slice, axis: int) -> NDArray[np.float64]:
        return mean[points, axis] - mean[points, axis].mean()

    everything = slice(None)
    displace(everything, 0, 0.06 * mean[:, 0])  # width
    displace(everything, 1, 0.06 * mean[:, 1])  # height
    displace(everything, 2, 0.15 * mean[:, 2])  # depth
    displace(everything, 1, 0.12 * below_nose)  # length of the chin
    displace(JAW, 0, 0.12 * (mean[:, 0] * below_nose)[JAW])  # width of the chin
    displace(brows_and_eyes, 0, 0.03 * np.sign(mean[brows_and_eyes, 0]))  # distance of the eyes
    displace(EYES, 1, 0.15 * about_centre(EYES, 1))  # opening of the eyes
    displace(BROWS, 1, 0.05)  # height of the brows
    displace(BROWS, 1, 0.10 * (np.abs(mean[BROWS, 0]) - 0.5))  # tilt of the brows
    displace(NOSE, 0, 0.15 * mean[NOSE, 0])  # width of the nose
    displace(NOSE, 1, 0.10 * (mean[NOSE, 1] - mean[27, 1]))  # length of the nose
    displace(LIPS, 0, 0.10 * mean[LIPS, 0])  # width of the mouth
    displace(LIPS, 1, 0.20 * about_centre(LIPS, 1))  # thickness of the lips
    displace(LIPS, 1, 0.04)  # height of the mouth
    return np.stack(modes)
