"""Landmarks in arrays, as face-alignment, MediaPipe and programs of users give them."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from .._validation import as_array
from .assembling import assemble
from .checks import check_finite, check_ids
from .face import N_POINTS
from .frames import LandmarkFrames
from .mediapipe import MESHES, mediapipe_to_68
from .rows import positions
from .tally import NO_FACE, Tally, no_face

ENDINGS = (".npy", ".npz")

_COUNTS = (N_POINTS, *MESHES)
_WANTED = "(n, 68, 2 or 3), or (n, 468 or 478, 2 or 3) for MediaPipe"


def from_arrays(
    points: ArrayLike | Sequence[Any],
    *,
    clip: ArrayLike | None = None,
    label: ArrayLike | None = None,
    label_names: dict[int, str] | None = None,
    valence: ArrayLike | None = None,
    arousal: ArrayLike | None = None,
    person: ArrayLike | None = None,
    image_path: Sequence[str | os.PathLike[str]] | None = None,
    size: tuple[float, float] | None = None,
    name: str = "points",
) -> LandmarkFrames:
    """Make frames of landmarks in an array, or in a list with an entry for each picture.

    Parameters
    ----------
    points : array-like, shape (n, 68, 2 or 3), or list of length n
        Points in the order of iBUG 300-W, x to the right and y down, or the 468 or 478 points of
        MediaPipe's face mesh, which `mediapipe_to_68` maps. Third coordinates are left out. An
        entry of a list is what face-alignment's ``get_landmarks`` returns for a picture: None if
        there is no face in it, or the points of one face, or a list of those of several.
    clip : array-like, shape (n,), optional
        Clip of each entry: names or numbers. By default all are one, called ``name``. If a picture
        shows several faces, there is a clip for each, ``<clip>/face_<i>``.
    label : array-like of int or str, shape (n,), optional
        Default: 0. Texts are numbered in alphabetical order.
    label_names : dict of int to str, optional
        Names of labels that are numbers.
    valence, arousal : array-like, shape (n,), optional
        Default: 0.
    person : array-like, shape (n,), optional
        Who is seen in each entry.
    image_path : sequence of str or path, length n, optional
        By default it only names the frame, as ``<clip>/<number, five digits>``.
    size : (float, float), optional
        Width and height of the pictures, for MediaPipe's coordinates only.
    name : str, default="points"
        What messages call the points.

    Returns
    -------
    LandmarkFrames
        ``frame`` is the index of the entry in ``points``.

    Warns
    -----
    UserWarning
        If entries are left out that have no face: None, or all points 0, -1 or NaN. The message
        counts them.

    Raises
    ------
    ValueError
        If a shape or length does not fit, a coordinate is not finite, or no entry has a face.

    Examples
    --------
    >>> import numpy as np
    >>> from fasttsne.landmarks import from_arrays
    >>> face = np.random.default_rng(0).normal(size=(68, 3))
    >>> frames = from_arrays([[face], [face]], label=[0, 3], label_names={3: "happy"})
    >>> frames.points.shape, frames.label_name
    ((2, 68, 2), ['0', 'happy'])
    """
    if label is not None and np.asarray(label).dtype.kind in "UO":
        if label_names is not None:
            raise ValueError("label_names is for labels that are numbers, but these are texts")
        texts, label = np.unique(np.asarray(label, dtype=np.str_), return_inverse=True)
        label_names = dict(enumerate(texts.tolist()))
    entry, faces, n = _faces(points, name)
    given: dict[str, Any] = {"clip": clip, "label": label, "valence": valence, "arousal": arousal}
    given |= {"person": person, "image_path": image_path}
    known = {key: check_ids(v, key, n) for key, v in given.items() if v is not None}

    tally = Tally()
    n_empty = n - len(np.unique(entry))
    empty = np.concatenate([no_face(faces), np.ones(n_empty, dtype=bool)])
    rows = tally.keep({NO_FACE: empty})
    tally.settle(name)
    entry, faces = entry[rows], faces[rows]
    check_finite(name, faces)
    if faces.shape[1] in MESHES:
        face_points = mediapipe_to_68(faces, size)
    elif size is not None:
        raise ValueError("size is for the points of MediaPipe only; these are 68 points")
    else:
        face_points = faces.astype(np.float32)

    known = {key: value[entry] for key, value in known.items()}
    clips = [str(c) for c in known["clip"]] if "clip" in known else [name] * len(entry)
    place = positions(entry)
    crowded = {c for c, i in zip(clips, place, strict=True) if i}
    clips = [f"{c}/face_{i}" if c in crowded else c for c, i in zip(clips, place, strict=True)]
    paths = [f"{c}/{i:05d}" for c, i in zip(clips, entry, strict=True)]
    return assemble(
        face_points,
        clips,
        entry,
        [os.fspath(p) for p in known["image_path"]] if "image_path" in known else paths,
        label=known.get("label"),
        label_names=label_names,
        valence=known.get("valence"),
        arousal=known.get("arousal"),
        person=[str(p) for p in known["person"]] if "person" in known else None,
    )


def read_arrays(
    path: str | os.PathLike[str], size: tuple[float, float] | None = None
) -> LandmarkFrames:
    """Read landmarks from a ``.npy`` file, or from the one such array of a ``.npz`` file.

    Parameters
    ----------
    path : path-like
        File with an array of shape (n, 68, 2 or 3) in the order of iBUG 300-W, or (n, 468 or 478,
        2 or 3) of MediaPipe. Its name without the ending becomes the name of the one clip.
    size : (float, float), optional
        Width and height of the pictures, for MediaPipe's coordinates only.

    Returns
    -------
    LandmarkFrames
        As of `from_arrays`.

    Raises
    ------
    ValueError
        If the file is no such file, is damaged, or has no array or several arrays of this shape;
        and as for `from_arrays`.
    FileNotFoundError
        If the file does not exist.
    """
    try:
        content = np.load(path, allow_pickle=False)
        arrays = {"": content} if isinstance(content, np.ndarray) else dict(content.items())
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: is not a .npy or .npz file, or is damaged ({error})") from None
    found = {key: array for key, array in arrays.items() if is_landmarks(array.shape)}
    if len(found) != 1:
        there = ", ".join(f"{key} {array.shape}".strip() for key, array in arrays.items())
        raise ValueError(
            f"{path}: must have one array of landmarks, of shape {_WANTED}; got {there or 'none'}"
        )
    stem = Path(path).name.rpartition(".")[0]
    ((_, array),) = found.items()
    try:
        return from_arrays(array, clip=[stem] * len(array), size=size, name=os.fspath(path))
    except ValueError as error:
        message = str(error)
        raise ValueError(message if str(path) in message else f"{path}: {message}") from None


def is_landmarks(shape: tuple[int, ...]) -> bool:
    """Tell whether an array has the shape of landmarks that `read_arrays` reads."""
    return len(shape) == 3 and shape[1] in _COUNTS and shape[2] in (2, 3)


def _faces(points: Any, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Return entry (m,) and points (m, p, 2) of each face, and the number of entries."""
    if isinstance(points, Tensor):
        points = as_array(points)
    if isinstance(points, np.ndarray) and points.dtype != object:
        if not is_landmarks(points.shape):
            raise ValueError(f"{name} must have shape {_WANTED}; got {points.shape}")
        return np.arange(len(points)), points[..., :2].astype(np.float64), len(points)
    entries = list(points)
    found: list[NDArray[np.float64]] = []
    where: list[int] = []
    for i, faces in enumerate(entries):
        array = np.asarray([] if faces is None else faces, dtype=np.float64)
        if not array.size:
            continue
        # face-alignment's batches have the points of several faces in one array, one below another.
        is_stack = array.ndim == 2 and len(array) % N_POINTS == 0
        array = array.reshape(-1, N_POINTS if is_stack else array.shape[-2], array.shape[-1])
        if not is_landmarks(array.shape) or (found and array.shape[1] != found[0].shape[1]):
            raise ValueError(
                f"{name}[{i}] must be None or points of shape {_WANTED}, the same for all; got "
                f"{np.shape(faces)}"
            )
        found.append(array[..., :2])
        where += [i] * len(array)
    if not found:
        return np.zeros(0, np.int64), np.zeros((0, N_POINTS, 2)), len(entries)
    return np.array(where, dtype=np.int64), np.concatenate(found), len(entries)
