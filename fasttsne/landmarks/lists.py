"""Reader of landmark lists: text files with one frame per line."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .._text import is_number
from .assembling import assemble
from .choosing import check_choice, chosen_rows
from .conventions import (
    KNOWN_LABELS,
    RAVDESS_LABELS,
    audio_path_of,
    data_set_of,
    labels_of,
    person_of,
)
from .face import COORDINATES, N_POINTS
from .frames import LandmarkFrames
from .parsing import open_text, parse_numbers
from .rows import frame_numbers
from .tally import NO_FACE, Tally, no_face
from .views import read_images

_LINES_PER_BLOCK = 4096
"""Lines that are converted together: this bounds the memory of their text."""

_HINT = (
    ". A .txt file is read as a landmark list, with a frame in each line; word vectors are read "
    "with --name-column 0 in the shell, or name_column=0 in Python: each line begins with a name"
)

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
    *,
    classes: Sequence[str] | None = None,
    every: int = 1,
) -> LandmarkFrames:
    """Read a text list of frames, one per line.

    A line is ``image_path valence arousal label x0 y0 ... x67 y67`` (140 fields separated by white
    space), or the same without the label (139 fields; then the label is
    ``int((valence + 10) * (arousal + 10))``). All lines of a file have the same number of fields;
    empty lines are skipped. The clip of a frame is the directory of its image path. Image paths
    may contain spaces, and backslashes, which are read as slashes.

    The image path (with ``root``) also tells the data set:

    - It contains ``Ryerson`` (RAVDESS): labels 1 to 8 are neutral, calm, happy, sad, angry,
      fearful, disgust, surprised. The sound of ``Ryerson/Video/Actor_01/01-01-03-01-01-01-01.mp4``
      is in the audio-only file ``Ryerson/Audio/Actor_01/03-01-03-01-01-01-01.wav``: the last
      folder ``Video``, if there is one, becomes ``Audio``, and the first number, the modality,
      becomes 03. A clip whose name is not seven numbers has no sound. If all are, the last number,
      the actor, is the person.
    - It contains ``OMGEmotionChallenge``: labels 0 to 6 are anger, disgust, fear, happy, neutral,
      sad, surprise. The sound of ``OMGEmotionChallenge/set/frames/video/utterance`` is in
      ``OMGEmotionChallenge/set/wave/video/utterance.wav``: a folder ``wave`` beside the last folder
      ``frames`` has the same subfolders. Where there is no ``frames``, the sound of
      ``OMGEmotionChallenge/set/clip`` is in ``OMGEmotionChallenge/wave/set/clip.wav``.
    - Otherwise labels are any integers, without names, and there is no sound.

    Parameters
    ----------
    path : path-like
        The list, in UTF-8, perhaps compressed (``.txt.gz``).
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
        Read the image files into ``images``, upright and in RGB; this needs Pillow. Otherwise image
        files need not exist.
    classes : sequence of str, optional
        Names of the labels to keep; see `subset`. They are chosen before the limits are applied.
    every : int, default=1
        Keep each k-th frame of each clip.

    Returns
    -------
    LandmarkFrames

    Warns
    -----
    UserWarning
        If frames are left out because their points are all 0 or -1. The message counts them.

    Raises
    ------
    ValueError
        If a limit is negative, a line is malformed (the message names file, line number and
        field), the list mixes 139 and 140 fields or two data sets, there is no such class, or no
        frame is left.
    TypeError
        If a limit is not an int.
    FileNotFoundError
        If the list, or with ``load_images`` an image, does not exist.
    ImportError
        If ``load_images`` is True and Pillow is not installed.
    """
    check_choice(classes, every, max_clips, max_frames_per_clip)
    source = os.fspath(path)
    listed_path, table, line = _read_lines(source)
    tally = Tally()
    kept = tally.keep({NO_FACE: no_face(table[:, -2 * N_POINTS :])})
    tally.settle(source)
    if len(kept) < len(table):
        listed_path, table, line = [listed_path[i] for i in kept], table[kept], line[kept]

    image_path = [os.path.join(root, p) for p in listed_path] if root else listed_path
    data_set = data_set_of(image_path, source, line)
    has_label = table.shape[1] == _FIELDS_LABELLED - 1  # without the path
    label_names = KNOWN_LABELS.get(data_set, {}) if has_label else {}
    clips = [p.rpartition("/")[0] for p in listed_path]
    actor = {name: person_of(name, data_set) for name in set(clips)}
    person = [actor[name] for name in clips]
    frames = assemble(
        table[:, -2 * N_POINTS :].reshape(-1, N_POINTS, 2),
        clips,
        np.zeros(len(table), dtype=np.int64),
        image_path,
        label=labels_of(table, has_label, label_names, source, line),
        label_names=label_names,
        valence=table[:, 0],
        arousal=table[:, 1],
        person=[p for p in person if p] if all(person) else None,
        audio_path_of=lambda name: audio_path_of(os.path.join(root or "", name), data_set),
    )
    drop = drop_neutral and label_names is RAVDESS_LABELS
    try:
        rows = chosen_rows(frames, classes, drop, every, max_clips, max_frames_per_clip)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from None
    frames = frames.select(rows)
    places = [f"{source}, line {number}" for number in line[rows]]
    return replace(
        frames,
        frame=frame_numbers(frames.image_path, frames.clip),
        valence=_ratings(table[rows, 0], normalize),
        arousal=_ratings(table[rows, 1], normalize),
        images=read_images(frames.image_path, places) if load_images else None,
    )


def _read_lines(source: str) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """Return image paths (n), the other fields as numbers (n, 138 or 139) and line numbers (n)."""
    paths: list[str] = []
    lines: list[int] = []
    blocks: list[NDArray[np.float64]] = []
    width = 0
    names: list[str] = []
    with open_text(source) as file:
        split = ((number, _split(line)) for number, line in enumerate(file, 1))
        rows = ((number, row) for number, row in split if row)
        while chunk := list(islice(rows, _LINES_PER_BLOCK)):
            if not width:
                width = len(chunk[0][1])
                label = ["label"] if width == _FIELDS_LABELLED else []
                names = ["valence", "arousal", *label, *COORDINATES]
                first = chunk[0][0]
            for number, row in chunk:
                if len(row) not in (_FIELDS_UNLABELLED, _FIELDS_LABELLED):
                    hint = _HINT if number == first else ""
                    raise ValueError(
                        f"{source}, line {number}: {len(row)} fields; a frame has 140 (image_path "
                        f"valence arousal label x0 y0 ... x67 y67) or, without label, 139{hint}"
                    )
                if len(row) != width:
                    raise ValueError(
                        f"{source}, line {number}: {len(row)} fields where line {first} has "
                        f"{width}; a list has a label on all lines or on none"
                    )
            numbered = [number for number, _ in chunk]
            block = parse_numbers([row[1:] for _, row in chunk], names, source, np.array(numbered))
            lines += numbered
            paths += [row[0].replace("\\", "/") for _, row in chunk]
            blocks.append(block)
    if not blocks:
        raise ValueError(f"{source}: the list is empty, it must hold one frame per line")
    return paths, np.concatenate(blocks), np.array(lines, dtype=np.int64)


def is_list(path: str | os.PathLike[str]) -> bool:
    """Tell whether the first line of a file that is not empty is one of a landmark list."""
    with open_text(path) as file:
        first = next(filter(None, map(_split, file)), [])
    return len(first) in (_FIELDS_UNLABELLED, _FIELDS_LABELLED)


def _split(line: str) -> list[str]:
    """Split a line into its fields; an image path with spaces is one of them."""
    fields = line.split()
    n = len(fields)
    has_spaces = n > _FIELDS_LABELLED or (n == _FIELDS_LABELLED and _is_path(fields[1]))
    if not has_spaces:
        return fields
    # Count from the right: the field before the numbers is the end of the path.
    for numbers in (_FIELDS_UNLABELLED - 1, _FIELDS_LABELLED - 1):
        if not is_number(fields[n - numbers - 1]):
            return line.strip().rsplit(None, numbers)
    return fields


def _is_path(field: str) -> bool:
    return bool(re.search(r"[/\\]|\.[A-Za-z][A-Za-z0-9]{2,3}$", field))


def _ratings(value: NDArray[np.float64], normalize: bool) -> NDArray[np.float32]:
    """Convert valence or arousal to float32, divided by the largest magnitude if asked."""
    largest = np.abs(value).max() if normalize else 1.0
    return (value / (largest or 1.0)).astype(np.float32)
