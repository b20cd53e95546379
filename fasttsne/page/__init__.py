"""An interactive page of a map: one file that needs no network and no program but a browser.

The page (``web/``, plain JavaScript) draws the points by WebGL, or on a 2-D canvas where there is
none. What it shows travels inside it: positions, classes and thumbnails as base64, texts as JSON.
Its Content-Security-Policy forbids every request and every script but its own, which is named by
its hash, so a hostile name or title stays text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from .. import plot
from .._labels import as_labels, as_texts, is_scale, printable
from .._validation import as_array
from .._version import __version__
from ..tables import check_writable, replacing
from .thumbnails import Thumbnails

_SCRIPTS = ("dom", "data", "points", "view", "overlay", "panel", "search", "card", "main")
_MOST_NAMES_ON_MAP = 100
_VIRIDIS = (
    "#440154 #48186a #472d7b #424086 #3b528b #33638d #2c728e #26828e #21918c #1fa088 #28ae80 "
    "#3fbc73 #5ec962 #84d44b #addc30 #d8e219 #fde725"
).split()
"""Viridis (van der Walt and Smith 2015, CC0) at 0, 1/16, ... 1."""


def write(
    path: str | os.PathLike[str],
    Y: Any,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    names: Sequence[str] | None = None,
    images: Any = None,
    thumbnail_size: int = 64,
    title: str | None = None,
) -> None:
    """Write a map as a page for a browser; a file of that name is replaced by a complete one.

    The page pans, zooms, searches, hides classes and tells of the point under the pointer. It
    opens from the disk, makes no request, and follows the light or dark theme of the system.

    Parameters
    ----------
    path : str or path-like
        Where to, such as ``map.html``.
    Y : array or tensor, shape (n, 2)
        Map.
    labels, label_names
        As in `fasttsne.plot.scatter`, which gives the same classes the same colours.
    names : sequence of str, length n, optional
        Text of each point: a word, the name of a file. None and '' are points without one.
    images : sequence or ndarray, length n, optional
        Picture of each point: a path, a PIL image or a uint8 array (h, w), (h, w, 3) or
        (h, w, 4); None for a point without. They are kept as thumbnails (WebP).
    thumbnail_size : int, 8 to 255
        Most pixels along the longer side of a thumbnail; smaller pictures stay as they are.
    title : str, optional
        Heading. Default: 't-SNE map'.

    Raises
    ------
    ImportError
        If there are images and Pillow is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong, a value of ``Y`` is not finite, or the name
        does not end in ``.html``.
    OSError
        If an image cannot be read or the file cannot be written.
    """
    check_path(path)
    Y = _points(Y)
    n = len(Y)
    title = "t-SNE map" if title is None else str(title)
    positions, extent = _fitted(Y)
    meta: dict[str, Any] = {"title": title, "extent": extent}
    blocks = {"positions": positions, **_colored(positions, labels, label_names, meta)}
    texts = None if names is None else _texts(names, n)
    if images is not None and len(images) != n:
        raise ValueError(f"images must have length {n}, one for each point, got {len(images)}")
    pictures = None if images is None else Thumbnails(images, thumbnail_size)
    meta["named"] = texts is not None
    meta["images"] = pictures and {"columns": pictures.columns}

    def data() -> Iterator[str]:
        yield _json_block("meta", meta)
        if texts is not None:
            yield _json_block("names", texts)
        for name, array in blocks.items():
            yield _array_block(name, array)
        if pictures is not None:
            for i, sheet in enumerate(pictures.sheets()):
                yield _base64_block(f"sheet-{i}", sheet, "webp")
            yield _array_block("sizes", pictures.sizes)

    web = resources.files(__package__) / "web"
    style = "\n" + (web / "style.css").read_text("utf-8")
    scripts = [(web / f"{name}.js").read_text("utf-8") for name in _SCRIPTS]
    script = '\n"use strict";\n' + "\n".join(scripts)
    parts = {
        "policy": _policy(script, style),
        "generator": html.escape(f"fasttsne {__version__}"),
        "title": html.escape(title),
        "style": style,
        "script": script,
    }
    template = (web / "page.html").read_text("utf-8")
    with replacing(path) as temporary, temporary.open("wb") as file:
        for i, piece in enumerate(re.split(r"\{\{(\w+)\}\}", template)):
            # Pieces of the template and names of what goes between them take turns.
            filled = [piece] if i % 2 == 0 else data() if piece == "data" else [parts[piece]]
            for text in filled:
                file.write(printable(text).encode())


def check_path(path: str | os.PathLike[str]) -> None:
    """Raise what `write` would raise for the name of a page, before there is anything to write.

    Parameters
    ----------
    path : str or path-like
        File that will be written.

    Raises
    ------
    ValueError
        If the extension is not ``.html``.
    OSError
        If there is no such folder or it cannot be written to.
    """
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{path}: a page must end in .html")
    check_writable(path)


# ---- The parts of the file --------------------------------------------------------------------


def _policy(script: str, style: str) -> str:
    """No request, no script and no style but these two, no text taken for markup."""

    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {source(script)}; style-src {source(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _json_block(name: str, content: Any) -> str:
    # In the text of a <script>, "<" alone could end it or open a comment.
    text = json.dumps(content, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>\n'


def _array_block(name: str, array: np.ndarray) -> str:
    little_endian = array.astype(array.dtype.newbyteorder("<"))
    return _base64_block(name, little_endian.tobytes(), array.dtype.name)


def _base64_block(name: str, content: bytes, kind: str) -> str:
    text = base64.b64encode(content).decode()
    return f'<script type="text/plain" id="{name}" data-type="{kind}">{text}</script>\n'


# ---- Points and classes -----------------------------------------------------------------------


def _points(Y: Any) -> np.ndarray:
    Y = as_array(Y)
    if Y.ndim == 2 and Y.shape[1] == 3:
        raise ValueError(f"Y must have shape (n, 2), got {Y.shape}: make a map of two dimensions")
    if Y.ndim != 2 or Y.shape[1] != 2 or len(Y) == 0:
        raise ValueError(f"Y must have shape (n, 2), got {Y.shape}")
    if Y.dtype.kind not in "biuf":
        raise TypeError(f"Y must hold real numbers, got dtype {Y.dtype}")
    if not np.isfinite(Y).all():
        raise ValueError("Y must be finite, got NaN or infinity")
    return Y.astype(np.float64)


def _fitted(Y: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Float32 positions with the middle at 0 and 1 for half the longer side; both halves."""
    low, high = Y.min(0), Y.max(0)
    half = (high / 2 - low / 2).max() or 1.0
    positions = ((Y - (low / 2 + high / 2)) / half).astype(np.float32)
    return positions, np.maximum((high / 2 - low / 2) / half, 1e-3).tolist()


def _colored(
    positions: np.ndarray, labels: Any, label_names: Any, meta: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Codes of the colours, the number of colours standing for unlabelled; ``meta`` gets the rest.

    Keys of ``meta``: colors, classes, range (of a scale), places (of names on the map).
    """
    n = len(positions)
    meta.update(classes=None, range=None, places=[])
    if labels is None:
        meta["colors"] = _hex(plot.palette(1))
        return {"codes": np.zeros(n, np.uint8)}
    labels = as_labels(labels, n)
    if is_scale(labels, label_names):
        return _on_scale(labels, meta)
    codes, meta["classes"] = plot.classes(labels, label_names)
    c = len(meta["classes"])
    meta["colors"] = _hex(plot.palette(c))
    if c <= _MOST_NAMES_ON_MAP:
        for code in np.argsort(-np.bincount(codes[codes >= 0], minlength=c), kind="stable"):
            place = plot.densest(positions[codes == code], 0.12)
            meta["places"].append({"code": int(code), "place": place.tolist()})
    codes[codes < 0] = c
    return {"codes": codes.astype(np.min_scalar_type(c))}


def _on_scale(values: np.ndarray, meta: dict[str, Any]) -> dict[str, np.ndarray]:
    is_known = np.isfinite(values)
    known = values[is_known].astype(np.float64)
    low, high = known.min(), known.max()
    anchors = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in _VIRIDIS])
    at = np.linspace(0, len(anchors) - 1, 255)
    scale = [np.interp(at, np.arange(len(anchors)), channel) for channel in anchors.T]
    meta.update(colors=_hex(np.stack(scale, 1)), range=[float(low), float(high)])
    codes = np.full(len(values), 255, np.uint8)
    codes[is_known] = np.round((known - low) / ((high - low) or 1.0) * 254)
    return {"codes": codes, "values": np.nan_to_num(values.astype(np.float32))}


def _hex(rgb: np.ndarray) -> list[str]:
    return [f"#{bytes(color).hex()}" for color in np.round(rgb * 255).astype(np.uint8)]


def _texts(names: Any, n: int) -> list[str]:
    if isinstance(names, str):
        raise TypeError("names must be a sequence of str, one for each point, got one str")
    texts = as_texts(names)
    if len(texts) != n:
        raise ValueError(f"names must have length {n}, one for each point, got {len(texts)}")
    return texts
