"""The projection of heads onto a picture of 640 x 480 pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIXELS = 100.0
"""Half the width of a face in the picture."""

CENTRE = (320.0, 240.0)
"""x and y of the centre of the picture."""


def project(
    shape: NDArray[np.float32], pose: NDArray[np.float64], signals: dict[str, NDArray[np.float64]]
) -> NDArray[np.float32]:
    """Rotate the heads, then drop the depth (weak perspective).

    Parameters
    ----------
    shape : ndarray of float32, shape (frames, 68, 3)
        Faces, in the coordinates of `fasttsne.datasets.face`.
    pose : ndarray, shape (frames, 6)
        Mean pose during the clip as random numbers in [0, 1): yaw, pitch, roll, size, x, y.
    signals : dict
        Movement about the mean pose, as `fasttsne.datasets.motion.smooth_signals` returns.

    Returns
    -------
    ndarray of float32, shape (frames, 68, 2)
        x and y in pixels.
    """
    mean = 2 * pose - 1  # in [-1, 1)
    yaw, pitch, roll = np.radians(
        [
            9 * mean[:, 0] + 7 * signals["yaw"],
            6 * mean[:, 1] + 4 * signals["pitch"],
            4 * mean[:, 2] + 3 * signals["roll"],
        ]
    )
    size = PIXELS * np.exp(0.12 * mean[:, 3]) * (1 + 0.02 * signals["size"])
    # The first two rows of the rotation matrix: pitch is applied first, then yaw, then roll.
    across = [np.cos(yaw), np.sin(yaw) * np.sin(pitch), np.sin(yaw) * np.cos(pitch)]
    down = [np.zeros_like(yaw), np.cos(pitch), -np.sin(pitch)]
    turn = np.array([across, down])  # (2, 3, frames)
    in_plane = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    camera = (size * np.einsum("abf,bcf->caf", in_plane, turn)).transpose(2, 0, 1)
    shift = np.stack(
        [
            CENTRE[0] + 40 * mean[:, 4] + 8 * signals["x"],
            CENTRE[1] + 20 * mean[:, 5] + 5 * signals["y"],
        ],
        axis=1,
    )
    return (shape @ camera.astype(np.float32) + shift[:, None]).astype(np.float32)
