"""The 68 points of a face, in the order of iBUG 300-W."""

from __future__ import annotations

N_POINTS = 68

COORDINATES = [f"{axis}{i}" for i in range(N_POINTS) for axis in "xy"]
"""Names of the numbers of a frame, point by point: x0, y0, ..., x67, y67."""

# Parts of the face. "Right" and "left" are the person's: the right eye is on the left of the
# picture.
JAW = slice(0, 17)
BROWS = slice(17, 27)
NOSE = slice(27, 36)
NOSE_TIP = 30
EYES = slice(36, 48)
RIGHT_EYE = slice(36, 42)
LEFT_EYE = slice(42, 48)
LIPS = slice(48, 68)

# The polylines that draw a face: name -> (points, is it closed).
CONTOURS: dict[str, tuple[slice, bool]] = {
    "jaw": (JAW, False),
    "right brow": (slice(17, 22), False),
    "left brow": (slice(22, 27), False),
    "nose bridge": (slice(27, 31), False),
    "nostrils": (slice(31, 36), False),
    "right eye": (RIGHT_EYE, True),
    "left eye": (LEFT_EYE, True),
    "outer lips": (slice(48, 60), True),
    "inner lips": (slice(60, 68), True),
}
