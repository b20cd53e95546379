"""One clip and one frame, as `LandmarkFrames.clips` and `LandmarkFrames.frames` give them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip: its frames, and their mean ratings and median label.

    Attributes
    ----------
    name : str
        Directory of the clip's images, or what the reader documents.
    rows : ndarray of int64, shape (frames,)
        Rows of its frames in the ``LandmarkFrames``, in rising order.
    valence, arousal : float
        Means over the frames.
    label : int
        Median over the frames. For an even count it is the lower of the two middle labels, so
        that it is a label that occurs.
    audio_path : str or None
        File with the sound of the clip, if the data set has a rule for its name; see `read_list`.
    label_name : str
        Name of the label, or its digits if it has none.
    person : str or None
        The person, if the source tells it; that of the first frame.
    """

    name: str
    rows: NDArray[np.int64]
    valence: float
    arousal: float
    label: int
    audio_path: str | None
    label_name: str = ""
    person: str | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame: its points and all that is known of it.

    Attributes
    ----------
    row : int
        Its row in the ``LandmarkFrames``.
    points : ndarray of float32, shape (68, 2)
    clip : str
        Name of its clip.
    number : int
        Number of the frame in its clip; see ``LandmarkFrames.frame``.
    label : int
    label_name : str
        Name of the label, or its digits if it has none.
    valence, arousal : float
    image_path : str
    audio_path : str or None
    person : str or None
    """

    row: int
    points: Float32
    clip: str
    number: int
    label: int
    label_name: str
    valence: float
    arousal: float
    image_path: str
    audio_path: str | None
    person: str | None
    _loaded: NDArray[np.uint8] | None = field(default=None, repr=False)

    def image(self) -> NDArray[np.uint8]:
        """Read the picture of the frame.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            In RGB, turned upright as the camera recorded (Exif). If the pictures were loaded with
            the list, no file is read.

        Raises
        ------
        ImportError
            If Pillow is not installed.
        OSError
            If there is no such file, or it is not a picture.
        """
        return read_image(self.image_path) if self._loaded is None else self._loaded


def read_images(paths: Sequence[str], places: Sequence[str]) -> list[NDArray[np.uint8]]:
    """Read pictures, each named at a place in a source; check first that every file exists.

    Raises
    ------
    FileNotFoundError
        If a file does not exist; the message names the place.
    """
    for path, place in zip(paths, places, strict=True):
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"{place}: no image file {path!r}; "
                "root must be the folder that relative paths start from"
            )
    return [read_image(path) for path in paths]


def read_image(path: str) -> NDArray[np.uint8]:
    """Read a picture from a file, upright and in RGB; see `Frame.image`."""
    from ..images import opened

    return np.array(opened(path))
