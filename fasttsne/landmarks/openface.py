"""Reader of CSV files that OpenFace has written."""

from __future__ import annotations

import csv
import os

import numpy as np

from .face import N_POINTS
from .frames import LandmarkFrames
from .parsing import parse_numbers


def read_openface(csv_path: str | os.PathLike[str], min_confidence: float = 0.0) -> LandmarkFrames:
    """Read the CSV file that OpenFace's FeatureExtraction writes for one video.

    The columns ``frame``, ``confidence``, ``success``, ``x_0`` to ``x_67``, ``y_0`` to ``y_67``
    (pixels) and, if present, ``face_id`` are used; all others are ignored. The file has no emotions
    and no images: label, valence and arousal are 0, ``label_names`` is empty, and ``image_path``
    only names the frame, as ``<clip>/<frame, five digits>``.

    Parameters
    ----------
    csv_path : path-like
        The file. Its name without ``.csv`` becomes the name of the clip. If it has several faces,
        each makes a clip ``<name>/face_<id>``.
    min_confidence : float, default=0.0
        Keep only rows with ``success`` 1 and at least this tracking confidence, in [0, 1].

    Returns
    -------
    LandmarkFrames

    Raises
    ------
    ValueError
        If ``min_confidence`` is outside [0, 1], a column is missing, a row is malformed (the
        message names file, line number and column), or no row is kept.
    FileNotFoundError
        If the file does not exist.
    """
    if not 0 <= min_confidence <= 1:
        raise ValueError(f"min_confidence must lie in [0, 1], got {min_confidence!r}")
    source = os.fspath(csv_path)
    point_columns = [f"{axis}_{i}" for axis in "xy" for i in range(N_POINTS)]

    with open(source, newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        reader = csv.reader(file, skipinitialspace=True)
        header = [name.strip() for name in next(reader, [])]
        columns = ["frame", "confidence", "success"]
        missing = [name for name in columns + point_columns if name not in header]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise ValueError(
                f"{source}: the header lacks the column {missing[0]!r}{more}; "
                "a CSV of OpenFace's FeatureExtraction with 2-D landmarks is expected"
            )
        if "face_id" in header:
            columns.append("face_id")
        rows, lines = [], []
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise ValueError(
                    f"{source}, line {reader.line_num}: {len(row)} fields where the header has "
                    f"{len(header)}; each row must have a field for each column"
                )
            rows.append(row)
            lines.append(reader.line_num)

    at = {name: header.index(name) for name in columns + point_columns}
    line = np.array(lines, dtype=np.int64)
    about = parse_numbers([[row[at[c]] for c in columns] for row in rows], columns, source, line)
    # Parse the points of the rows that are kept only: those of a lost frame may be NaN.
    kept = np.flatnonzero((about[:, 2] == 1) & (about[:, 1] >= min_confidence))
    if not len(kept):
        raise ValueError(
            f"{source}: none of {len(rows)} rows has success 1 and confidence >= {min_confidence}"
        )
    tokens = [[rows[i][at[c]] for c in point_columns] for i in kept]
    xy = parse_numbers(tokens, point_columns, source, line[kept])

    stem = os.path.splitext(os.path.basename(source))[0]
    frame = about[kept, 0].astype(np.int64)
    # Without the column face_id, this sums over no columns: every row gets 0.
    face_id = about[kept, 3:].sum(axis=1).astype(np.int64)
    face, first, clip = np.unique(face_id, return_index=True, return_inverse=True)
    order = np.argsort(first)  # clips are numbered in order of appearance, not of face_id
    clip = np.argsort(order)[clip].astype(np.int64)
    clip_names = [f"{stem}/face_{i}" for i in face[order]] if len(face) > 1 else [stem]
    zeros = np.zeros(len(kept), dtype=np.float32)
    return LandmarkFrames(
        points=np.ascontiguousarray(
            xy.astype(np.float32).reshape(-1, 2, N_POINTS).transpose(0, 2, 1)
        ),
        clip=clip,
        frame=frame,
        label=zeros.astype(np.int64),
        label_names={},
        valence=zeros,
        arousal=zeros.copy(),
        image_path=[f"{clip_names[c]}/{f:05d}" for c, f in zip(clip, frame, strict=True)],
        audio_path=[None] * len(clip_names),
        clip_names=clip_names,
    )
