"""The pictures of a mosaic: checked at once, read and resized when they are drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..grid import unit_square
from ..images import as_sequence, opened, require_pillow
from .coloring import color_by_labels

if TYPE_CHECKING:
    from PIL.Image import Image


class Tiles:
    """The pictures of a mosaic, their places, and the colours of their borders.

    Parameters
    ----------
    images, Y, labels, background
        As in `fasttsne.plot.mosaic`.

    Attributes
    ----------
    images : sequence, length n
        Pictures.
    places : ndarray, shape (n, 2)
        Map, stretched to 0 to 1 along each axis.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    TypeError, ValueError
        If the type, shape or value of an argument is wrong.
    """

    def __init__(self, images: Any, Y: Any, labels: Any, background: Any) -> None:
        pillow = require_pillow()
        self.images = as_sequence(images)
        self.places = unit_square(Y)
        n = len(self.places)
        if len(self.images) != n or n == 0:
            raise ValueError(
                "images must be one or more, and as many as the rows of Y; "
                f"got {len(self.images):,} and {n:,}"
            )
        self._background = background
        self._rgb: np.ndarray | None = None
        if labels is not None:
            self._rgb = np.round(255 * color_by_labels(labels, None, n).rgb).astype(int)
        try:
            pillow.new("RGB", (1, 1), background)
        except (ValueError, TypeError):
            raise ValueError(f"background must be a colour, got {background!r}") from None

    def make_canvas(self, width: int, height: int) -> np.ndarray:
        """Make the empty mosaic: uint8 of shape (height, width, 3) in the background colour."""
        return np.array(require_pillow().new("RGB", (width, height), self._background))

    def border_width(self, tile: float) -> int:
        """Width in pixels of the borders of tiles of this size; 0 for tiles below 8 pixels."""
        return 0 if self._rgb is None else max(int(tile) // 20, int(tile >= 8))

    def draw(self, i: int, longer: float, border: int) -> np.ndarray:
        """Read and resize picture i and add its border.

        Parameters
        ----------
        i : int
            Index of the picture.
        longer : float
            Pixels along the longer side of the picture, without the border.
        border : int
            Width of the border in pixels. Without labels there are no borders.

        Returns
        -------
        ndarray, shape (h, w, 3), uint8
        """
        image = opened(self.images[i], self._background, near=math.ceil(longer))
        size = pixel_size(np.array(image.size) / max(image.size), longer)
        # With reducing_gap, Pillow first shrinks a large image by a whole factor, which is faster.
        image = image.resize(size, require_pillow().Resampling.LANCZOS, reducing_gap=3.0)
        if self._rgb is None:
            return np.asarray(image)
        framed = np.empty((size[1] + 2 * border, size[0] + 2 * border, 3), np.uint8)
        framed[:] = self._rgb[i]
        framed[border : border + size[1], border : border + size[0]] = np.asarray(image)
        return framed


def pixel_size(sides: np.ndarray, longer: float) -> tuple[int, int]:
    """Return width and height in whole pixels, 1 or more.

    The sizes of cells and of pictures both come from this function, so that a picture with the
    shape of a cell fills it exactly.

    Parameters
    ----------
    sides : ndarray, shape (2,)
        Width and height, relative to the longer of them.
    longer : float
        Pixels along the longer side.
    """
    width, height = np.maximum(1, np.floor(longer * sides + 1e-6)).astype(int).tolist()
    return width, height


def as_image(canvas: np.ndarray, shown: list[int]) -> Image:
    """Return a mosaic as a PIL image whose ``info['shown']`` lists the pictures in it."""
    image = require_pillow().fromarray(canvas)
    image.info["shown"] = shown
    return image
