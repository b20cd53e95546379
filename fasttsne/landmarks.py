"""Facial-landmark lists in, arrays out: reading frames, grouping clips, computing features.

A frame is 68 points of one face (the iBUG 300-W order) with a label, a valence and an arousal.
Frames of one video make a clip; in a list the clip is the directory of the image path.

    frames = read_list("list.txt")       # or read_openface("video.csv")
    X = features(frames, "expression")   # (n, 272), ready for fasttsne.TSNE
    for clip in frames.clips():
        print(clip.name, len(clip.rows), frames.label_names.get(clip.label))
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BROWS",
    "CONTOURS",
    "EYES",
    "FEATURES",
    "JAW",
    "LIPS",
    "NOSE",
    "NOSE_TIP",
    "N_POINTS",
    "Clip",
    "LandmarkFrames",
    "clip_features",
    "expression",
    "features",
    "nose",
    "pairwise",
    "procrustes",
    "raw",
    "read_list",
    "read_openface",
]

N_POINTS = 68

# Slices of the 68 points. "Right" and "left" are the person's: the right eye is on the left of
# the picture.
JAW = slice(0, 17)
BROWS = slice(17, 27)
NOSE = slice(27, 36)
NOSE_TIP = 30
EYES = slice(36, 48)
RIGHT_EYE = slice(36, 42)
LEFT_EYE = slice(42, 48)
LIPS = slice(48, 68)

# The polylines that draw a face: name -> (points, is it closed).
CONTOURS: dict[str, tuple[slice, bool]] = {
    "jaw": (JAW, False),
    "right brow": (slice(17, 22), False),
    "left brow": (slice(22, 27), False),
    "nose bridge": (slice(27, 31), False),
    "nostrils": (slice(31, 36), False),
    "right eye": (RIGHT_EYE, True),
    "left eye": (LEFT_EYE, True),
    "outer lips": (slice(48, 60), True),
    "inner lips": (slice(60, 68), True),
}

RAVDESS_LABELS = {
    1: "neutral",
    2: "calm",
    3: "happy",
    4: "sad",
    5: "angry",
    6: "fearful",
    7: "disgust",
    8: "surprised",
}
OMG_LABELS = {
    0: "anger",
    1: "disgust",
    2: "fear",
    3: "happy",
    4: "neutral",
    5: "sad",
    6: "surprise",
}
# The word in an image path that says which conventions hold -> the names of its labels.
_KNOWN_LABELS = {"Ryerson": RAVDESS_LABELS, "OMGEmotionChallenge": OMG_LABELS}
_RAVDESS_NEUTRAL = 1

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_LARGEST_LABEL = 2**53  # whole numbers up to here are exact in float64
_LINES_AT_ONCE = 4096

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip: which frames it has and what they say on average.

    Attributes
    ----------
    name : str
        Directory of the clip's images.
    rows : ndarray of int64, shape (frames,)
        Where its frames are in the ``LandmarkFrames``, in the order in which they came.
    valence, arousal : float
        Means over the frames.
    label : int
        Median over the frames; the lower one of an even count, so that it is a label that occurs.
    audio_path : str or None
        Sound of the clip where the data set has a rule for it; see `read_list`.
    """

    name: str
    rows: NDArray[np.int64]
    valence: float
    arousal: float
    label: int
    audio_path: str | None


@dataclass(frozen=True, eq=False)
class LandmarkFrames:
    """n frames of 68 facial landmarks, with their labels and clips.

    Attributes
    ----------
    points : ndarray of float32, shape (n, 68, 2)
        x (right) and y (down), in the units of the source, mostly pixels.
    clip : ndarray of int64, shape (n,)
        Index into ``clip_names`` and ``audio_path``.
    frame : ndarray of int64, shape (n,)
        Number that ends the image's file name, or the position in the clip, from 0.
    label : ndarray of int64, shape (n,)
    label_names : dict of int to str
        Empty where the source names no labels.
    valence, arousal : ndarray of float32, shape (n,)
    image_path : list of str, length n
    audio_path : list of (str or None), one per clip
    clip_names : list of str, one per clip, in order of appearance
    images : list of ndarray of uint8, shape (height, width, 3), length n, or None
        Only from ``read_list(..., load_images=True)``.

    Raises
    ------
    ValueError
        If the shapes do not fit each other.

    Examples
    --------
    >>> from fasttsne.datasets import make_landmark_frames
    >>> frames = make_landmark_frames(1000)  # or read_list("list.txt")
    >>> happy = frames.select(frames.label == 3)
    >>> [(clip.name, len(clip.rows)) for clip in happy.clips()]
    [('synthetic/actor_03/happy/take_1', 100)]
    """

    points: Float32
    clip: NDArray[np.int64]
    frame: NDArray[np.int64]
    label: NDArray[np.int64]
    label_names: dict[int, str]
    valence: NDArray[np.float32]
    arousal: NDArray[np.float32]
    image_path: list[str]
    audio_path: list[str | None]
    clip_names: list[str]
    images: list[NDArray[np.uint8]] | None = None

    def __post_init__(self) -> None:
        if self.points.ndim != 3 or self.points.shape[1:] != (N_POINTS, 2):
            raise ValueError(f"points must have shape (n, 68, 2), got {self.points.shape}")
        n = len(self.points)
        for name in ("clip", "frame", "label", "valence", "arousal", "image_path", "images"):
            value = getattr(self, name)
            if value is not None and len(value) != n:
                raise ValueError(
                    f"{name} must have one entry per frame: {n} expected, got {len(value)}"
                )
        if len(self.audio_path) != len(self.clip_names):
            raise ValueError(
                f"audio_path must have one entry per clip: {len(self.clip_names)} expected, "
                f"got {len(self.audio_path)}"
            )
        if n and not 0 <= self.clip.min() <= self.clip.max() < len(self.clip_names):
            raise ValueError(
                f"clip must index clip_names, 0 to {len(self.clip_names) - 1}, "
                f"got {self.clip.min()} to {self.clip.max()}"
            )

    def __len__(self) -> int:
        return len(self.points)

    def clips(self) -> Iterator[Clip]:
        """Iterate over the clips, in order of appearance; see `Clip`."""
        for rows in _groups(self.clip):
            i = int(self.clip[rows[0]])
            yield Clip(
                name=self.clip_names[i],
                rows=rows,
                valence=float(self.valence[rows].mean(dtype=np.float64)),
                arousal=float(self.arousal[rows].mean(dtype=np.float64)),
                label=int(np.sort(self.label[rows])[(len(rows) - 1) // 2]),
                audio_path=self.audio_path[i],
            )

    def select(self, mask: ArrayLike) -> LandmarkFrames:
        """Keep some frames; clips without any are forgotten and the others renumbered.

        Parameters
        ----------
        mask : array of bool, shape (n,), or of int
            Which frames to keep, or their rows in the wanted order.

        Raises
        ------
        ValueError
            If a boolean mask has another length than n, or a row is outside [0, n).
        TypeError
            If mask is neither boolean nor integer.
        """
        mask = np.asarray(mask)
        n = len(self)
        if mask.dtype == bool:
            if mask.shape != (n,):
                raise ValueError(f"a boolean mask must have shape ({n},), got {mask.shape}")
            rows = np.flatnonzero(mask)
        elif np.issubdtype(mask.dtype, np.integer) or mask.size == 0:
            rows = mask.astype(np.int64)
            if rows.ndim != 1 or (rows.size and not 0 <= rows.min() <= rows.max() < n):
                raise ValueError(f"mask must hold rows from 0 to {n - 1} in one dimension")
        else:
            raise TypeError(f"mask must be boolean or integer, got {mask.dtype}")

        kept, clip = np.unique(self.clip[rows], return_inverse=True)
        chosen: dict[str, Any] = {
            "clip": clip.astype(np.int64),
            "audio_path": [self.audio_path[i] for i in kept],
            "clip_names": [self.clip_names[i] for i in kept],
        }
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in chosen or field.name == "label_names" or value is None:
                continue
            is_list = isinstance(value, list)
            chosen[field.name] = [value[i] for i in rows] if is_list else value[rows]
        return replace(self, **chosen)


# --- reading ------------------------------------------------------------------------------------


def read_list(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    max_clips: int = 0,
    max_frames_per_clip: int = 0,
    normalize: bool = False,
    drop_neutral: bool = True,
    load_images: bool = False,
) -> LandmarkFrames:
    """Read a text list of frames, one a line.

    A line is ``image_path valence arousal label x0 y0 ... x67 y67`` (140 fields separated by white
    space), or the same without the label (139 fields; then the label is
    ``int((valence + 10) * (arousal + 10))``). All lines of a file have the same number of fields;
    empty lines are skipped. The clip of a frame is the directory of its image path.

    The image path (with ``root``) also tells the data set:

    - It contains ``Ryerson`` (RAVDESS): labels 1 to 8 are neutral, calm, happy, sad, angry,
      fearful, disgust, surprised. The sound of ``Ryerson/Video/Actor_01/01-01-03-01-01-01-01.mp4``
      is its audio-only twin ``Ryerson/Audio/Actor_01/03-01-03-01-01-01-01.wav``: the last folder
      ``Video`` becomes ``Audio``, if there is one; the first number, the modality, becomes 03.
      A clip that is not named by seven numbers has no sound.
    - It contains ``OMGEmotionChallenge``: labels 0 to 6 are anger, disgust, fear, happy, neutral,
      sad, surprise. The sound of ``OMGEmotionChallenge/set/clip`` is
      ``OMGEmotionChallenge/wave/set/clip.wav``: a folder ``wave`` beside the sets repeats their
      tree.
    - Otherwise labels are any whole numbers, without names, and there is no sound.

    Parameters
    ----------
    path : path-like
        The list, UTF-8.
    root : path-like, optional
        Folder put before relative image paths (and so before the audio paths). Clip names stay as
        they are in the list.
    max_clips, max_frames_per_clip : int, default=0
        Keep the first clips, and the first frames of each, in order of appearance. 0 is no limit.
    normalize : bool, default=False
        Divide valence and arousal each by its largest magnitude among the frames returned, so that
        they lie in [-1, 1]. All zeros stay zeros.
    drop_neutral : bool, default=True
        Leave out the neutral frames of RAVDESS, before the limits count. It does not touch other
        data sets, nor lists without a label.
    load_images : bool, default=False
        Read the image files into ``images``, as RGB; this needs Pillow. Otherwise no image file is
        touched.

    Returns
    -------
    LandmarkFrames

    Raises
    ------
    ValueError
        If a limit is negative, a line is malformed (file, line number and field are named), the
        list mixes 139 and 140 fields or two data sets, or no frame is left.
    TypeError
        If a limit is not an int.
    FileNotFoundError
        If the list, or with ``load_images`` an image, is missing.
    """
    for name, limit in (("max_clips", max_clips), ("max_frames_per_clip", max_frames_per_clip)):
        if isinstance(limit, bool) or not isinstance(limit, (int, np.integer)):
            raise TypeError(f"{name} must be an int, got {type(limit).__name__}")
        if limit < 0:
            raise ValueError(f"{name} must be 0 (no limit) or positive, got {limit}")
    source = os.fspath(path)

    listed_path, table, line = _read_lines(source)
    image_path = [os.path.join(root, p) for p in listed_path] if root else listed_path
    data_set = _data_set(image_path, source, line)
    has_label = table.shape[1] == 3 + 2 * N_POINTS
    label_names = _KNOWN_LABELS.get(data_set, {}) if has_label else {}
    label = _labels(table, has_label, label_names, source, line)

    keep = np.ones(len(table), dtype=bool)
    if drop_neutral and label_names is RAVDESS_LABELS:
        keep = label != _RAVDESS_NEUTRAL
        if not keep.any():
            raise ValueError(
                f"{source}: all {len(table)} frames are neutral, and drop_neutral=True leaves "
                "none; pass drop_neutral=False to keep them"
            )
    clip_of: dict[str, int] = {}
    directory = [p.rpartition("/")[0] for p in listed_path]
    clip = np.full(len(table), -1, dtype=np.int64)
    for i in np.flatnonzero(keep):
        clip[i] = clip_of.setdefault(directory[i], len(clip_of))
    position = _positions(clip)
    if max_clips:
        keep &= clip < max_clips
    if max_frames_per_clip:
        keep &= position < max_frames_per_clip

    rows = np.flatnonzero(keep)
    image_path = [image_path[i] for i in rows]
    clip_names = list(clip_of)[: max_clips or None]
    joined_names = [os.path.join(root, name) if root else name for name in clip_names]
    return LandmarkFrames(
        points=table[rows, -2 * N_POINTS :].astype(np.float32).reshape(-1, N_POINTS, 2),
        clip=clip[rows],
        frame=_frame_numbers(image_path, position[rows]),
        label=label[rows],
        label_names=dict(label_names),
        valence=_affect(table[rows, 0], normalize),
        arousal=_affect(table[rows, 1], normalize),
        image_path=image_path,
        audio_path=[_audio_path(name, data_set) for name in joined_names],
        clip_names=clip_names,
        images=_read_images(image_path, source, line[rows]) if load_images else None,
    )


def read_openface(csv_path: str | os.PathLike[str], min_confidence: float = 0.0) -> LandmarkFrames:
    """Read the CSV that OpenFace's FeatureExtraction writes for one video.

    Used are the columns ``frame, confidence, success``, ``x_0`` to ``x_67``, ``y_0`` to ``y_67``
    (pixels) and, where there is one, ``face_id``; all others are ignored. OpenFace knows neither
    emotions nor images: label, valence and arousal are 0, ``label_names`` is empty, and
    ``image_path`` only names the frame, as ``<clip>/<frame, five digits>``.

    Parameters
    ----------
    csv_path : path-like
        The file; its name without ``.csv`` becomes the name of the clip. Several faces make a clip
        each: ``<name>/face_<id>``.
    min_confidence : float, default=0.0
        Keep the rows with ``success`` 1 and at least this tracking confidence, in [0, 1].

    Returns
    -------
    LandmarkFrames

    Raises
    ------
    ValueError
        If ``min_confidence`` is outside [0, 1], a column is missing, a row is malformed (file,
        line number and column are named), or no row is kept.
    FileNotFoundError
        If there is no such file.
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
                    f"{len(header)}"
                )
            rows.append(row)
            lines.append(reader.line_num)

    at = {name: header.index(name) for name in columns + point_columns}
    line = np.array(lines, dtype=np.int64)
    about = _numbers([[row[at[c]] for c in columns] for row in rows], columns, source, line)
    # Only rows that are kept must have readable points: a failed frame may hold anything.
    kept = np.flatnonzero((about[:, 2] == 1) & (about[:, 1] >= min_confidence))
    if not len(kept):
        raise ValueError(
            f"{source}: none of {len(rows)} rows has success 1 and confidence >= {min_confidence}"
        )
    tokens = [[rows[i][at[c]] for c in point_columns] for i in kept]
    xy = _numbers(tokens, point_columns, source, line[kept])

    stem = os.path.splitext(os.path.basename(source))[0]
    frame = about[kept, 0].astype(np.int64)
    # Without the column, the sum over no columns makes all the same face, 0.
    face_id = about[kept, 3:].sum(axis=1).astype(np.int64)
    face, first, clip = np.unique(face_id, return_index=True, return_inverse=True)
    order = np.argsort(first)  # clips count in order of appearance, not of face_id
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


def _read_lines(source: str) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """Image paths (n), the other fields as numbers (n, 138 or 139) and line numbers (n)."""
    paths: list[str] = []
    lines: list[int] = []
    blocks: list[NDArray[np.float64]] = []
    width = 0
    coordinates = [f"{axis}{i}" for i in range(N_POINTS) for axis in "xy"]
    names: list[str] = []
    # surrogateescape: a path on disk may be any bytes, and only numbers are read as text.
    with open(source, encoding="utf-8-sig", errors="surrogateescape") as file:
        split = ((number, line.split()) for number, line in enumerate(file, 1))
        rows = ((number, row) for number, row in split if row)
        while chunk := list(islice(rows, _LINES_AT_ONCE)):
            if not width:
                width = len(chunk[0][1])
                label = ["label"] if width == 4 + 2 * N_POINTS else []
                names = ["valence", "arousal", *label, *coordinates]
                first = chunk[0][0]
            for number, row in chunk:
                if len(row) not in (3 + 2 * N_POINTS, 4 + 2 * N_POINTS):
                    raise ValueError(
                        f"{source}, line {number}: {len(row)} fields; a frame has 140 (image_path "
                        "valence arousal label x0 y0 ... x67 y67) or, without label, 139"
                    )
                if len(row) != width:
                    raise ValueError(
                        f"{source}, line {number}: {len(row)} fields where line {first} has "
                        f"{width}; a list has a label on all lines or on none"
                    )
            numbered = [number for number, _ in chunk]
            block = _numbers([row[1:] for _, row in chunk], names, source, np.array(numbered))
            lines += numbered
            paths += [row[0] for _, row in chunk]
            blocks.append(block)
    if not blocks:
        raise ValueError(f"{source}: the list is empty")
    return paths, np.concatenate(blocks), np.array(lines, dtype=np.int64)


def _numbers(
    rows: list[list[str]], names: Sequence[str], source: str, line: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Convert text to numbers that fit into float32; an error names file, line and field."""
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    except ValueError:
        # Slow, but only once and only to say where.
        for row, number in zip(rows, line, strict=True):
            for text, name in zip(row, names, strict=True):
                try:
                    float(text)
                except ValueError:
                    message = f"{source}, line {number}: {name} is {text!r}, not a number"
                    raise ValueError(message) from None
        raise
    bad = ~(np.abs(table) <= _FLOAT32_MAX)  # written so that NaN is bad too
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise ValueError(
            f"{source}, line {line[i]}: {names[j]} is {rows[i][j]!r}, not a finite float32"
        )
    return table


def _data_set(image_path: list[str], source: str, line: NDArray[np.int64]) -> str:
    """Return the one word of ``_KNOWN_LABELS`` that the paths contain, or "" for none."""
    words = list(_KNOWN_LABELS)
    found = [next((word for word in words if word in path), "") for path in image_path]
    odd = next((i for i, word in enumerate(found) if word != found[0]), None)
    if odd is not None:
        raise ValueError(
            f"{source}, line {line[odd]}: image path {image_path[odd]!r} belongs to another data "
            f"set than line {line[0]}, {image_path[0]!r}; their labels differ, so use a list each"
        )
    return found[0]


def _labels(
    table: NDArray[np.float64],
    has_label: bool,
    label_names: dict[int, str],
    source: str,
    line: NDArray[np.int64],
) -> NDArray[np.int64]:
    value = table[:, 2] if has_label else np.trunc((table[:, 0] + 10) * (table[:, 1] + 10))
    bad = (value != np.trunc(value)) | (np.abs(value) > _LARGEST_LABEL)
    if bad.any():
        i = np.flatnonzero(bad)[0]
        raise ValueError(
            f"{source}, line {line[i]}: label is {value[i]:g}, not a whole number up to 2^53"
        )
    label = value.astype(np.int64)
    if not label_names:
        return label
    unknown = ~np.isin(label, list(label_names))
    if unknown.any():
        i = np.flatnonzero(unknown)[0]
        known = ", ".join(f"{key} {name}" for key, name in label_names.items())
        raise ValueError(f"{source}, line {line[i]}: label {label[i]} is none of: {known}")
    return label


def _frame_numbers(image_path: list[str], position: NDArray[np.int64]) -> NDArray[np.int64]:
    """Digits at the end of the file name before its extension, else the position in the clip."""
    # At most 18 digits, which is what int64 is sure to hold.
    number = re.compile(r"([0-9]{1,18})(?:\.[^./]*)?$")
    found = map(number.search, image_path)
    return np.array(
        [int(m[1]) if m else p for m, p in zip(found, position.tolist(), strict=True)],
        dtype=np.int64,
    )


def _affect(value: NDArray[np.float64], normalize: bool) -> NDArray[np.float32]:
    largest = np.abs(value).max() if normalize else 1.0
    return (value / (largest or 1.0)).astype(np.float32)


def _audio_path(clip: str, data_set: str) -> str | None:
    """Where the sound of a clip lies by the rules that `read_list` documents."""
    *folders, name = clip.split("/")
    name = re.sub(r"\.(mp4|avi|mov|mkv|webm|flv)$", "", name, flags=re.IGNORECASE)
    if data_set == "Ryerson":
        if not re.fullmatch(r"[0-9]{2}(-[0-9]{2}){6}", name):
            return None
        if "Video" in folders:
            folders[len(folders) - 1 - folders[::-1].index("Video")] = "Audio"
        return "/".join([*folders, f"03{name[2:]}.wav"])
    if data_set == "OMGEmotionChallenge":
        inside = [i for i, folder in enumerate(folders) if data_set in folder]
        if inside and name:
            folders.insert(inside[-1] + 1, "wave")
            return "/".join([*folders, f"{name}.wav"])
    return None


def _read_images(
    image_path: list[str], source: str, line: NDArray[np.int64]
) -> list[NDArray[np.uint8]]:
    for path, number in zip(image_path, line, strict=True):
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"{source}, line {number}: no image file {path!r}; "
                "root= names the folder that relative paths start from"
            )
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("load_images=True needs Pillow: pip install pillow") from error
    images = []
    for path in image_path:
        with Image.open(path) as image:
            images.append(np.array(image.convert("RGB")))
    return images


# --- grouping -----------------------------------------------------------------------------------


def _groups(ids: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Rows of each distinct id, in rising order of ids; the rows of one keep their order."""
    if not len(ids):
        return []
    order = np.argsort(ids, kind="stable").astype(np.int64, copy=False)
    changes = np.flatnonzero(ids[order][1:] != ids[order][:-1]) + 1
    return np.split(order, changes)


def _positions(ids: NDArray[Any]) -> NDArray[np.int64]:
    """How many earlier rows have the same id."""
    position = np.empty(len(ids), dtype=np.int64)
    for rows in _groups(ids):
        position[rows] = np.arange(len(rows))
    return position


# --- features -----------------------------------------------------------------------------------


def raw(points: ArrayLike) -> Float32:
    """Return the coordinates as they are: x0 y0 ... x67 y67.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 136)

    Raises
    ------
    ValueError
        If points has another shape, no frame, or a coordinate that is not finite.
    """
    return _check_points(points).reshape(-1, 2 * N_POINTS).astype(np.float32)


def nose(points: ArrayLike) -> Float32:
    """Return the distance of every other point to the tip of the nose, point 30.

    The head's position and tilt are gone, its size and turn are not.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 67)
        In the units of the points; columns are points 0 to 67 without 30.

    Raises
    ------
    ValueError
        If points has another shape, no frame, or a coordinate that is not finite.
    """
    checked = _check_points(points)
    others = np.delete(np.arange(N_POINTS), NOSE_TIP)
    result = np.empty((len(checked), len(others)), dtype=np.float32)
    for some in _blocks(len(checked)):
        p = checked[some].astype(np.float64)
        result[some] = np.linalg.norm(p[:, others] - p[:, [NOSE_TIP]], axis=-1)
    return result


def procrustes(points: ArrayLike) -> Float32:
    """Remove position, size and in-plane rotation: coordinates after Procrustes alignment.

    Each frame is centred, scaled to centroid size 1 (the root of the sum of squared distances to
    the centre) and rotated, never mirrored, onto the mean shape of all frames. The mean's eyes are
    level, so the result does not depend on how any frame was moved, scaled or turned.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 136)
        x0 y0 ... x67 y67, of magnitude about 0.1. A frame whose points all coincide has no shape:
        its row is zeros.

    Raises
    ------
    ValueError
        If points has another shape, no frame, or a coordinate that is not finite.

    Notes
    -----
    With points as complex numbers z = x + iy, rotation is a factor of modulus 1 and the best one
    onto a mean m is the phase of <z, m>. The generalised (full) Procrustes mean, usually found by
    alternating between rotating and averaging, is then the leading eigenvector of sum z z*, with
    no iteration: Kent, "The complex Bingham distribution and shape analysis", JRSS B 56 (1994);
    Dryden and Mardia, "Statistical Shape Analysis" (2016), chapter 8.
    """
    checked = _check_points(points)
    scatter = np.zeros((N_POINTS, N_POINTS), dtype=np.complex128)
    for some in _blocks(len(checked)):
        z = _preshapes(checked[some])
        scatter += z.T @ z.conj()
    mean = np.linalg.eigh(scatter)[1][:, -1]
    # An eigenvector has no phase of its own: level the eyes.
    mean = mean * _phase(np.conj(mean[LEFT_EYE].mean() - mean[RIGHT_EYE].mean()))

    result = np.empty((len(checked), 2 * N_POINTS), dtype=np.float32)
    for some in _blocks(len(checked)):
        z = _preshapes(checked[some])
        z *= _phase(z.conj() @ mean)[:, None]
        result[some] = z.view(np.float64)
    return result


def pairwise(points: ArrayLike) -> Float32:
    """Return all distances between two points, over the distance between the eyes.

    Nothing is left of position, size and in-plane rotation. An eye is the mean of its six points.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)

    Returns
    -------
    ndarray of float32, shape (n, 2278)
        Columns are the pairs (0, 1), (0, 2), ..., (0, 67), (1, 2), ..., (66, 67). A frame whose
        eyes coincide has no size to divide by: its row is zeros.

    Raises
    ------
    ValueError
        If points has another shape, no frame, or a coordinate that is not finite.
    """
    checked = _check_points(points)
    result = np.empty((len(checked), N_POINTS * (N_POINTS - 1) // 2), dtype=np.float32)
    for some in _blocks(len(checked), 256):  # fits into the cache with its temporaries
        p = checked[some].astype(np.float64)
        between_eyes = p[:, LEFT_EYE].mean(axis=1) - p[:, RIGHT_EYE].mean(axis=1)
        unit = np.hypot(*between_eyes.T)
        # Relative to the face, so that neither rounding nor overflow makes a huge row.
        unit[unit <= 1e-6 * np.ptp(p, axis=1).max(axis=1)] = math.inf
        x, y = np.ascontiguousarray((p / unit[:, None, None]).transpose(2, 0, 1))
        column = 0
        for i in range(N_POINTS - 1):
            dx, dy = x[:, i + 1 :] - x[:, i, None], y[:, i + 1 :] - y[:, i, None]
            result[some, column : column + dx.shape[1]] = np.sqrt(dx**2 + dy**2)
            column += dx.shape[1]
    return result


def expression(points: ArrayLike, clip: ArrayLike, group: ArrayLike | None = None) -> Float32:
    """Return what the face does: its shape against the usual one, and how fast that changes.

    After `procrustes`, columns 0 to 135 are the deviation from the mean shape of the group, which
    takes the identity away, and columns 136 to 271 the difference to the previous frame of the
    clip, 0 at its first. Frames of a clip follow each other in the order of the rows.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2)
    clip : array-like, shape (n,)
        Which clip a frame belongs to.
    group : array-like, shape (n,), optional
        Whose mean shape is taken off, for example the person; numbers or strings. Default: the
        clip. A clip's mean expression goes with its identity then, so give the person where known.

    Returns
    -------
    ndarray of float32, shape (n, 272)

    Raises
    ------
    ValueError
        If points has another shape, no frame, or a coordinate that is not finite, or if clip or
        group do not have one entry per frame.
    """
    checked = _check_points(points)
    clip = _check_ids(clip, "clip", len(checked))
    group = clip if group is None else _check_ids(group, "group", len(checked))
    shape = procrustes(checked)
    result = np.zeros((len(shape), 2 * shape.shape[1]), dtype=np.float32)
    deviation, velocity = np.hsplit(result, 2)
    for rows in _groups(group):
        deviation[rows] = shape[rows] - shape[rows].mean(axis=0, dtype=np.float64)
    for rows in _groups(clip):
        velocity[rows[1:]] = shape[rows[1:]] - shape[rows[:-1]]
    return result


_FUNCTIONS = {"raw": raw, "nose": nose, "procrustes": procrustes, "pairwise": pairwise}
FEATURES = (*_FUNCTIONS, "expression")


def features(frames: LandmarkFrames, name: str, group: ArrayLike | None = None) -> Float32:
    """Compute the features called ``name``.

    Parameters
    ----------
    frames : LandmarkFrames
    name : {"raw", "nose", "procrustes", "pairwise", "expression"}
        One of ``FEATURES``: the function of this name.
    group : array-like, shape (n,), optional
        Only for "expression".

    Returns
    -------
    ndarray of float32, shape (n, f)
        With f = 136, 67, 136, 2278, 272.

    Raises
    ------
    ValueError
        If the name is unknown, a group comes with features that have none, or there is no frame.
    """
    if name not in FEATURES:
        raise ValueError(f"features must be one of {', '.join(FEATURES)}; got {name!r}")
    if name == "expression":
        return expression(frames.points, frames.clip, group)
    if group is not None:
        raise ValueError(f"group is only for the features 'expression', not for {name!r}")
    return _FUNCTIONS[name](frames.points)


def clip_features(
    frames: LandmarkFrames, feature: str = "expression", group: ArrayLike | None = None
) -> tuple[Float32, list[Clip]]:
    """Describe each clip by one vector: mean, spread, range and speed of its frames' features.

    Parameters
    ----------
    frames : LandmarkFrames
    feature : str, default="expression"
        One of ``FEATURES``, with f columns.
    group : array-like, shape (n,), optional
        Only for "expression". With the default, the clip, the means of its first 136 columns are
        zero: give the person where known.

    Returns
    -------
    X : ndarray of float32, shape (clips, 4 f)
        Mean, standard deviation, largest minus smallest, and mean absolute difference of
        consecutive frames (0 for a clip of one frame), f columns each.
    clips : list of Clip
        What each row of X is about.

    Raises
    ------
    ValueError
        As `features`.
    """
    F = features(frames, feature, group)
    clips = list(frames.clips())
    X = np.zeros((len(clips), 4, F.shape[1]), dtype=np.float32)
    for row, clip in zip(X, clips, strict=True):
        f = F[clip.rows].astype(np.float64)
        row[:3] = f.mean(axis=0), f.std(axis=0), np.ptp(f, axis=0)
        if len(f) > 1:
            row[3] = np.abs(np.diff(f, axis=0)).mean(axis=0)
    return X.reshape(len(clips), -1), clips


def _check_points(points: ArrayLike) -> NDArray[Any]:
    array = np.asarray(points)
    if array.ndim != 3 or array.shape[1:] != (N_POINTS, 2):
        raise ValueError(f"points must have shape (n, 68, 2), got {array.shape}")
    if not len(array):
        raise ValueError("points must hold at least one frame, got none")
    if array.dtype.kind not in "fiu":
        raise ValueError(f"points must be real numbers, got {array.dtype}")
    bad = ~np.isfinite(array)
    if bad.any():
        i, j, _ = np.argwhere(bad)[0]
        raise ValueError(f"points must be finite, but point {j} of frame {i} is {array[i, j]}")
    return array


def _check_ids(ids: ArrayLike, name: str, n: int) -> NDArray[Any]:
    array = np.asarray(ids)
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one entry per frame, got {array.shape}")
    return array


def _blocks(n: int, size: int = 2048) -> Iterator[slice]:
    """Cut n frames into slices, so that float64 copies stay small."""
    for start in range(0, n, size):
        yield slice(start, start + size)


def _preshapes(points: NDArray[Any]) -> NDArray[np.complex128]:
    """Centred complex shapes of norm 1, (n, 68); zeros where all points coincide."""
    p = np.ascontiguousarray(points, dtype=np.float64)
    z = p.view(np.complex128)[..., 0]
    centred = z - z.mean(axis=1, keepdims=True)
    size = np.linalg.norm(centred, axis=1)
    # Coinciding points do not centre to exact zeros: what is left is rounding.
    size[size <= 1e-10 * np.abs(z).max(axis=1)] = math.inf
    return centred / size[:, None]


def _phase(c: Any) -> Any:
    """Return c / abs(c), and 1 where c is 0."""
    size = np.abs(c)
    return np.where(size > 0, c, 1) / np.where(size > 0, size, 1)
