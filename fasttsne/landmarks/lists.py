"""Reader of landmark lists: text files with one frame per line."""

from __future__ import annotations

import os
import re
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .._validation import integer
from .conventions import (
    KNOWN_LABELS,
    RAVDESS_LABELS,
    RAVDESS_NEUTRAL,
    audio_path_of,
    data_set_of,
    labels_of,
)
from .face import COORDINATES, N_POINTS
from .frames import LandmarkFrames
from .parsing import parse_numbers
from .rows import positions

_LINES_PER_BLOCK = 4096
"""Lines that are converted together: this bounds the memory of their text."""

_FIELDS_UNLABELLED = 3 + 2 * N_POINTS
_FIELDS_LABELLED = 4 + 2 * N_POINTS


def read_list(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    max_clips: int = 0,
    max_frames_per_clip: int = 0,
    normalize: bool = False,
    drop_neutral: bool = True,
    load_images: bool = False,
) -> LandmarkFrames:
    """Read a text list of frames, one per line.

    A line is ``image_path valence arousal label x0 y0 ... x67 y67`` (140 fields separated by white
    space), or the same without the label (139 fields; then the label is
    ``int((valence + 10) * (arousal + 10))``). All lines of a file have the same number of fields;
    empty lines are skipped. The clip of a frame is the directory of its image path.

    The image path (with ``root``) also tells the data set:

    - It contains ``Ryerson`` (RAVDESS): labels 1 to 8 are neutral, calm, happy, sad, angry,
      fearful, disgust, surprised. The sound of ``Ryerson/Video/Actor_01/01-01-03-01-01-01-01.mp4``
      is in the audio-only file ``Ryerson/Audio/Actor_01/03-01-03-01-01-01-01.wav``: the last
      folder ``Video``, if there is one, becomes ``Audio``, and the first number, the modality,
      becomes 03. A clip whose name is not seven numbers has no sound.
    - It contains ``OMGEmotionChallenge``: labels 0 to 6 are anger, disgust, fear, happy, neutral,
      sad, surprise. The sound of ``OMGEmotionChallenge/set/clip`` is in
      ``OMGEmotionChallenge/wave/set/clip.wav``: a folder ``wave`` beside the sets has the same
      subfolders.
    - Otherwise labels are any integers, without names, and there is no sound.

    Parameters
    ----------
    path : path-like
        The list, in UTF-8.
    root : path-like, optional
        Folder that relative image paths start from; it is put before image and audio paths. Clip
        names stay as they are in the list.
    max_clips, max_frames_per_clip : int, default=0
        Keep only so many clips, and so many frames of each, the first in the list. 0 is no limit.
    normalize : bool, default=False
        Divide valence, and likewise arousal, by its largest magnitude among the frames returned,
        so that it lies in [-1, 1]. If all are zero, they stay zero.
    drop_neutral : bool, default=True
        Leave out the neutral frames of RAVDESS, before the limits are applied. Other data sets and
        lists without labels are unaffected.
    load_images : bool, default=False
        Read the image files into ``images``, in RGB; this needs Pillow. Otherwise image files need
        not exist.

    Returns
    -------
    LandmarkFrames

    Raises
    ------
    ValueError
        If a limit is negative, a line is malformed (the message names file, line number and
        field), the list mixes 139 and 140 fields or two data sets, or no frame is left.
    TypeError
        If a limit is not an int.
    FileNotFoundError
        If the list, or with ``load_images`` an image, does not exist.
    ImportError
        If ``load_images`` is True and Pillow is not installed.
    """
    max_clips = integer("max_clips", max_clips, 0)
    max_frames_per_clip = integer("max_frames_per_clip", max_frames_per_clip, 0)
    source = os.fspath(path)

    listed_path, table, line = _read_lines(source)
    image_path = [os.path.join(root, p) for p in listed_path] if root else listed_path
    data_set = data_set_of(image_path, source, line)
    has_label = table.shape[1] == _FIELDS_LABELLED - 1  # without the path
    label_names = KNOWN_LABELS.get(data_set, {}) if has_label else {}
    label = labels_of(table, has_label, label_names, source, line)

    keep = np.ones(len(table), dtype=bool)
    if drop_neutral and label_names is RAVDESS_LABELS:
        keep = label != RAVDESS_NEUTRAL
        if not keep.any():
            raise ValueError(
                f"{source}: all {len(table)} frames are neutral and would be dropped; "
                "pass drop_neutral=False to keep them"
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
        valence=_ratings(table[rows, 0], normalize),
        arousal=_ratings(table[rows, 1], normalize),
        image_path=image_path,
        audio_path=[audio_path_of(name, data_set) for name in joined_names],
        clip_names=clip_names,
        images=_read_images(image_path, source, line[rows]) if load_images else None,
    )


def _read_lines(source: str) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """Return image paths (n), the other fields as numbers (n, 138 or 139) and line numbers (n)."""
    paths: list[str] = []
    lines: list[int] = []
    blocks: list[NDArray[np.float64]] = []
    width = 0
    names: list[str] = []
    # surrogateescape: a path may hold bytes that are not UTF-8; they are kept as they are.
    with open(source, encoding="utf-8-sig", errors="surrogateescape") as file:
        split = ((number, line.split()) for number, line in enumerate(file, 1))
        rows = ((number, row) for number, row in split if row)
        while chunk := list(islice(rows, _LINES_PER_BLOCK)):
            if not width:
                width = len(chunk[0][1])
                label = ["label"] if width == _FIELDS_LABELLED else []
                names = ["valence", "arousal", *label, *COORDINATES]
                first = chunk[0][0]
            for number, row in chunk:
                if len(row) not in (_FIELDS_UNLABELLED, _FIELDS_LABELLED):
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
        raise ValueError(f"{source}: the list is empty, it must hold one frame per line")
    return paths, np.concatenate(blocks), np.array(lines, dtype=np.int64)


def _frame_numbers(image_path: list[str], position: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number at the end of each file name, or its position in the clip without one."""
    # Up to 18 digits, the last ones: any number of 18 digits fits into int64.
    number = re.compile(r"([0-9]{1,18})(?:\.[^./]*)?$")
    found = map(number.search, image_path)
    return np.array(
        [int(m[1]) if m else p for m, p in zip(found, position.tolist(), strict=True)],
        dtype=np.int64,
    )


def _ratings(value: NDArray[np.float64], normalize: bool) -> NDArray[np.float32]:
    """Convert valence or arousal to float32, divided by the largest magnitude if asked."""
    largest = np.abs(value).max() if normalize else 1.0
    return (value / (largest or 1.0)).astype(np.float32)


def _read_images(
    image_path: list[str], source: str, line: NDArray[np.int64]
) -> list[NDArray[np.uint8]]:
    """Read all images in RGB; check first that every file exists."""
    for path, number in zip(image_path, line, strict=True):
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"{source}, line {number}: no image file {path!r}; "
                "root must be the folder that relative paths start from"
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
