"""Synthetic facial-landmark video: faces that talk and show emotions, computed from formulas.

Examples, tests and benchmarks get frames like those of real video without a download: smooth
curves of poses and expressions in 136 dimensions, with clips, identities and tracking noise. The
face, the actions and the emotions are made by hand. They are not measurements: draw no conclusion
about people from them.

`make_landmark_frames` computes a frame in three steps:

1. face of the actor + displacements by facial actions (emotion, speech, blinks);
2. rotation, scaling and projection onto the picture;
3. noise in pixels.

The modules:

- ``face``: the mean face;
- ``actors``: the faces of individual actors;
- ``actions``: the table of facial actions, and the displacements that they cause;
- ``emotions``: the table of emotions as mixtures of actions;
- ``motion``: how actions and pose change during a clip;
- ``camera``: the projection onto the picture;
- ``video``: the frames, from all of these.
"""

from .actions import ACTIONS
from .emotions import EMOTIONS
from .video import make_landmark_frames

__all__ = ["ACTIONS", "EMOTIONS", "make_landmark_frames"]
