"""An interactive page of a map: one file that needs nothing but a browser, not even a network.

The page draws the points with WebGL, or on a 2-D canvas if there is no WebGL. Its script, plain
JavaScript, is in ``web/``. The data is part of the page: positions, classes and thumbnails in
base64, texts in JSON. A Content-Security-Policy forbids all requests and all scripts but the one
whose hash it names, so that a hostile name or title cannot run as a script.
"""

from .notebook import Shown, show
from .writer import check_path, write

__all__ = ["Shown", "check_path", "show", "write"]
