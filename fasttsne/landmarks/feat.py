"""Reader of the tables that py-feat has written."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..images import ENDINGS as IMAGE_ENDINGS
from .assembling import assemble, join
from .conventions import OMG_LABELS
from .face import N_POINTS
from .frames import LandmarkFrames
from .mediapipe import N_MESH, mediapipe_to_68
from .parsing import files_in, name_of
from .rows import positions
from .tally import Tally
from .tracker_tables import ENDINGS, TrackerTable, check_columns, check_confidence, point_columns

_EMOTIONS = {name: label for label, name in OMG_LABELS.items()} | {"happiness": 3, "sadness": 5}
_RATINGS = ("valence", "arousal")
_OTHERS = ("frame", "input", "FaceScore", "Identity")


def read_feat(
    path: str | os.PathLike[str],
    min_confidence: float = 0.0,
    root: str | os.PathLike[str] | None = None,
) -> LandmarkFrames:
    """Read tables of py-feat: what ``Fex.to_csv`` has written.

    The columns ``x_0`` to ``x_67`` and ``y_0`` to ``y_67`` (pixels) are used and, if present,
    ``frame``, ``input``, ``FaceScore``, ``Identity``, the emotions, ``valence`` and ``arousal``.
    Other columns are ignored. 478 points, as of its MediaPipe detector, are mapped by
    `mediapipe_to_68`.
    The label is the emotion with the largest value, named and numbered as in ``OMG_LABELS``;
    without emotions it is 0. Emotions, valence and arousal are guesses of py-feat's models.

    Parameters
    ----------
    path : path-like
        The file, ``.csv`` or ``.tsv``, perhaps ``.gz``, or a folder of such files. Each ``input``
        in it makes a clip: a video makes one named as its file without the ending, and pictures
        make one named as their folder. If a frame shows several faces, there is a clip for each,
        ``<name>/<Identity>`` or, where these are not known or not distinct, ``<name>/face_<i>``.
    min_confidence : float, default=0.0
        Keep only rows with at least this ``FaceScore``, in [0, 1].
    root : path-like, optional
        Folder that relative paths of pictures start from.

    Returns
    -------
    LandmarkFrames

    Warns
    -----
    UserWarning
        If rows are left out, because the score is too low or the points are all missing, 0 or -1:
        py-feat writes such rows for frames in which it finds no face. The message counts them.

    Raises
    ------
    ValueError
        If ``min_confidence`` is outside [0, 1], a column is missing, a row is malformed (the
        message names file, line number and column), or no row is kept.
    FileNotFoundError
        If the file does not exist.

    References
    ----------
    Cheong, Jolly, Xie, Byrne, Kenney and Chang, "Py-Feat: Python Facial Expression Analysis
    Toolbox", Affective Science 4 (2023).
    """
    check_confidence(min_confidence)
    tally = Tally()
    parts = [
        _read(os.fspath(file), name_of(file, path), min_confidence, root, tally)
        for file in files_in(path, ENDINGS)
    ]
    tally.settle(os.fspath(path))
    return join(parts)


def _read(
    source: str,
    name: str,
    min_confidence: float,
    root: str | os.PathLike[str] | None,
    tally: Tally,
) -> LandmarkFrames:
    table = TrackerTable.read(source, _columns)
    n_points = N_MESH if f"x_{N_MESH - 1}" in table.names else N_POINTS
    failed = {}
    if "FaceScore" in table.names and min_confidence > 0:
        scored = np.flatnonzero(~table.is_missing(["FaceScore"]))
        low = ~table.is_missing(point_columns(n_points))  # a face without a score is left out
        low[scored] = table.numbers(["FaceScore"], scored)[:, 0] < min_confidence
        failed[f"with a FaceScore below {min_confidence:g}"] = low
    rows, points = table.faces(failed, tally, n_points)
    if n_points == N_MESH:
        points = mediapipe_to_68(points).astype(np.float64)

    inputs = [name] * len(rows)
    if "input" in table.names:
        fields = table.text("input")
        inputs = [fields[i].replace("\\", "/") or name for i in rows]
    if "frame" in table.names:
        frame = table.numbers(["frame"], rows)[:, 0].astype(np.int64)
    else:
        frame = positions(np.unique(inputs, return_inverse=True)[1])
    clips = _names_of_clips(inputs, name)
    clips = _one_for_each_face(clips, inputs, frame, table, rows)
    label, label_names = _labels(table, rows)
    return assemble(
        points,
        clips,
        frame,
        [
            os.path.join(root or "", path) if _is_image(path) else f"{clip}/{i:05d}"
            for path, clip, i in zip(inputs, clips, frame, strict=True)
        ],
        label=label,
        label_names=label_names,
        **{rating: _filled(table, [rating], rows)[:, 0] for rating in _RATINGS},  # type: ignore[arg-type]
    )


def _columns(source: str, header: list[str]) -> list[str]:
    points = point_columns(N_MESH if f"x_{N_MESH - 1}" in header else N_POINTS)
    check_columns(source, header, points, "py-feat")
    known = (*_OTHERS, *_RATINGS)
    return points + [name for name in header if name in known or name.lower() in _EMOTIONS]


def _labels(
    table: TrackerTable, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64] | None, dict[int, str]]:
    """Return the strongest emotion of each row, if the table has emotions."""
    columns = [name for name in table.names if name.lower() in _EMOTIONS]
    if not columns or table.is_missing(columns)[rows].all():
        return None, {}
    strongest = table.numbers(columns, rows).argmax(axis=1)
    return np.array([_EMOTIONS[name.lower()] for name in columns])[strongest], OMG_LABELS


def _filled(
    table: TrackerTable, columns: Sequence[str], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the numbers of columns, or zeros if there are none."""
    if any(name not in table.names for name in columns) or table.is_missing(columns)[rows].all():
        return np.zeros((len(rows), len(columns)))
    return table.numbers(columns, rows)


def _is_image(path: str) -> bool:
    return path.lower().endswith(IMAGE_ENDINGS)


def _names_of_clips(inputs: list[str], name: str) -> list[str]:
    """Name the clip of each row: folder of a picture, name of a video (with folder if needed)."""
    videos = {path for path in inputs if not _is_image(path)}
    stems = {path: os.path.splitext(path.rpartition("/")[2])[0] for path in videos}
    if len(set(stems.values())) < len(stems):
        stems = {path: os.path.splitext(path)[0] for path in videos}
    return [stems[path] if path in stems else path.rpartition("/")[0] or name for path in inputs]


def _one_for_each_face(
    clips: list[str],
    inputs: list[str],
    frame: NDArray[np.int64],
    table: TrackerTable,
    rows: NDArray[np.int64],
) -> list[str]:
    """Split the clips in which a frame shows several faces."""
    keys = list(zip(inputs, frame.tolist(), strict=True))
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    place = positions(np.array([number[key] for key in keys], dtype=np.int64))
    crowded = {clip for clip, i in zip(clips, place, strict=True) if i}
    faces = [f"face_{i}" for i in place]
    if "Identity" in table.names:
        identity = [table.text("Identity")[i] for i in rows]
        if all(identity) and len(set(zip(keys, identity, strict=True))) == len(keys):
            faces = identity
    return [
        f"{clip}/{face}" if clip in crowded else clip
        for clip, face in zip(clips, faces, strict=True)
    ]
