"""One map, maps side by side, or PCA beside t-SNE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import comparison
from .._validation import as_array
from .colors import coloring_of
from .figures import draw_key, draw_map, map_points, new_axes, plain

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
    seed: int = 0,
) -> Figure:
    """Draw a map.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2) or (n, 3)
        Map. Three columns are drawn in three dimensions.
    labels : array, tensor or sequence, shape (n,), optional
        Integers, booleans or strings colour the points by class, with a legend up to 40 classes;
        floats without ``label_names`` colour them on a scale. Negative integers, None, NaN and
        empty strings are drawn in grey, as unlabelled.
    label_names : mapping or sequence of str, optional
        Name of each integer label.
    ax : matplotlib Axes, optional
        Where to draw (a 3-D one for three columns). Default: a new figure.
    title, caption : str, optional
        Text above and below the map.
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
    Y = map_points(Y)
    coloring = coloring_of(labels, label_names, len(Y))
    if ax is None:
        axes = new_axes(1, Y.shape[1], coloring)
        ax = axes[0]
    elif (getattr(ax, "name", "") == "3d") != (Y.shape[1] == 3):
        raise ValueError(f"ax must be {Y.shape[1]}-D, as Y is; got {type(ax).__name__}")
    draw_map(ax, Y, coloring, title, caption, seed)
    draw_key(coloring, [ax])
    return ax.figure


def compare(
    X: Any,
    Y: Any,
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    group: Any = None,
    title: str | None = None,
    k: int = 10,
    seed: int = 0,
) -> Figure:
    """Draw PCA of the data beside its t-SNE map, each with what it keeps written below.

    That is the recall of the k nearest neighbours and, with classes, the accuracy of a vote
    among the k nearest points (see `fasttsne.comparison`), for a sample of 2,000 rows.

    Parameters
    ----------
    X : array or tensor, shape (n, d)
        Data.
    Y : array or tensor, shape (n, 2) or (n, 3)
        Map of the same rows.
    labels, label_names, seed
        As in `scatter`.
    group : array or tensor, shape (n,), optional
        Clip or person of each row. Only rows of other groups vote then
        (`fasttsne.landmarks.leave_group_out`): frames of one clip are all but equal, and would
        elect each other wherever they lie.
    title : str, optional
        Text above both.
    k : int
        Neighbours of a row; fewer where there are not as many rows.

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
    Y = map_points(Y)
    if group is not None and (group := as_array(group)).shape != (len(Y),):
        raise ValueError(f"group must have shape ({len(Y)},), got {group.shape}")
    maps = comparison.beside_pca(X, Y, seed)
    codes = coloring_of(labels, label_names, len(Y)).codes
    captions = [
        comparison.caption(comparison.measures(X, points, codes, k, seed=seed, group=group))
        for points in maps.values()
    ]
    return side_by_side(maps, labels, label_names, captions=captions, title=title, seed=seed)


def side_by_side(
    maps: Mapping[str, Any],
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    captions: Sequence[str] | None = None,
    title: str | None = None,
    seed: int = 0,
) -> Figure:
    """Draw several maps of the same rows beside each other.

    Parameters
    ----------
    maps : mapping of str to array or tensor, shape (n, 2) or (n, 3)
        Maps by name, all of one shape.
    labels, label_names, seed
        As in `scatter`.
    captions : sequence of str, optional
        Text below each map.
    title : str, optional
        Text above all.

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
    drawn = {name: map_points(points) for name, points in maps.items()}
    shapes = [points.shape for points in drawn.values()]
    if len(set(shapes)) != 1:
        raise ValueError(f"maps must hold maps of one shape, got {shapes}")
    if captions is not None and len(captions) != len(drawn):
        raise ValueError(f"captions must hold {len(drawn)}, one for each map; got {len(captions)}")
    n, n_dims = shapes[0]
    coloring = coloring_of(labels, label_names, n)
    axes = new_axes(len(drawn), n_dims, coloring)
    below: Sequence[str | None] = captions or [None] * len(drawn)
    for ax, (name, points), caption in zip(axes, drawn.items(), below, strict=True):
        draw_map(ax, points, coloring, name, caption, seed)
    draw_key(coloring, axes)
    if title:
        axes[0].figure.suptitle(plain(title), y=0.99, va="bottom")
    return axes[0].figure
