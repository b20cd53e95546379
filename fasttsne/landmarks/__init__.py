"""Facial-landmark lists in, arrays out: reading frames, grouping clips, computing features.

A frame is 68 points of one face (the iBUG 300-W order) with a label, a valence and an arousal.
Frames of one video make a clip; in a list the clip is the directory of the image path.

    frames = read_list("list.txt")       # or read_openface("video.csv")
    X = features(frames, "expression")   # (n, 272), ready for fasttsne.TSNE
    for clip in frames.clips():
        print(clip.name, len(clip.rows), frames.label_names.get(clip.label))
"""

from .catalog import FEATURES, clip_features, features
from .conventions import OMG_LABELS, RAVDESS_LABELS
from .distances import nose, pairwise
from .face import (
    BROWS,
    CONTOURS,
    EYES,
    JAW,
    LEFT_EYE,
    LIPS,
    N_POINTS,
    NOSE,
    NOSE_TIP,
    RIGHT_EYE,
)
from .frames import Clip, LandmarkFrames
from .lists import read_list
from .openface import read_openface
from .persons import expression
from .shapes import procrustes, raw

__all__ = [
    "BROWS",
    "CONTOURS",
    "EYES",
    "FEATURES",
    "JAW",
    "LEFT_EYE",
    "LIPS",
    "NOSE",
    "NOSE_TIP",
    "N_POINTS",
    "OMG_LABELS",
    "RAVDESS_LABELS",
    "RIGHT_EYE",
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
