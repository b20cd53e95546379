"""The movement of a map during the optimization, as a GIF or MP4."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..tables import check_writable, replacing
from ..tables.files import check_extension
from .checks import as_map, require_matplotlib
from .coloring import color_by_labels
from .figures import (
    draw_legend,
    draw_map,
    drawing_order,
    half_view,
    make_axes,
    set_view,
    shape_of_views,
)
from .texts import escape

FORMATS = (".gif", ".mp4")
"""Extensions that `animate` writes."""


def animate(
    snapshots: Iterable[Any],
    path: str | os.PathLike[str],
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    legend_title: str | None = None,
    fps: int = 15,
    dpi: int = 80,
    hold: float = 1.5,
    follow: bool = True,
    seed: int = 0,
) -> None:
    """Write a film in which each frame shows one map.

    Parameters
    ----------
    snapshots : iterable of Snapshot or of arrays of shape (n, 2)
        :class:`fasttsne.Snapshots`, or maps of the same points in order of time.
    path : str or path-like
        File to write: ``.gif``, or ``.mp4``, which needs ffmpeg (a system-wide one, or the package
        ``imageio-ffmpeg``). An existing file is replaced once the new one is complete.
    labels, label_names, legend_title
        As in :func:`fasttsne.plot.scatter`.
    fps : int, default 15
        Frames per second.
    dpi : int, default 80
        Dots per inch. The picture is about 7 inches wide.
    hold : float, default 1.5
        Seconds for which the last map stays.
    follow : bool, default True
        Fit the view to each map, because a t-SNE map is small at the start. False: the size of the
        view is that of the last map.
    seed : int
        As in :func:`fasttsne.plot.scatter`.

    Raises
    ------
    ImportError
        If matplotlib is not installed, or ffmpeg for an ``.mp4``.
    TypeError, ValueError
        If there are no maps, they are not maps of the same points with shape (n, 2), the labels do
        not fit, or the extension is another.
    OSError
        If the file cannot be written.
    """
    check_format(path)
    check_writable(path)
    frames = [(_describe(frame), as_map(_get_map(frame))) for frame in snapshots]
    if not frames:
        raise ValueError("snapshots must hold 1 map or more, got none")
    last = frames[-1][1]
    for i, (_, Y) in enumerate(frames):
        if Y.shape != last.shape or Y.shape[1] != 2:
            raise ValueError(
                "snapshots must be maps of the same points with shape (n, 2), got "
                f"{Y.shape} as number {i} and {last.shape} as the last"
            )
    # Names of classes would stay where they are while the classes move.
    coloring = replace(color_by_labels(labels, label_names, len(last), legend_title), names=[])
    shape = shape_of_views(Y for _, Y in frames)
    (ax,) = make_axes(1, 2, coloring, shape)
    draw_map(ax, last, coloring, None, coloring.below(None), seed, shape)
    draw_legend(coloring, [ax])
    (points,) = ax.collections
    order = drawing_order(coloring, seed)
    n_last = max(1, round(hold * fps))
    with replacing(path) as temporary:
        writer = _make_writer(Path(path).suffix.lower(), fps)
        with _saving(writer, ax.figure, str(temporary), dpi):
            for number, (title, Y) in enumerate(frames, 1):
                points.set_offsets(Y[order])
                middle = (Y.min(0) + Y.max(0)) / 2
                half = half_view(Y if follow else last, shape)
                set_view(ax, middle - half, middle + half)
                ax.set_title(escape(title))
                for _ in range(n_last if number == len(frames) else 1):
                    writer.grab_frame()


def check_format(path: str | os.PathLike[str]) -> None:
    """Check the name of a film before anything is drawn.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the extension is none of `FORMATS`.
    """
    require_matplotlib()
    check_extension(path, FORMATS, "a film")


def _get_map(frame: Any) -> Any:
    return getattr(frame, "embedding", frame)


def _describe(frame: Any) -> str:
    if not hasattr(frame, "kl"):
        return ""
    return f"iteration {frame.iteration + 1}, KL {frame.kl:.3f}"


@contextmanager
def _saving(writer: Any, *arguments: Any) -> Iterator[None]:
    """Enter ``writer.saving`` so that an error in the body is the one that the caller sees.

    After such an error the writer closes an incomplete film. That can raise an error of its own,
    which would hide the cause.
    """
    failure: BaseException | None = None
    try:
        with writer.saving(*arguments):
            try:
                yield
            except BaseException as error:
                failure = error
                raise
    except BaseException:
        if failure is not None:
            raise failure from None
        raise


def _make_writer(suffix: str, fps: int) -> Any:
    import matplotlib
    from matplotlib.animation import FFMpegWriter, PillowWriter

    if suffix == ".gif":
        return PillowWriter(fps)
    if not FFMpegWriter.isAvailable():
        try:
            from imageio_ffmpeg import get_ffmpeg_exe
        except ImportError:
            raise ImportError(
                "films need ffmpeg: install it, or pip install imageio-ffmpeg; or write a .gif"
            ) from None
        matplotlib.rcParams["animation.ffmpeg_path"] = get_ffmpeg_exe()
    # H.264 needs an even width and height. Most players need the pixel format yuv420p.
    options = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-pix_fmt", "yuv420p"]
    return FFMpegWriter(fps, codec="libx264", extra_args=options)
