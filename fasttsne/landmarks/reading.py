"""Landmarks of any form: which one a file has, and reading it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from . import afew_va, arrays, pts, tracker_tables
from .choosing import check_choice, subset
from .conventions import ravdess_name
from .feat import read_feat
from .frames import LandmarkFrames
from .lists import is_list, read_list
from .openface import read_openface
from .parsing import files_in, name_of, open_text
from .ravdess import read_ravdess
from .views import read_images


@dataclass(frozen=True)
class _Form:
    """A form of landmarks: who reads it, and with which of the parameters of `read`."""

    read: Callable[..., LandmarkFrames]
    takes: tuple[str, ...] = ()


_READERS = {
    "landmark list": _Form(read_list, ("root",)),
    "OpenFace table": _Form(read_openface, ("min_confidence",)),
    "RAVDESS landmark table": _Form(read_ravdess, ("min_confidence", "root")),
    "py-feat table": _Form(read_feat, ("min_confidence", "root")),
    "AFEW-VA annotation": _Form(afew_va.read_afew_va, ("root",)),
    ".pts file": _Form(pts.read_pts, ("root",)),
    "array of landmarks": _Form(arrays.read_arrays, ("size",)),
}
FORMS = tuple(_READERS)
"""The names that `recognize` returns."""

_LISTS = (".txt", ".txt.gz")
_BY_FEAT = {"FaceScore", "FaceRectX"}
"""Columns that py-feat alone writes."""


def read(
    path: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str] | None = None,
    classes: Sequence[str] | None = None,
    max_clips: int = 0,
    max_frames_per_clip: int = 0,
    every: int = 1,
    drop_neutral: bool = False,
    min_confidence: float = 0.0,
    load_images: bool = False,
    size: tuple[float, float] | None = None,
) -> LandmarkFrames:
    """Read landmarks of any form that `recognize` knows.

    Parameters
    ----------
    path : path-like
        A file, or a folder with tables, AFEW-VA's annotations or ``.pts`` files.
    root : path-like, optional
        Folder that relative image paths start from; see the reader of the form. It does not apply
        to tables of OpenFace and to arrays.
    classes : sequence of str, optional
        Names of the labels to keep, for example ``["disgust", "surprise"]``; see `subset`.
    max_clips, max_frames_per_clip : int, default=0
        Keep only the first so many clips, and the first so many frames of each, after all other
        choices. 0 is no limit.
    every : int, default=1
        Keep each k-th frame of each clip.
    drop_neutral : bool, default=False
        Leave out the frames that are labelled neutral.
    min_confidence : float, default=0.0
        Keep only faces of at least this confidence, in [0, 1]. Only tables of trackers have one.
    load_images : bool, default=False
        Read the pictures of all frames, upright and in RGB, into ``images``; this needs Pillow.
        `LandmarkFrames.image` and `Frame.image` read them one by one.
    size : (float, float), optional
        Width and height of the pictures, for the normalized coordinates of MediaPipe.

    Returns
    -------
    LandmarkFrames

    Warns
    -----
    UserWarning
        If frames are left out because no face was found in them. The message counts them.

    Raises
    ------
    ValueError
        If the form is not known, a parameter does not apply to it, the content is malformed, or
        no frame is left. The message names the file and the place in it.
    TypeError
        If a number is not an int, or ``classes`` is a single text.
    FileNotFoundError
        If the file, or with ``load_images`` a picture, does not exist.
    ImportError
        If ``load_images`` is True and Pillow is not installed.

    See Also
    --------
    read_list, read_openface, read_ravdess, read_feat, read_afew_va, read_pts, read_arrays :
        The readers of the forms: what becomes label, clip and person.
    """
    check_choice(classes, every, max_clips, max_frames_per_clip)
    tracker_tables.check_confidence(min_confidence)
    name = recognize(path)
    if name is None:
        if not _has(path, _LISTS):
            raise ValueError(
                f"{os.fspath(path)}: has no landmarks in a form that is read: {', '.join(FORMS)}"
            )
        name = "landmark list"  # its reader says what is wrong in which line
    given = {"root": root, "min_confidence": min_confidence or None, "size": size}
    arguments = {key: value for key, value in given.items() if value is not None}
    for key in arguments:
        if key not in _READERS[name].takes:
            takers = ", ".join(other for other, form in _READERS.items() if key in form.takes)
            raise ValueError(
                f"{os.fspath(path)}: {key} does not apply to this form ({name}), only to: {takers}"
            )
    if name == "landmark list":
        arguments["drop_neutral"] = False
    frames = _READERS[name].read(path, **arguments)
    try:
        frames = subset(
            frames,
            classes=classes,
            drop_neutral=drop_neutral,
            every=every,
            max_clips=max_clips,
            max_frames_per_clip=max_frames_per_clip,
        )
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None
    if not load_images:
        return frames
    places = [os.fspath(path)] * len(frames)
    return replace(frames, images=read_images(frames.image_path, places))


def recognize(path: str | os.PathLike[str]) -> str | None:
    """Tell which form of landmarks a file or folder holds.

    Only names and the first lines are looked at; one file of each kind speaks for its folder.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str or None
        "landmark list", "OpenFace table", "RAVDESS landmark table", "py-feat table", "AFEW-VA
        annotation", ".pts file", "array of landmarks", or None for other content. A table that
        OpenFace has written without 2-D landmarks is an "OpenFace table", too; `read_openface` says
        what it lacks.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    path.stat()  # a missing file is an error, whatever its name
    if path.is_dir():
        return next(filter(None, map(recognize, _first_files(path))), None)
    try:
        if _has(path, _LISTS):
            return "landmark list" if is_list(path) else None
        if _has(path, tracker_tables.ENDINGS):
            return _kind_of_table(path)
        if _has(path, afew_va.ENDINGS):
            with open_text(path) as file:
                start = file.read(4096)
            is_afew_va = '"frames"' in start and ('"landmarks"' in start or '"valence"' in start)
            return "AFEW-VA annotation" if is_afew_va else None
        if _has(path, pts.ENDINGS):
            with open_text(path) as file:
                start = file.read(200)
            return ".pts file" if "{" in start or "n_points" in start else None
        if _has(path, arrays.ENDINGS):
            shapes = _shapes(path)
            return "array of landmarks" if any(map(arrays.is_landmarks, shapes)) else None
    except ValueError:  # not of the form that its name says
        return None
    return None


def _first_files(folder: Path) -> Iterator[Path]:
    """Return the first file of each kind of which a folder may hold many."""
    for endings in (pts.ENDINGS, afew_va.ENDINGS, tracker_tables.ENDINGS):
        with suppress(ValueError):  # there is none
            yield files_in(folder, endings)[0]


def _has(path: str | os.PathLike[str], endings: Sequence[str]) -> bool:
    return os.fspath(path).lower().endswith(tuple(endings))


def _kind_of_table(path: Path) -> str | None:
    header = set(tracker_tables.header_of(path))
    has_points = header.issuperset(tracker_tables.point_columns())
    if header & _BY_FEAT:
        return "py-feat table" if has_points else None
    if "confidence" in header and (has_points or header & tracker_tables.BY_OPENFACE):
        is_ravdess = ravdess_name(name_of(path, path)) is not None
        return "RAVDESS landmark table" if is_ravdess else "OpenFace table"
    return None


def _shapes(path: Path) -> list[tuple[int, ...]]:
    """Return the shapes of the arrays in a ``.npy`` or ``.npz`` file without reading them."""
    if _has(path, [".npy"]):
        with open(path, "rb") as file:
            return [_shape(file)]
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            return [_shape(archive.open(name)) for name in names]
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path}: {error}") from None


def _shape(file: IO[bytes]) -> tuple[int, ...]:
    version = np.lib.format.read_magic(file)
    read_header = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    return read_header(file)[0]
