"""Pictures of maps.

Drawn with matplotlib's ``Figure`` alone, so no window system is needed. The axes carry no ticks,
because the coordinates of a t-SNE map mean nothing; points are drawn in shuffled order, so that
no class hides another.
"""

from .animation import animate
from .colors import classes, palette
from .faces import faces
from .figures import check_path, densest, save
from .maps import compare, scatter, side_by_side
from .mosaics import check_size, mosaic, mosaic_grid, write_points_json
from .trajectories import trajectory
from .words import words

__all__ = [
    "animate",
    "check_path",
    "check_size",
    "classes",
    "compare",
    "densest",
    "faces",
    "mosaic",
    "mosaic_grid",
    "palette",
    "save",
    "scatter",
    "side_by_side",
    "trajectory",
    "words",
    "write_points_json",
]
