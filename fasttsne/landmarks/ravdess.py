"""Reader of the landmark tables of RAVDESS."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from .conventions import RAVDESS_LABELS, audio_path_of, ravdess_name
from .frames import LandmarkFrames
from .openface import read_tables


def read_ravdess(
    path: str | os.PathLike[str],
    min_confidence: float = 0.0,
    root: str | os.PathLike[str] | None = None,
) -> LandmarkFrames:
    """Read landmark tables of RAVDESS, the data set of acted emotions in speech and song.

    They are the files ``01-01-03-01-01-01-01.csv`` of the RAVDESS Facial Landmark Tracking data set
    (OpenFace 2.1, points in pixels of 1280 x 720 pictures), or tables that OpenFace has made of its
    videos. The name of a file tells the emotion (third number), which becomes the label, and the
    actor (last number), who becomes the person. Valence and arousal are 0.

    Parameters
    ----------
    path : path-like
        A file, or a folder of them; each is a clip, named as its file without the ending.
    min_confidence : float, default=0.0
        Keep only rows with at least this tracking confidence, in [0, 1].
    root : path-like, optional
        Folder of the videos: the sound of a clip is sought from there by the rule of `read_list`,
        and otherwise from the folder of the file.

    Returns
    -------
    LandmarkFrames

    Warns
    -----
    UserWarning
        If rows are left out; see `read_openface`.

    Raises
    ------
    ValueError
        As for `read_openface`; also if the name of a file is not seven numbers of two digits, or
        its emotion is not 01 to 08.
    FileNotFoundError
        If the file does not exist.

    References
    ----------
    Livingstone and Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song", PLOS
    ONE 13 (2018); Swanson, Livingstone and Russo, "RAVDESS Facial Landmark Tracking", Zenodo
    3255102 (2019).
    """

    def named(frames: LandmarkFrames, name: str, folder: str) -> LandmarkFrames:
        emotion, actor = _parts_of(name, folder)
        if root is not None:
            folder = os.fspath(root)
        stem = name.rpartition("/")[2]
        sound = audio_path_of(os.path.join(folder, stem), "Ryerson")
        return replace(
            frames,
            label=np.full(len(frames), emotion),
            label_names=dict(RAVDESS_LABELS),
            audio_path=[sound] * len(frames.clip_names),
            person=np.full(len(frames), actor),
        )

    return read_tables(path, min_confidence, named)


def _parts_of(name: str, folder: str) -> tuple[int, str]:
    stem = name.rpartition("/")[2]
    found = ravdess_name(stem)
    if found is None or found[0] not in RAVDESS_LABELS:
        known = ", ".join(f"{key:02d} {label}" for key, label in RAVDESS_LABELS.items())
        raise ValueError(
            f"{os.path.join(folder, stem)}: the name of a file of RAVDESS is seven numbers of two "
            f"digits, as 01-01-03-01-01-01-01, of which the third is the emotion: {known}"
        )
    return found
