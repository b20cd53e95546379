"""A palette for any number of classes, with colours that colour-blind readers can tell apart."""

from __future__ import annotations

import numpy as np

UNLABELLED = "#C9C9C9"
"""Colour of points without a label."""

_OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#E3D21B")
"""The palette of Okabe and Ito (2008) without black, and with a darker yellow."""

_VISION = np.array(
    [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
        [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    ]
)
"""Matrices that turn linear RGB into what normal, deuteranopic and protanopic vision sees (Machado
et al. 2009)."""

# Ottosson (2020): Oklab = _LMS_TO_OKLAB @ cbrt(_RGB_TO_LMS @ linear RGB), where LMS are the
# responses of the three kinds of cone cells.
_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def palette(n: int) -> np.ndarray:
    """Choose colours for n classes that are far apart, also for colour-blind readers.

    The first seven colours are those of Okabe and Ito (2008), with a darker yellow. Each further
    colour is the one whose distance to the nearest of the colours before it, white, and the grey of
    unlabelled points is greatest. The distance of two colours is the smallest of their distances in
    the Oklab space as seen with normal, deuteranopic and protanopic vision (Machado et al. 2009).
    The colours repeat after 256.

    Parameters
    ----------
    n : int
        Number of classes.

    Returns
    -------
    ndarray, shape (n, 3)
        RGB from 0 to 1.
    """
    if n > 256:
        return np.resize(palette(256), (n, 3))
    first = np.array([hex_to_rgb(color) for color in _OKABE_ITO[:n]]).reshape(-1, 3)
    if n <= len(first):
        return first
    grid = np.linspace(0, 1, 14)
    candidates = np.stack(np.meshgrid(grid, grid, grid), -1).reshape(-1, 3)
    lightness, a, b = to_perceived_oklab(candidates)[0].T
    chroma = np.hypot(a, b)
    # Exclude colours that are too pale for white paper, nearly black, greyish or glaring.
    candidates = candidates[
        (lightness > 0.40) & (lightness < 0.84) & (chroma > 0.07) & (chroma < 0.2)
    ]
    seen = to_perceived_oklab(candidates)

    def distance(color: np.ndarray) -> np.ndarray:
        apart = np.linalg.norm(seen - to_perceived_oklab(color[None]), axis=-1)
        # Distances are largest with normal vision. Without a smaller weight they would almost
        # never be the minimum, and normal vision would have no influence.
        return (apart * [[0.6], [1.0], [1.0]]).min(0)

    taken = [*first, np.ones(3), np.array(hex_to_rgb(UNLABELLED))]
    nearest = np.min([distance(color) for color in taken], axis=0)
    chosen = list(first)
    while len(chosen) < n:
        chosen.append(candidates[nearest.argmax()])
        nearest = np.minimum(nearest, distance(chosen[-1]))
    return np.array(chosen)


def hex_to_rgb(color: str) -> tuple[float, ...]:
    """Turn '#rrggbb' into RGB from 0 to 1."""
    return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))


def to_perceived_oklab(rgb: np.ndarray) -> np.ndarray:
    """Convert colours to Oklab as seen with normal, deuteranopic and protanopic vision.

    Parameters
    ----------
    rgb : ndarray, shape (n, 3)
        sRGB from 0 to 1.

    Returns
    -------
    ndarray, shape (3, n, 3)
        Lightness, a and b of each colour, for each of the three kinds of vision.
    """
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ _VISION.transpose(0, 2, 1), 0, 1)
    return np.cbrt(seen @ _RGB_TO_LMS.T) @ _LMS_TO_OKLAB.T
