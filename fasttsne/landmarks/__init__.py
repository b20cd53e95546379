"""Facial landmarks: reading lists of frames, grouping frames into clips, computing features.

A frame is 68 points of one face (in the order of iBUG 300-W) with a label, a valence and an
arousal. A clip is the frames of one video; in a list, of one directory of images. ::

    frames = read("list.txt")            # a list, or what OpenFace, py-feat and others have written
    X = features(frames, "actions")      # (n, 18), the input of fasttsne.TSNE
    for clip in frames.clips():
        print(clip.name, len(clip.rows), clip.label_name)
    X = standardize(X, frames.person)    # if the person of each frame is known
    np.mean(leave_group_out(X, frames.label, frames.person) == frames.label)  # accuracy
"""

from .afew_va import read_afew_va
from .arrays import from_arrays, read_arrays
from .catalog import FEATURES, clip_features, column_names, features
from .choosing import subset
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
from .feat import read_feat
from .frames import LandmarkFrames
from .lists import read_list
from .mediapipe import mediapipe_to_68
from .openface import read_openface
from .per_person import expression, standardize
from .point_distances import nose, pairwise
from .pts import read_pts
from .ravdess import read_ravdess
from .reading import FORMS, read, recognize
from .views import Clip, Frame

__all__ = [
    "ACTIONS",
    "BROWS",
    "CONTOURS",
    "EYES",
    "FEATURES",
    "FORMS",
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
    "Frame",
    "LandmarkFrames",
    "actions",
    "clip_features",
    "column_names",
    "expression",
    "features",
    "from_arrays",
    "leave_group_out",
    "mediapipe_to_68",
    "nose",
    "pairwise",
    "procrustes",
    "raw",
    "read",
    "read_afew_va",
    "read_arrays",
    "read_feat",
    "read_list",
    "read_openface",
    "read_pts",
    "read_ravdess",
    "recognize",
    "standardize",
    "subset",
]
