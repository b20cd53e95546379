"""The writer of a page: checks the arguments and fills the template in ``web/``."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np

from .._labels import check_names, printable
from .._version import __version__
from ..plot.checks import as_map
from ..tables import replacing
from ..tables.files import check_output
from .blocks import array_block, base64_block, content_policy, json_block
from .data import color_points, normalize_positions
from .details import check_details
from .thumbnails import Thumbnails

_EXTENSIONS = (".html", ".htm")

_SCRIPTS = ("dom", "data", "points", "view", "overlay", "panel", "search", "card", "main")
"""Files in ``web/``, without ``.js``, in the order in which they are joined to one script."""


def write(
    path: str | os.PathLike[str],
    Y: Any,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    names: Sequence[str] | None = None,
    images: Any = None,
    thumbnail_size: int = 64,
    details: Mapping[str, Any] | None = None,
    title: str | None = None,
    legend_title: str | None = None,
) -> None:
    """Write a map as an interactive page for a browser.

    The page pans and zooms, searches, hides classes, and shows a card for the point under the
    pointer. It opens from the disk, makes no request, and follows the light or dark theme of the
    system. An existing file is replaced once the new one is complete.

    Parameters
    ----------
    path : str or path-like
        File to write, such as ``map.html``.
    Y : array or tensor, shape (n, 2)
        Map.
    labels, label_names
        As in `fasttsne.plot.scatter`, which gives the same classes the same colours.
    names : sequence of str, length n, optional
        Text of each point, such as a word or the name of a file. None and '' are points without
        one.
    images : sequence or ndarray, length n, optional
        Picture of each point: a path, a PIL image or a uint8 array (h, w), (h, w, 3) or
        (h, w, 4); None for a point without one. The page holds them as thumbnails (WebP).
    thumbnail_size : int, 8 to 255
        Upper bound on the longer side of a thumbnail in pixels. Smaller pictures are not enlarged.
    details : mapping of str to sequence of length n, optional
        Columns that the card of a point shows, each in a line of its own, such as ``{"clip": names,
        "frame": numbers}``; a data frame is one, too. The values are numbers or text, None or NaN
        where one is missing.
    title : str, optional
        Heading. Default: 't-SNE map'.
    legend_title : str, optional
        Title of the legend, or name of the colour scale, such as "age (years)". Default: the number
        of classes, or 'Scale'.

    Raises
    ------
    ImportError
        If there are images and Pillow is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong, a value of ``Y`` is not finite, or the
        extension is neither ``.html`` nor ``.htm``.
    OSError
        If an image cannot be read or the file cannot be written.
    """
    check_path(path)
    Y = as_map(Y, n_dims=(2,)).astype(np.float64)
    n = len(Y)
    title = "t-SNE map" if title is None else str(title)
    positions, extent = normalize_positions(Y)
    colors, arrays = color_points(positions, labels, label_names)
    texts = None if names is None else check_names(names, n)
    if images is not None and len(images) != n:
        raise ValueError(f"images must have length {n}, one for each point, got {len(images)}")
    columns = [] if details is None else check_details(details, n)
    pictures = None if images is None else Thumbnails(images, thumbnail_size)
    meta = {
        "title": title,
        "legendTitle": None if legend_title is None else str(legend_title),
        "extent": extent,
        **colors,
        "named": texts is not None,
        "detailed": bool(columns),
        "images": pictures and {"columns": pictures.columns},
    }

    def data() -> Iterator[str]:
        yield json_block("meta", meta)
        if texts is not None:
            yield json_block("names", texts)
        if columns:
            yield json_block("details", columns)
        for name, array in {"positions": positions, **arrays}.items():
            yield array_block(name, array)
        if pictures is not None:
            for i, sheet in enumerate(pictures.sheets()):
                yield base64_block(f"sheet-{i}", sheet, "webp")
            yield array_block("sizes", pictures.sizes)  # known once all sheets are made

    with replacing(path) as temporary, temporary.open("wb") as file:
        for text in _fill_template(title, data()):
            file.write(printable(text).encode())


def _fill_template(title: str, data: Iterator[str]) -> Iterator[str]:
    """Yield the pieces of the page: those of ``web/page.html`` and what replaces its {{names}}."""
    web = resources.files(__package__) / "web"
    style = "\n" + (web / "style.css").read_text("utf-8")
    scripts = [(web / f"{name}.js").read_text("utf-8") for name in _SCRIPTS]
    script = '\n"use strict";\n' + "\n".join(scripts)
    parts = {
        "policy": content_policy(script, style),
        "generator": html.escape(f"fasttsne {__version__}"),
        "title": html.escape(title),
        "style": style,
        "script": script,
    }
    template = (web / "page.html").read_text("utf-8")
    # re.split returns pieces of the template and names in turn.
    for i, piece in enumerate(re.split(r"\{\{(\w+)\}\}", template)):
        if i % 2 == 0:
            yield piece
        elif piece == "data":
            yield from data
        else:
            yield parts[piece]


def check_path(path: str | os.PathLike[str]) -> None:
    """Check the name of a page before there is anything to write.

    Parameters
    ----------
    path : str or path-like
        File that `write` will write.

    Raises
    ------
    ValueError
        If the extension is neither ``.html`` nor ``.htm``.
    OSError
        If the folder does not exist or the file cannot be written.
    """
    check_output(path, _EXTENSIONS, "a page")
