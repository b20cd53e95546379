"""The data of a page: positions, colours, classes and names, in the form that data.js reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import plot
from .._labels import as_labels, is_scale
from ..plot.colors import hex_to_rgb
from ..plot.islands import place_names

_MAX_NAMES_ON_MAP = 100
"""Number of classes up to which the names of classes are written on the map."""

_VIRIDIS = (
    "#440154 #48186a #472d7b #424086 #3b528b #33638d #2c728e #26828e #21918c #1fa088 #28ae80 "
    "#3fbc73 #5ec962 #84d44b #addc30 #d8e219 #fde725"
).split()
"""The colour map viridis (van der Walt and Smith 2015, CC0) at 0, 1/16, ... 1. It is given here so
that pages need no matplotlib."""

_N_SCALE_COLORS = 255


def normalize_positions(Y: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Move the middle of a map to 0 and scale half of its longer side to 1.

    Parameters
    ----------
    Y : ndarray, shape (n, 2), float64
        Map.

    Returns
    -------
    positions : ndarray, shape (n, 2), float32
        Map, within -1 to 1.
    extent : list of 2 floats
        Half the width and half the height of the map; one of them is 1.
    """
    low, high = Y.min(0), Y.max(0)
    half = (high / 2 - low / 2).max() or 1.0  # high - low could overflow
    positions = ((Y - (low / 2 + high / 2)) / half).astype(np.float32)
    return positions, np.maximum((high / 2 - low / 2) / half, 1e-3).tolist()


def color_points(
    positions: np.ndarray, labels: Any, label_names: Any
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Choose the colours of the points.

    Parameters
    ----------
    positions : ndarray, shape (n, 2), float32
        As returned by `normalize_positions`.
    labels, label_names
        As in `fasttsne.plot.scatter`.

    Returns
    -------
    meta : dict
        ``colors``, a list of '#rrggbb'; ``classes``, the names of the classes, or None; ``range``,
        the least and greatest value on a colour scale, or None; ``places``, where the names of
        classes are written: a list of dicts of ``code`` and ``place`` (x, y).
    arrays : dict of str to ndarray, shape (n,)
        ``codes``, unsigned integers: the index into ``colors``, or the number of colours if the
        point is unlabelled; for a colour scale also ``values``, float32.
    """
    n = len(positions)
    meta: dict[str, Any] = {"classes": None, "range": None, "places": []}
    if labels is None:
        meta["colors"] = _to_hex(plot.palette(1))
        return meta, {"codes": np.zeros(n, np.uint8)}
    labels = as_labels(labels, n)
    if is_scale(labels, label_names):
        return _color_on_scale(meta, labels)
    codes, meta["classes"] = plot.classes(labels, label_names)
    n_classes = len(meta["classes"])
    meta["colors"] = _to_hex(plot.palette(n_classes))
    if n_classes <= _MAX_NAMES_ON_MAP:
        meta["places"] = [
            {"code": code, "place": [x, y]}
            for code, x, y in place_names(positions, codes, meta["classes"])
        ]
    codes[codes < 0] = n_classes
    return meta, {"codes": codes.astype(np.min_scalar_type(n_classes))}


def _color_on_scale(
    meta: dict[str, Any], values: np.ndarray
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    is_known = np.isfinite(values)
    known = values[is_known].astype(np.float64)
    low, high = known.min(), known.max()
    anchors = np.array([hex_to_rgb(color) for color in _VIRIDIS])
    at = np.linspace(0, len(anchors) - 1, _N_SCALE_COLORS)
    scale = [np.interp(at, np.arange(len(anchors)), channel) for channel in anchors.T]
    meta |= {"colors": _to_hex(np.stack(scale, 1)), "range": [float(low), float(high)]}
    codes = np.full(len(values), _N_SCALE_COLORS, np.uint8)
    codes[is_known] = np.round((known - low) / ((high - low) or 1.0) * (_N_SCALE_COLORS - 1))
    return meta, {"codes": codes, "values": np.nan_to_num(values.astype(np.float32))}


def _to_hex(rgb: np.ndarray) -> list[str]:
    """Turn RGB from 0 to 1, shape (n, 3), into '#rrggbb'."""
    return [f"#{bytes(color).hex()}" for color in np.round(rgb * 255).astype(np.uint8)]
