"""Facial landmarks: reading lists of frames, grouping frames into clips, computing features.

A frame is 68 points of one face (in the order of iBUG 300-W) with a label, a valence and an
arousal. A clip is the frames of one video; in a list, of one directory of images. ::

    frames = read_list("list.txt")       # or read_openface("video.csv")
    X = features(frames, "actions")      # (n, 18), the input of fasttsne.TSNE
    for clip in frames.clips():
        print(clip.name, len(clip.rows), frames.label_names.get(clip.label))
    X = standardize(X, person)           # if the person of each frame is known
    np.mean(leave_group_out(X, frames.label, person) == frames.label)  # accuracy
"""

from .catalog import FEATURES, clip_features, column_names, features
from .conventions import OMG_LABELS, RAVDESS_LABELS
from .coordinates import procrustes, raw
from .cross_validation import leave_group_out
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
from .per_person import expression, standardize
from .point_distances import nose, pairwise

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
