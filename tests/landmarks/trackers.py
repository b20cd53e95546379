"""What face trackers write: headers and rows of their tables, and faces to put into them."""

from __future__ import annotations

import numpy as np

XY = [f"{axis}_{i}" for axis in "xy" for i in range(68)]
GAZE = "gaze_0_x gaze_0_y gaze_0_z gaze_1_x gaze_1_y gaze_1_z gaze_angle_x gaze_angle_y".split()
EYES = [f"eye_lmk_{axis}_{i}" for axis in "xyXYZ" for i in range(56)]
POSE = "pose_Tx pose_Ty pose_Tz pose_Rx pose_Ry pose_Rz".split()
SHAPE = [f"{axis}_{i}" for axis in "XYZ" for i in range(68)]
MODEL = ["p_scale", *(f"p_{x}" for x in "rx ry rz tx ty".split()), *(f"p_{i}" for i in range(34))]
UNITS = "01 02 04 05 06 07 09 10 12 14 15 17 20 23 25 26 45".split()
ACTION_UNITS = [f"AU{u}_r" for u in UNITS] + [f"AU{u}_c" for u in [*UNITS[:-1], "28", "45"]]
REST = [*GAZE, *EYES, *POSE, *XY, *SHAPE, *MODEL, *ACTION_UNITS]

OPENFACE = ["frame", "face_id", "timestamp", "confidence", "success", *REST]
"""Header of FeatureExtraction and FaceLandmarkVidMulti of OpenFace 2.2 with all outputs."""
ONE_IMAGE = ["face", "confidence", *REST]
"""Header of FaceLandmarkImg of OpenFace 2.2."""
RAVDESS = ["frame", "timestamp", "confidence", *REST]
"""Header of the tables of Zenodo 3255102."""

BOX = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
FEX_UNITS = [
    f"AU{u}" for u in "01 02 04 05 06 07 09 10 11 12 14 15 17 20 23 24 25 26 28 43".split()
]
OLD_EMOTIONS = "anger disgust fear happiness sadness surprise neutral".split()
NEW_EMOTIONS = "Neutral Happy Sad Surprise Fear Disgust Anger".split()
FEX_1 = ["frame", *BOX, *XY, *FEX_UNITS, "Pitch", "Roll", "Yaw", *OLD_EMOTIONS, "input"]
"""Header of a Fex table of py-feat 0.4 to 0.6."""
FEX_2 = [*BOX, *XY, "Pitch", "Roll", "Yaw", "X", "Y", "Z", *FEX_UNITS, *NEW_EMOTIONS]
FEX_2 += ["valence", "arousal", "gaze_pitch", "gaze_yaw", "gaze_angle", "Identity_1", "Identity_2"]
FEX_2 += ["FrameHeight", "FrameWidth", "input", "frame", "approx_time", "Identity"]
"""Header of a Fex table of py-feat 0.7 and later, without the mesh."""


def face(seed: int = 0) -> np.ndarray:
    """Return 68 points in pixels with one decimal, as trackers print them."""
    return np.random.default_rng(seed).integers(1000, 6000, (68, 2)) / 10


def row(header: list[str], seed: int | None = 0, **fields: object) -> list[str]:
    """Return a row with the points of a face (none without a seed), some fields, and 0.5 else."""
    known = {name: str(value) for name, value in fields.items()}
    if seed is not None:
        points = face(seed)
        known |= {f"x_{i}": str(x) for i, x in enumerate(points[:, 0])}
        known |= {f"y_{i}": str(y) for i, y in enumerate(points[:, 1])}
    return [known.get(name, "0.5") for name in header]


def table(header: list[str], *rows: list[str], delimiter: str = ",", end: str = "\n") -> str:
    """Return the text of a table."""
    return "".join(delimiter.join(line) + end for line in [header, *rows])
