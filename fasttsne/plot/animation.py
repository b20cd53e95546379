"""A map in the making, as a GIF or a film."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..tables import check_writable, replacing
from .colors import coloring_of
from .figures import (
    draw_key,
    draw_map,
    drawing_order,
    map_points,
    new_axes,
    plain,
    require_matplotlib,
)

FORMATS = (".gif", ".mp4")


def animate(
    snapshots: Iterable[Any],
    path: str | os.PathLike[str],
    labels: Any = None,
    label_names: Mapping[int, str] | Sequence[str] | None = None,
    *,
    fps: int = 15,
    dpi: int = 80,
    hold: float = 1.5,
    follow: bool = True,
    seed: int = 0,
) -> None:
    """Write a film of maps, one a frame.

    Parameters
    ----------
    snapshots : iterable of Snapshot or of arrays of shape (n, 2)
        :class:`fasttsne.Snapshots`, or maps of the same points in the order of time.
    path : str or path-like
        ``.gif``, or ``.mp4``, which needs ffmpeg: that of the system, or the package
        ``imageio-ffmpeg``. Written whole or not at all.
    labels, label_names, seed
        As in :func:`fasttsne.plot.scatter`.
    fps : int, default 15
        Frames a second.
    dpi : int, default 80
        Dots per inch of a picture about 7 inches wide.
    hold : float, default 1.5
        Seconds for which the last map stays.
    follow : bool, default True
        Fit the frame to each map: t-SNE starts small. False: the frame of the last map.

    Raises
    ------
    ImportError
        There is no matplotlib, or no ffmpeg for a film.
    TypeError, ValueError, OSError
        No maps, maps of different points, another extension, no such folder.
    """
    check_format(path)
    check_writable(path)
    frames = [(_caption(frame), map_points(_map(frame))) for frame in snapshots]
    if not frames:
        raise ValueError("snapshots must hold 1 map or more, got none")
    last = frames[-1][1]
    for i, (_, Y) in enumerate(frames):
        if Y.shape != last.shape or Y.shape[1] != 2:
            raise ValueError(
                f"snapshots must be maps of the same points in the plane, got {Y.shape} as number "
                f"{i} and {last.shape} as the last"
            )
    # Names would not move with their classes.
    coloring = replace(coloring_of(labels, label_names, len(last)), names=[])
    (ax,) = new_axes(1, 2, coloring)
    draw_map(ax, last, coloring, None, None, seed)
    draw_key(coloring, [ax])
    (points,) = ax.collections
    order = drawing_order(coloring, seed)
    half = 0.53 * max(np.ptp(last, axis=0).max(), 1e-12)
    still = max(1, round(hold * fps))
    with replacing(path) as temporary:
        writer = _writer(Path(path).suffix.lower(), fps)
        with _saving(writer, ax.figure, str(temporary), dpi):
            for number, (caption, Y) in enumerate(frames, 1):
                points.set_offsets(Y[order])
                middle = (Y.min(0) + Y.max(0)) / 2
                reach = 0.53 * max(np.ptp(Y, axis=0).max(), 1e-12) if follow else half
                ax.set_xlim(middle[0] - reach, middle[0] + reach)
                ax.set_ylim(middle[1] - reach, middle[1] + reach)
                ax.set_title(plain(caption))
                for _ in range(still if number == len(frames) else 1):
                    writer.grab_frame()


def check_format(path: str | os.PathLike[str]) -> None:
    """Raise what :func:`animate` would raise for a name, before anything is drawn."""
    require_matplotlib()
    if Path(path).suffix.lower() not in FORMATS:
        raise ValueError(f"{path}: a film must end in one of {', '.join(FORMATS)}")


def _map(frame: Any) -> Any:
    return getattr(frame, "embedding", frame)


def _caption(frame: Any) -> str:
    if not hasattr(frame, "kl"):
        return ""
    return f"iteration {frame.iteration + 1}, KL {frame.kl:.3f}"


@contextmanager
def _saving(writer: Any, *arguments: Any) -> Iterator[None]:
    """Let the writer save; an error comes before what closing half a film complains of."""
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


def _writer(suffix: str, fps: int) -> Any:
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
    # H.264 wants even numbers of pixels, and players its usual colours.
    even = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-pix_fmt", "yuv420p"]
    return FFMpegWriter(fps, codec="libx264", extra_args=even)
