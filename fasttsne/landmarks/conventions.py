"""What data sets agree on by themselves: names of labels, and where the sound of a clip lies."""

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
# The word in an image path that says which conventions hold -> the names of its labels.
KNOWN_LABELS = {"Ryerson": RAVDESS_LABELS, "OMGEmotionChallenge": OMG_LABELS}
RAVDESS_NEUTRAL = 1
_LARGEST_LABEL = 2**53  # whole numbers up to here are exact in float64


def data_set_of(image_path: list[str], source: str, line: NDArray[np.int64]) -> str:
    """Return the one word of ``KNOWN_LABELS`` that the paths contain, or "" for none."""
    words = list(KNOWN_LABELS)
    found = [next((word for word in words if word in path), "") for path in image_path]
    odd = next((i for i, word in enumerate(found) if word != found[0]), None)
    if odd is not None:
        raise ValueError(
            f"{source}, line {line[odd]}: image path {image_path[odd]!r} belongs to another data "
            f"set than line {line[0]}, {image_path[0]!r}; their labels differ, so use a list each"
        )
    return found[0]


def checked_labels(
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


def audio_path_of(clip: str, data_set: str) -> str | None:
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
