"""A map with the names of its classes around it, drawn by the package datamapplot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import as_labels, is_scale, names_by_label
from .checks import as_map
from .coloring import classes
from .colors import palette
from .texts import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 20.0
"""Side of the maps that the lengths of datamapplot's glow suit, which are in units of the map."""
_GLOW_BANDWIDTH = 0.25
_GLOW_PATCH = 32


def datamap(
    Y: Any,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    noise_label: str = "Unlabelled",
    **keywords: Any,
) -> tuple[Figure, Axes]:
    """Draw a map with the name of each class beside it, by ``datamapplot.create_plot``.

    Texts are in matplotlib's own font, and nothing is downloaded; for another font pass
    ``font_family="Roboto", use_system_fonts=False``. The glow around classes is as wide, relative
    to the map, as that of a map of UMAP, for which it is made.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2)
        Map.
    labels : array, tensor or sequence, shape (n,), optional
        Integers, booleans or strings: the class of each point, some 60 classes at most. Points with
        a negative integer, None, NaN or an empty string are noise, which is grey and has no name.
    label_names : mapping or sequence of str, optional
        Name of each integer label. Classes of the same name are one.
    noise_label : str, default 'Unlabelled'
        What datamapplot calls noise. A class of this name is noise, too.
    **keywords
        Further arguments of ``datamapplot.create_plot``, such as ``title``, ``darkmode`` or ``ax``.
        ``label_color_map`` and ``highlight_labels`` name classes as ``labels`` or ``label_names``
        do; the first has all of them.

    Returns
    -------
    fig : matplotlib.figure.Figure
        One of pyplot, unless ``ax`` was given; ``matplotlib.pyplot.close(fig)`` frees it.
    ax : matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If datamapplot is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong, a value of ``Y`` is not finite, all points are
        at one place, the labels are numbers on a scale, or ``label_color_map`` lacks a class.
    """
    Y = as_map(Y, n_dims=(2,))
    side = float(np.ptp(Y, axis=0).max())
    if side == 0:
        raise ValueError(f"Y must have points at two places or more, got {len(Y)} at {Y[0]}")
    if not isinstance(noise_label, str):
        raise TypeError(f"noise_label must be a str, got {noise_label!r}")
    names = _names(labels, label_names, len(Y), noise_label)
    noise = escape(noise_label)
    found = {*names} - {noise}
    given = _escaped(keywords, label_names, found)
    try:
        import datamapplot
    except ImportError:
        raise ImportError(
            "plot.datamap needs datamapplot: pip install datamapplot, or fasttsne[datamap]"
        ) from None

    from matplotlib.colors import to_hex

    scale = side / _WIDTH
    defaults: dict[str, Any] = {
        "font_family": "DejaVu Sans",
        "use_system_fonts": True,
        "glow_keywords": {
            "kernel_bandwidth": _GLOW_BANDWIDTH * scale,
            "approx_patch_size": _GLOW_PATCH / scale,
        },
    }
    if len(found) == 1:  # datamapplot can neither choose a colour for it nor find its name a place
        color = to_hex(palette(1)[0])
        defaults |= {"label_color_map": dict.fromkeys(found, color), "label_over_points": True}
    return datamapplot.create_plot(
        Y,
        names if found else None,
        noise_label=noise,
        **defaults | given,
    )


def _names(labels: Any, label_names: Any, n: int, noise_label: str) -> list[str]:
    """Return what datamapplot writes for each point: the name of its class, or that of noise."""
    if labels is None:
        return [noise_label] * n
    labels = as_labels(labels, n)
    if is_scale(labels, label_names):
        raise ValueError(
            "labels must be classes for plot.datamap, got numbers on a scale, which plot.scatter "
            "draws"
        )
    codes, names = classes(labels, label_names)
    texts = [escape(name) for name in [*names, noise_label]]
    return [texts[code] for code in codes]  # -1, no label, is the last


def _escaped(
    keywords: dict[str, Any], label_names: Mapping[int, str] | Sequence[str] | None, found: set[str]
) -> dict[str, Any]:
    """Return the keywords with the names of classes as `_names` writes them; check that they are.

    Raises
    ------
    ValueError
        If a colour is missing.
    """
    named = names_by_label(label_names)

    def write(name: Any) -> str:
        return escape(str(named.get(name, name)))

    keywords = dict(keywords)
    if (colors := keywords.get("label_color_map")) is not None:
        keywords["label_color_map"] = {write(name): color for name, color in colors.items()}
        if missing := found - keywords["label_color_map"].keys():
            raise ValueError(f"label_color_map must have all classes, lacks {sorted(missing)}")
    if (marked := keywords.get("highlight_labels")) is not None:
        keywords["highlight_labels"] = [write(name) for name in marked]
    return keywords
