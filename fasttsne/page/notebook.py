"""A page inside a notebook."""

from __future__ import annotations

import html
import tempfile
from pathlib import Path
from typing import Any

from .._validation import integer
from .writer import write


class Shown:
    """A page that Jupyter shows below a cell.

    Parameters
    ----------
    page : str
        The whole page.
    height : int
        Pixels.

    Attributes
    ----------
    html : str
        The whole page.
    height : int
        Pixels.
    """

    def __init__(self, page: str, height: int) -> None:
        self.html = page
        self.height = height

    def _repr_html_(self) -> str:
        """Return a frame that holds the page, apart from the styles and scripts of the notebook."""
        page = html.escape(self.html, quote=True)
        style = f"width: 100%; height: {self.height}px; border: 0"
        return f'<iframe srcdoc="{page}" style="{style}" sandbox="allow-scripts"></iframe>'


def show(Y: Any, labels: Any = None, *, height: int = 600, **options: Any) -> Shown:
    """Show a map as an interactive page in a notebook.

    Parameters
    ----------
    Y : array or tensor, shape (n, 2)
        Map.
    labels
        As of :func:`write`.
    height : int, default=600
        Height of the page in pixels, 100 or more.
    **options
        Other parameters of :func:`write`: ``label_names``, ``names``, ``details``, ``images``,
        ``title`` and others.

    Returns
    -------
    Shown
        As the last expression of a cell, or passed to ``IPython.display.display``, it is shown.

    Raises
    ------
    TypeError, ValueError, OSError
        As :func:`write`.
    """
    height = integer("height", height, 100)
    with tempfile.TemporaryDirectory(prefix="fasttsne-") as folder:
        path = Path(folder) / "map.html"
        write(path, Y, labels, **options)
        return Shown(path.read_text(encoding="utf-8"), height)
