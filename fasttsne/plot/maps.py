"""Scatter plots: one map, several maps side by side, or PCA beside t-SNE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import comparison
from .._validation import as_array
from .checks import as_map, check_axes_dims
from .coloring import color_by_labels
from .figures import draw_legend, draw_map, level_texts, make_axes, shape_of_views
from .texts import escape

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def scatter(
    Y: Any,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    ax: Any = None,
    title: str | None = None,
    caption: str | None = None,
    legend_title: str | None = None,
    seed: int = 0,
) -> Figure:
    """Draw a map.

    The frame has the shape of the map, or that of the axes if they are given. If there are 11 to 40
    classes, their names are also written on it: at each island with a quarter of a class or more,
    three at most, or else at the largest one.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2) or (n, 3)
        Map. One with three columns is drawn in 3-D.
    labels : array, tensor or sequence, shape (n,), optional
        Integers, booleans or strings are classes: each has a colour and, if there are no more than
        40, an entry in the legend; if there are more, their number is given below the map. Floats
        without ``label_names`` are numbers on a colour scale. Points with a negative integer, None,
        NaN or an empty string are unlabelled and grey.
    label_names : mapping or sequence of str, optional
        Name of each integer label.
    ax : matplotlib Axes, optional
        Axes to draw on (3-D axes for a map with three columns). Default: those of a new figure.
    title, caption : str, optional
        Text above and below the map.
    legend_title : str, optional
        Title of the legend, or name of the colour scale, such as "age (years)".
    seed : int
        Seed of the order in which the points are drawn.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong or a value of ``Y`` is not finite.
    """
    Y = as_map(Y)
    coloring = color_by_labels(labels, label_names, len(Y), legend_title)
    if ax is None:
        shape = shape_of_views([Y]) if Y.shape[1] == 2 else None
        (ax,) = make_axes(1, Y.shape[1], coloring, shape)
    else:
        check_axes_dims("ax", ax, Y.shape[1])
    draw_map(ax, Y, coloring, title, coloring.below(caption), seed)
    draw_legend(coloring, [ax])
    return ax.figure


def compare(
    X: Any,
    Y: Any,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    group: Any = None,
    title: str | None = None,
    legend_title: str | None = None,
    k: int = 10,
    seed: int = 0,
) -> Figure:
    """Draw the PCA of the data beside its t-SNE map, with quality measures below each.

    The measures are the recall of the k nearest neighbours and, if there are classes, the accuracy
    of a k-nearest-neighbour classifier on the map (see `fasttsne.comparison`). Both are computed
    for a sample of 2,000 rows.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data.
    Y : array or tensor, shape (n, 2) or (n, 3)
        Map of the same rows.
    labels, label_names
        As in `scatter`.
    group : array or tensor, shape (n,), optional
        Clip or person of each row. A row is then classified by its nearest rows in other groups
        (`fasttsne.landmarks.leave_group_out`): frames of one clip are almost equal and would
        always find each other, however bad the map is.
    title : str, optional
        Text above both maps.
    legend_title : str, optional
        As in `scatter`.
    k : int
        Neighbours per row; n - 1 if it is more.
    seed : int
        As in `scatter`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong or a value is not finite.
    """
    Y = as_map(Y)
    if group is not None and (group := as_array(group)).shape != (len(Y),):
        raise ValueError(f"group must have shape ({len(Y)},), got {group.shape}")
    maps = comparison.beside_pca(X, Y, seed)
    codes = color_by_labels(labels, label_names, len(Y)).codes
    captions = measured_captions(X, maps, codes, k, seed, group)
    return side_by_side(
        maps,
        labels,
        label_names,
        captions=captions,
        title=title,
        legend_title=legend_title,
        seed=seed,
    )


def measured_captions(
    X: Any,
    maps: Mapping[str, Any],
    codes: Any = None,
    k: int = 10,
    seed: int = 0,
    group: Any = None,
) -> list[str]:
    """Write a caption for each map of X that tells its quality measures.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data.
    maps : mapping of str to array, shape (n, m)
        Maps by name.
    codes : ndarray, shape (n,), int, optional
        Class of each row, negative for rows without one.
    k, seed, group
        As in `fasttsne.comparison.measures`.

    Returns
    -------
    list of str
        A caption for each map, in their order.
    """
    return [
        comparison.caption(comparison.measures(X, points, codes, k, seed=seed, group=group))
        for points in maps.values()
    ]


def side_by_side(
    maps: Mapping[str, Any],
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    captions: Sequence[str] | None = None,
    title: str | None = None,
    legend_title: str | None = None,
    seed: int = 0,
) -> Figure:
    """Draw several maps of the same rows in one figure, in frames of one shape.

    Parameters
    ----------
    maps : mapping of str to array or tensor, shape (n, 2) or (n, 3)
        Maps by name, all of the same shape. The names are their titles.
    labels, label_names
        As in `scatter`.
    captions : sequence of str, optional
        Text below each map.
    title : str, optional
        Text above all maps.
    legend_title, seed
        As in `scatter`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If the type or shape of an argument is wrong or a value is not finite.
    """
    checked = {name: as_map(points) for name, points in maps.items()}
    shapes = [points.shape for points in checked.values()]
    if len(set(shapes)) != 1:
        raise ValueError(f"maps must hold one map or more, all of one shape, got {shapes}")
    n_maps = len(checked)
    if captions is not None and len(captions) != n_maps:
        raise ValueError(f"captions must hold {n_maps}, one for each map; got {len(captions)}")
    n, n_dims = shapes[0]
    coloring = color_by_labels(labels, label_names, n, legend_title)
    shape = shape_of_views(checked.values()) if n_dims == 2 else None
    axes = make_axes(n_maps, n_dims, coloring, shape)
    below = list(captions or [""] * n_maps)
    below[-1] = coloring.below(below[-1])
    for ax, (name, points), caption in zip(axes, checked.items(), below, strict=True):
        draw_map(ax, points, coloring, name, caption, seed, shape)
    if n_dims == 3:
        level_texts(axes)
    draw_legend(coloring, axes)
    if title:
        axes[0].figure.suptitle(escape(title), y=0.99, va="bottom")
    return axes[0].figure
