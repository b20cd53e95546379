"""Reader of the ``.pts`` files of iBUG."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..images import ENDINGS as IMAGE_ENDINGS
from .assembling import assemble
from .face import N_POINTS
from .frames import LandmarkFrames
from .parsing import files_in, open_text, parse_numbers
from .rows import frame_numbers
from .tally import NO_FACE, Tally, no_face

ENDINGS = (".pts", ".pts.gz")


def read_pts(
    path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None
) -> LandmarkFrames:
    """Read ``.pts`` files, in which 300-W, 300-VW, LFPW, Helen and other data sets have landmarks.

    A file holds the points of one face::

        version: 1
        n_points: 68
        {
        446.000 91.000
        ...
        }

    Coordinates in it are pixels counted from 1; 1 is subtracted, so that they are counted from 0 as
    in all other sources. Labels, valence and arousal are 0.

    Parameters
    ----------
    path : path-like
        A file, or a folder that contains them at any depth. Files are sorted by name, numbers in
        names by their value. The clip of a frame is the folder of its file.
    root : path-like, optional
        Folder of the pictures, which have the names of the files and the same subfolders. By
        default they are beside the files.

    Returns
    -------
    LandmarkFrames
        ``frame`` is the number at the end of the file's name, or else the position in the clip.

    Warns
    -----
    UserWarning
        If files are left out whose points are all 0 or -1. The message counts them.

    Raises
    ------
    ValueError
        If a file has another number of points than 68 or is malformed (the message names file and
        line), or no frame is kept.
    FileNotFoundError
        If the file does not exist.

    References
    ----------
    Sagonas, Tzimiropoulos, Zafeiriou and Pantic, "300 Faces in-the-Wild Challenge", ICCV Workshops
    (2013).
    """
    files = files_in(path, ENDINGS)
    points = np.array([_read(file) for file in files])
    tally = Tally()
    rows = tally.keep({NO_FACE: no_face(points)})
    tally.settle(os.fspath(path))

    top = Path(path) if Path(path).is_dir() else Path(path).parent
    files = [files[i] for i in rows]
    inside = [file.relative_to(top) for file in files]
    name = top.resolve().name
    clips = [name if p.parent == Path() else p.parent.as_posix() for p in inside]
    pictures = _pictures([(Path(root) if root else top) / p for p in inside])
    index = np.unique(clips, return_inverse=True)[1]
    frame = frame_numbers([file.name.split(".")[0] for file in files], index)
    return assemble(points[rows] - 1, clips, frame, pictures)


def _read(file: Path) -> NDArray[np.float64]:
    """Return the points of a file, shape (68, 2)."""
    with open_text(file) as text:
        lines = [(i, line.strip()) for i, line in enumerate(text, 1) if line.strip()]
    source = os.fspath(file)
    texts = [line for _, line in lines]
    if "{" not in texts or "}" not in texts[texts.index("{") :]:
        raise ValueError(
            f"{source}: is not a .pts file, which has its points in lines between '{{' and '}}'"
        )
    begin, end = texts.index("{"), texts.index("}")
    body = lines[begin + 1 : end]
    stated = next((m[1] for t in texts[:begin] if (m := re.match(r"n_points:\s*(\S+)$", t))), None)
    if len(body) != N_POINTS or stated not in (None, str(N_POINTS)):
        raise ValueError(
            f"{source}: has {len(body)} points ('n_points: {stated}'); only faces of {N_POINTS} "
            "points are read, not those of 51 (without the jaw), 39 (profiles) or others"
        )
    rows = [line.split() for _, line in body]
    number = np.array([i for i, _ in body], dtype=np.int64)
    for i, row in zip(number, rows, strict=True):
        if len(row) != 2:
            raise ValueError(f"{source}, line {i}: {len(row)} numbers; a point has two, x and y")
    return parse_numbers(rows, ["x", "y"], source, number)


def _pictures(paths: list[Path]) -> list[str]:
    """Return the picture that belongs to each file; where there is none, a name ending in .jpg."""
    there = {folder: _names_in(folder) for folder in {path.parent for path in paths}}
    found = []
    for path in paths:
        stem = re.sub(r"\.pts(\.gz)?$", "", path.name, flags=re.IGNORECASE)
        endings = (ending for ending in IMAGE_ENDINGS if stem + ending in there[path.parent])
        found.append(os.fspath(path.parent / (stem + next(endings, ".jpg"))))
    return found


def _names_in(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()
