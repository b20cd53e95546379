"""Landmark lists: text files with a frame a line."""

from __future__ import annotations

import os
import re
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .conventions import (
    KNOWN_LABELS,
    RAVDESS_LABELS,
    RAVDESS_NEUTRAL,
    audio_path_of,
    checked_labels,
    data_set_of,
)
from .face import N_POINTS
from .frames import LandmarkFrames, positions
from .parsing import parse_numbers

_LINES_AT_ONCE = 4096


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
    data_set = data_set_of(image_path, source, line)
    has_label = table.shape[1] == 3 + 2 * N_POINTS
    label_names = KNOWN_LABELS.get(data_set, {}) if has_label else {}
    label = checked_labels(table, has_label, label_names, source, line)

    keep = np.ones(len(table), dtype=bool)
    if drop_neutral and label_names is RAVDESS_LABELS:
        keep = label != RAVDESS_NEUTRAL
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
    position = positions(clip)
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
        audio_path=[audio_path_of(name, data_set) for name in joined_names],
        clip_names=clip_names,
        images=_read_images(image_path, source, line[rows]) if load_images else None,
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
            block = parse_numbers([row[1:] for _, row in chunk], names, source, np.array(numbered))
            lines += numbered
            paths += [row[0] for _, row in chunk]
            blocks.append(block)
    if not blocks:
        raise ValueError(f"{source}: the list is empty")
    return paths, np.concatenate(blocks), np.array(lines, dtype=np.int64)


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
