"""Conventions of the data sets RAVDESS and OMG-Emotion: names of labels, paths of audio files.

A list does not name its data set; a word in the paths of its images does.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

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
_RAVDESS_NAME = re.compile(r"[0-9]{2}(-[0-9]{2}){6}")

KNOWN_LABELS = {"Ryerson": RAVDESS_LABELS, "OMGEmotionChallenge": OMG_LABELS}
"""Word in an image path that tells the data set -> names of its labels."""

_LARGEST_LABEL = 2**53  # float64 represents integers exactly up to here


def data_set_of(image_path: list[str], source: str, line: NDArray[np.int64]) -> str:
    """Return the word of ``KNOWN_LABELS`` that all paths contain, or "" if none contains any.

    Raises
    ------
    ValueError
        If the paths belong to different data sets.
    """
    found = [next((word for word in KNOWN_LABELS if word in path), "") for path in image_path]
    odd = next((i for i, word in enumerate(found) if word != found[0]), None)
    if odd is not None:
        raise ValueError(
            f"{source}, line {line[odd]}: image path {image_path[odd]!r} belongs to another data "
            f"set than {image_path[0]!r} in line {line[0]}; labels mean different things in them, "
            "so make a list for each"
        )
    return found[0]


def labels_of(
    table: NDArray[np.float64],
    has_label: bool,
    label_names: dict[int, str],
    source: str,
    line: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the labels of a list as integers, shape (n,).

    Parameters
    ----------
    table : ndarray of float64, shape (n, columns)
        Valence, arousal and, if ``has_label``, label in the first columns.
    has_label : bool
        Otherwise the label is ``int((valence + 10) * (arousal + 10))``.
    label_names : dict of int to str
        The labels that are allowed; empty for all.
    source : str
        Name of the list, for error messages.
    line : ndarray of int64, shape (n,)
        Line number of each row, for error messages.

    Raises
    ------
    ValueError
        If a label is not an integer, is beyond 2^53 or is not allowed.
    """
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


def ravdess_name(name: str) -> tuple[int, str] | None:
    """Return emotion (1 to 8) and actor ("01" to "24") of a name such as 01-01-03-01-01-01-12.

    None if it is not seven numbers of two digits. An ending is not part of the name.
    """
    if not _RAVDESS_NAME.fullmatch(name):
        return None
    numbers = name.split("-")
    return int(numbers[2]), numbers[6]


def person_of(clip: str, data_set: str) -> str | None:
    """Return the actor of a clip of RAVDESS; None for other data sets and other names of clips."""
    found = ravdess_name(_without_ending(clip.rpartition("/")[2]))
    return found[1] if found and data_set == "Ryerson" else None


def audio_path_of(clip: str, data_set: str) -> str | None:
    """Return the path of the sound of a clip by the rules that `read_list` documents, or None.

    Parameters
    ----------
    clip : str
        Directory of the clip's images.
    data_set : str
        As `data_set_of` returns.
    """
    *folders, name = clip.replace("\\", "/").split("/")
    name = _without_ending(name)
    if data_set == "Ryerson":
        if ravdess_name(name) is None:
            return None
        _replace_last(folders, "Video", "Audio")
        return "/".join([*folders, f"03{name[2:]}.wav"])
    if data_set == "OMGEmotionChallenge":
        inside = [i for i, folder in enumerate(folders) if data_set in folder]
        if inside and name:
            if not _replace_last(folders, "frames", "wave", after=inside[-1]):
                folders.insert(inside[-1] + 1, "wave")
            return "/".join([*folders, f"{name}.wav"])
    return None


def _replace_last(folders: list[str], old: str, new: str, after: int = -1) -> bool:
    """Rename the last folder of this name that comes after a place; tell whether there is one."""
    for i in range(len(folders) - 1, after, -1):
        if folders[i] == old:
            folders[i] = new
            return True
    return False


def _without_ending(name: str) -> str:
    """Return the name of a video without the ending."""
    return re.sub(r"\.(mp4|avi|mov|mkv|webm|flv)$", "", name, flags=re.IGNORECASE)
