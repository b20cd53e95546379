"""Frames in which no face was found: which they are, and how many were left out."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray


def no_face(points: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which frames, shape (n,), have coordinates that are all 0, all -1 or all NaN.

    Detectors write such frames where they find no face.
    """
    flat = points.reshape(len(points), math.prod(points.shape[1:]))
    return (flat == 0).all(axis=1) | (flat == -1).all(axis=1) | np.isnan(flat).all(axis=1)


NO_FACE = "without a face (all points 0, -1 or missing)"


class Tally:
    """Counts the frames that one call of a reader leaves out, by reason."""

    def __init__(self) -> None:
        self.seen = 0
        self.reasons: Counter[str] = Counter()

    def keep(self, failed: dict[str, NDArray[np.bool_]]) -> NDArray[np.int64]:
        """Count the failed frames, each for its first reason, and return the rows of the others.

        Parameters
        ----------
        failed : dict of str to ndarray of bool, shape (n,)
            Reason, as the end of "3 ...", and the frames to which it applies.
        """
        left = np.ones(len(next(iter(failed.values()))), dtype=bool)
        self.seen += len(left)
        for reason, mask in failed.items():
            self.reasons[reason] += int((left & mask).sum())
            left &= ~mask
        return np.flatnonzero(left)

    def settle(self, source: str) -> None:
        """Warn if frames were left out.

        Raises
        ------
        ValueError
            If no frame is left.
        """
        dropped = sum(self.reasons.values())
        why = ", ".join(f"{count} {reason}" for reason, count in self.reasons.items() if count)
        if not self.seen:
            raise ValueError(f"{source}: has no frames")
        if dropped == self.seen:
            raise ValueError(f"{source}: none of {self.seen} frames is left: {why}")
        if dropped:
            warnings.warn(
                f"{source}: {dropped} of {self.seen} frames are left out: {why}",
                UserWarning,
                stacklevel=3,
            )
