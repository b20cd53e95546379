"""Text on pictures: escaped for matplotlib, shortened, outlined, and measured, as are axes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._labels import printable

_MAX_LENGTH = 28  # characters

_PADDING = 0.8
_PADDING_PER_CHARACTER = 0.3
"""Points (1/72 inch) added on all sides of a text, and to its left and right for each character.
They are needed because matplotlib rounds the sizes of characters to whole pixels."""


def escape(text: str) -> str:
    """Return a text that matplotlib draws as it is: UTF-8, and with no formula between $ signs."""
    return printable(text).replace("$", r"\$")


def shorten(text: str) -> str:
    """Return a text of at most 28 characters; a longer one is cut and ends with an ellipsis."""
    text = printable(text)
    return text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 1] + "…"


def halo(linewidth: float = 2.2, alpha: float = 0.85) -> list[Any]:
    """Return the path effects that draw a white outline, so that text is readable over points.

    Parameters
    ----------
    linewidth : float
        Width of the outline in points (1/72 inch).
    alpha : float
        Opacity of the outline.
    """
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=linewidth, foreground="white", alpha=alpha)]


def size_in_points(ax: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the limits of axes, and their size on paper.

    Returns
    -------
    low, high : ndarray, shape (2,)
        Limits of the view.
    side : ndarray, shape (2,)
        Width and height in points (1/72 inch).
    """
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    ax.apply_aspect()
    extent = ax.get_window_extent()
    return low, high, np.array([extent.width, extent.height]) * 72 / ax.figure.dpi


def half_sizes(texts: list[str], weights: list[str], fontsize: Any) -> np.ndarray:
    """Return half the width and half the height that texts take on paper, with a small margin.

    Parameters
    ----------
    texts, weights : list of str, length n
        As in `measure`.
    fontsize : float or ndarray, shape (n,)
        In points (1/72 inch), as is the result.

    Returns
    -------
    ndarray, shape (n, 2)
    """
    half = np.reshape(fontsize, (-1, 1)) * measure(texts, weights) / 2 + _PADDING
    half[:, 0] += _PADDING_PER_CHARACTER * np.array([len(text) for text in texts])
    return half


def measure(texts: list[str], weights: list[str]) -> np.ndarray:
    """Compute upper bounds on the width and height of texts from those of their characters.

    Kerning only moves characters closer together, so the sum of their widths is an upper bound.
    Measuring whole texts would take a hundred times as long.

    Parameters
    ----------
    texts : list of str, length n
        Texts of one line.
    weights : list of str, length n
        Font weight of each text: 'normal' or 'bold'.

    Returns
    -------
    ndarray, shape (n, 2)
        Width and height in units of the font size; 0 for an empty text.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    fonts = {weight: FontProperties(size=100, weight=weight) for weight in set(weights)}
    cache: dict[tuple[str, str], tuple[float, float, float]] = {}

    def measure_character(character: str, weight: str) -> tuple[float, float, float]:
        """Width, ascent and descent in hundredths of the font size."""
        if (character, weight) not in cache:
            with warnings.catch_warnings():
                # A missing glyph causes a warning here and again when the text is drawn.
                warnings.simplefilter("ignore")
                width, height, descent = text_to_path.get_text_width_height_descent(
                    character, fonts[weight], ismath=False
                )
            cache[character, weight] = width, height - descent, descent
        return cache[character, weight]

    extents = np.zeros((len(texts), 2))
    for i, (text, weight) in enumerate(zip(texts, weights, strict=True)):
        if text:
            # matplotlib makes each line at least as high as the text "lp".
            measured = [measure_character(character, weight) for character in "lp" + text]
            widths, ascents, descents = zip(*measured, strict=True)
            extents[i] = sum(widths[2:]), max(ascents) + max(descents)
    return extents / 100
