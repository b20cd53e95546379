"""Facial-landmark lists in, arrays out: reading frames, grouping clips, computing features.

A frame is 68 points of one face (the iBUG 300-W order) with a label, a valence and an arousal.
Frames of one video make a clip; in a list the clip is the directory of the image path. ::

    frames = read_list("list.txt")       # or read_openface("video.csv")
    X = features(frames, "actions")      # (n, 18), ready for fasttsne.TSNE
    for clip in frames.clips():
        print(clip.name, len(clip.rows), frames.label_names.get(clip.label))
    X = standardize(X, person)           # where the person of each frame is known
    np.mean(leave_group_out(X, frames.label, person) == frames.label)
"""

from .catalog import FEATURES, clip_features, column_names, features
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
from .facial_actions import ACTIONS, actions
from .frames import Clip, LandmarkFrames
from .lists import read_list
from .openface import read_openface
from .persons import expression, standardize
from .scores import leave_group_out
from .shapes import procrustes, raw

__all__ = [
    "ACTIONS",
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
    "actions",
    "clip_features",
    "column_names",
    "expression",
    "features",
    "leave_group_out",
    "nose",
    "pairwise",
    "procrustes",
    "raw",
    "read_list",
    "read_openface",
    "standardize",
]
