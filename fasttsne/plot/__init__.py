"""Pictures of maps.

They are drawn with matplotlib's ``Figure``, without ``pyplot``, so no window system is needed. The
axes carry no ticks, because the coordinates of a t-SNE map have no meaning. Points are drawn in
shuffled order, so that no class hides another.
"""

from .animation import animate
from .coloring import classes
from .colors import palette
from .datamap import datamap
from .faces import faces
from .files import check_path, save
from .maps import compare, scatter, side_by_side
from .mosaics import check_size, mosaic, mosaic_grid
from .points_json import write_points_json
from .trajectories import trajectory
from .words import words

__all__ = [
    "animate",
    "check_path",
    "check_size",
    "classes",
    "compare",
    "datamap",
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
