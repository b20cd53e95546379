"""Figures in files: which formats matplotlib writes, and the writing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..tables import replacing
from ..tables.files import check_extension
from .checks import require_matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(fig: Figure, path: str | os.PathLike[str], dpi: int = 200) -> None:
    """Write a figure to a file. An existing file is replaced once the new one is complete.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Figure.
    path : str or path-like
        File to write. Its extension determines the format.
    dpi : int
        Dots per inch. In a PDF or SVG this is the resolution of the points, which are rasterized.

    Raises
    ------
    ValueError
        If matplotlib does not write files with this extension.
    OSError
        If the file cannot be written.
    """
    check_path(path)
    with replacing(path) as temporary:
        fig.savefig(
            temporary,
            dpi=dpi,
            format=Path(path).suffix[1:].lower(),
            bbox_inches="tight",
            pad_inches=0.15,
        )


def check_path(path: str | os.PathLike[str]) -> None:
    """Check the name of a picture before anything is drawn.

    Parameters
    ----------
    path : str or path-like
        File that `save` will write.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If matplotlib does not write files with this extension.
    """
    require_matplotlib()
    from matplotlib.backend_bases import FigureCanvasBase

    formats = sorted(FigureCanvasBase.get_supported_filetypes())
    check_extension(path, [f".{name}" for name in formats], "a picture")
