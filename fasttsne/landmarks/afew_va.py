"""Reader of the annotations of AFEW-VA."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from .assembling import assemble, join
from .face import N_POINTS
from .frames import LandmarkFrames
from .parsing import files_in, open_text
from .tally import NO_FACE, Tally, no_face

ENDINGS = (".json", ".json.gz")


def read_afew_va(
    path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None
) -> LandmarkFrames:
    """Read the annotations of AFEW-VA: clips of films with valence and arousal of each frame.

    A file ``001/001.json`` holds ``video_id``, ``actor`` and ``frames``, which has for each number
    of a frame, as "00000", its ``landmarks`` (68 pairs x, y in pixels), ``valence`` and ``arousal``
    (-10 to 10). A file is a clip, named by ``video_id``; the actor becomes the person. There are no
    labels: they are 0, without names.

    Parameters
    ----------
    path : path-like
        A file, or a folder that contains them at any depth.
    root : path-like, optional
        Folder of the folders ``001`` to ``600`` with the pictures ``00000.png``. By default the
        pictures of a clip are beside its file.

    Returns
    -------
    LandmarkFrames

    Warns
    -----
    UserWarning
        If frames are left out, because they have no landmarks or all are 0 or -1. The message
        counts them.

    Raises
    ------
    ValueError
        If a file is not such JSON, a frame is malformed (the message names file and frame), or no
        frame is kept.
    FileNotFoundError
        If the file does not exist.

    References
    ----------
    Kossaifi, Tzimiropoulos, Todorovic and Pantic, "AFEW-VA database for valence and arousal
    estimation in-the-wild", Image and Vision Computing 65 (2017).
    """
    tally = Tally()
    parts = [_read(file, root, tally) for file in files_in(path, ENDINGS)]
    tally.settle(os.fspath(path))
    return join(parts)


def _read(file: Path, root: str | os.PathLike[str] | None, tally: Tally) -> LandmarkFrames:
    content = _load(file)
    frames = content["frames"]
    try:
        keys = sorted(frames, key=int)
    except ValueError:
        odd = next(key for key in frames if not key.strip().isdigit())
        raise ValueError(f"{file}: the frame {odd!r} is not named by a number") from None
    points = np.full((len(keys), N_POINTS, 2), np.nan)
    ratings = np.zeros((len(keys), 2))
    for row, key in enumerate(keys):
        where, frame = f"{file}, frame {key!r}", frames[key]
        if not isinstance(frame, dict):
            raise ValueError(f"{where}: must hold landmarks, valence and arousal, got {frame!r}")
        landmarks = frame.get("landmarks") or []
        if landmarks:
            points[row] = _numbers(landmarks, (N_POINTS, 2), f"{where}: landmarks")
        for i, name in enumerate(("valence", "arousal")):
            ratings[row, i] = _numbers(frame.get(name), (), f"{where}: {name}")
    rows = tally.keep({NO_FACE: no_face(points)})

    clip = str(content.get("video_id") or file.name.split(".")[0])
    folder = os.path.join(root, clip) if root is not None else os.path.dirname(file)
    actor = content.get("actor")
    return assemble(
        points[rows],
        [clip] * len(rows),
        [int(keys[i]) for i in rows],
        [os.path.join(folder, f"{keys[i]}.png") for i in rows],
        valence=ratings[rows, 0],
        arousal=ratings[rows, 1],
        person=None if actor in (None, "") else [str(actor)] * len(rows),
    )


def _load(file: Path) -> dict[str, Any]:
    try:
        with open_text(file) as text:
            content = json.load(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{file}, line {error.lineno}, column {error.colno}: is not JSON ({error.msg})"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("frames"), dict):
        raise ValueError(
            f"{file}: is no annotation of AFEW-VA, which is a JSON object with an object 'frames'"
        )
    return content


def _numbers(value: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return finite numbers of a shape, or raise ValueError."""
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):  # not numbers, or rows of different lengths
        numbers = np.array(np.nan)
    if numbers.shape == shape and np.isfinite(numbers).all():
        return numbers
    if shape:
        got = f"an array of shape {numbers.shape}" if numbers.shape else "something else"
        raise ValueError(f"{what} must be {shape[0]} pairs of finite numbers, got {got}")
    raise ValueError(f"{what} must be a finite number, got {value!r}")
