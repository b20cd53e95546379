"""Reader of the tables that OpenFace has written."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from .assembling import assemble, join
from .frames import LandmarkFrames
from .parsing import files_in, name_of
from .tally import Tally
from .tracker_tables import ENDINGS, TrackerTable, check_columns, check_confidence, point_columns


def read_openface(csv_path: str | os.PathLike[str], min_confidence: float = 0.0) -> LandmarkFrames:
    """Read tables that OpenFace has written, of a video, of several faces in it, or of an image.

    The columns ``x_0`` to ``x_67``, ``y_0`` to ``y_67`` (pixels), ``frame``, ``confidence`` and, if
    present, ``success`` and ``face_id`` are used; all others are ignored. A table of
    FaceLandmarkImg has a column ``face`` for ``frame``. There are no emotions and no images: label,
    valence and arousal are 0, ``label_names`` is empty, and ``image_path`` only names the frame, as
    ``<clip>/<frame, five digits>``.

    Parameters
    ----------
    csv_path : path-like
        The file, ``.csv`` or ``.tsv``, perhaps ``.gz``, or a folder of such files. The name of a
        file (within the folder) without its ending becomes the name of its clip. If it has several
        faces, each makes a clip ``<name>/face_<id>``; in the table of an image all are one clip.
    min_confidence : float, default=0.0
        Keep only rows with at least this tracking confidence, in [0, 1].

    Returns
    -------
    LandmarkFrames

    Warns
    -----
    UserWarning
        If rows are left out, because ``success`` is 0, the confidence is too low, or the points
        are all 0, -1 or missing. The message counts them.

    Raises
    ------
    ValueError
        If ``min_confidence`` is outside [0, 1], a column is missing, a row is malformed (the
        message names file, line number and column), or no row is kept.
    FileNotFoundError
        If the file does not exist.
    """
    return read_tables(csv_path, min_confidence, named_by_file)


Naming = Callable[[LandmarkFrames, str, str], LandmarkFrames]
"""Adds what the name of a file tells: takes frames, the name of the clip, and the file's folder."""


def named_by_file(frames: LandmarkFrames, name: str, folder: str) -> LandmarkFrames:
    """Add nothing: OpenFace itself does not interpret names of files."""
    return frames


def read_tables(
    path: str | os.PathLike[str], min_confidence: float, named: Naming
) -> LandmarkFrames:
    """Read all tables in a path; see `read_openface`."""
    check_confidence(min_confidence)
    tally = Tally()
    parts = []
    for file in files_in(path, ENDINGS):
        name = name_of(file, path)
        part = _read(os.fspath(file), name, min_confidence, tally)
        parts.append(named(part, name, os.path.dirname(file)))
    tally.settle(os.fspath(path))
    return join(parts)


def _read(source: str, name: str, min_confidence: float, tally: Tally) -> LandmarkFrames:
    table = TrackerTable.read(source, _columns)
    number = "frame" if "frame" in table.names else "face"
    others = [column for column in ("success", "face_id") if column in table.names]
    about = table.numbers([number, "confidence", *others])
    value = dict(zip(["frame", "confidence", *others], about.T, strict=True))
    failed = {"with success 0": value.get("success", np.ones(len(table))) != 1}
    failed[f"with confidence below {min_confidence:g}"] = value["confidence"] < min_confidence
    rows, xy = table.faces(failed, tally)

    frame = value["frame"][rows].astype(np.int64)
    face = value.get("face_id", np.zeros(len(table)))[rows].astype(np.int64)
    is_single = len(np.unique(face)) < 2
    clips = [name if is_single else f"{name}/face_{i}" for i in face]
    image_path = [f"{clip}/{i:05d}" for clip, i in zip(clips, frame, strict=True)]
    return assemble(xy, clips, frame, image_path)


def _columns(source: str, header: list[str]) -> list[str]:
    is_image = "face" in header and "frame" not in header
    needed = ["face" if is_image else "frame", "confidence", *point_columns()]
    check_columns(source, header, needed, "OpenFace")
    return needed + [name for name in ("success", "face_id") if name in header]
