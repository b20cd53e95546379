"""How facial actions and the pose of the head change during a clip.

Arrays have a row for each frame. The random numbers of a clip are uniform in [0, 1) and the same in
all rows of the clip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .actions import ACTIONS

FRAMES_PER_SECOND = 30.0

# Signals that vary smoothly, each with the frequency band of its sinusoids in hertz.
_BANDS = {
    "yaw": (0.1, 0.4),
    "pitch": (0.1, 0.5),
    "roll": (0.1, 0.4),
    "x": (0.05, 0.3),
    "y": (0.05, 0.3),
    "size": (0.05, 0.2),
    "strength": (0.3, 1.0),
    "jaw": (2.0, 4.0),
    "lips": (1.0, 2.5),
    "press": (1.0, 2.0),
}
_SINUSOIDS_PER_SIGNAL = 3

N_SINUSOIDS = len(_BANDS) * _SINUSOIDS_PER_SIGNAL
"""Sinusoids of all signals: as many frequencies and phases are drawn for each clip."""

N_TIMES = 6
"""Random numbers that set the timing of a clip.

In order: onset of the emotion, its release, its peak strength, length of the phrases, offset of
phrases and blinks, period of the blinks.
"""


def smooth_signals(
    frequency: NDArray[np.float64], phase: NDArray[np.float64], seconds: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Evaluate sums of sinusoids of random frequencies and phases.

    A signal is the sum of its three sinusoids, divided by the square root of 3: its root mean
    square is about 0.7, its largest possible magnitude 1.73.

    Parameters
    ----------
    frequency, phase : ndarray, shape (frames, N_SINUSOIDS)
        Random numbers of the clip: where in its band the frequency lies, and the phase in turns.
    seconds : ndarray, shape (frames,)
        Time since the clip began.

    Returns
    -------
    dict of str to ndarray, shape (frames,)
        For the pose "yaw", "pitch", "roll", "x", "y" and "size"; for the emotion "strength"; for
        speech "jaw", "lips" and "press".
    """
    low, high = np.repeat(np.array(list(_BANDS.values())), _SINUSOIDS_PER_SIGNAL, axis=0).T
    angle = 2 * np.pi * ((low + (high - low) * frequency) * seconds[:, None] + phase)
    waves = np.sin(angle).reshape(len(seconds), len(_BANDS), _SINUSOIDS_PER_SIGNAL)
    sums = waves.sum(axis=2).T / np.sqrt(_SINUSOIDS_PER_SIGNAL)
    return dict(zip(_BANDS, sums, strict=True))


def emotion_strength(
    time: NDArray[np.float64], signals: dict[str, NDArray[np.float64]], elapsed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the strength of the emotion: it rises, is held, and partly falls again.

    Parameters
    ----------
    time : ndarray, shape (frames, N_TIMES)
        Random numbers of the clip.
    signals : dict
        As `smooth_signals` returns.
    elapsed : ndarray, shape (frames,)
        Fraction of the clip that has passed.

    Returns
    -------
    ndarray, shape (frames,)
        1 is full strength; some clips go beyond.
    """
    rise = _smooth_step((elapsed - 0.2 * time[:, 0]) / 0.25)
    fall = _smooth_step((elapsed - 0.7 - 0.2 * time[:, 1]) / 0.3)
    peak = 0.75 + 0.4 * time[:, 2]
    return peak * (0.25 + 0.75 * rise) * (1 - 0.6 * fall) * (1 + 0.08 * signals["strength"])


def action_strengths(
    emotion: NDArray[np.float64],
    time: NDArray[np.float64],
    signals: dict[str, NDArray[np.float64]],
    frame: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Add speech and blinks to the facial actions of the emotion.

    Parameters
    ----------
    emotion : ndarray, shape (frames, len(ACTIONS))
        Strength of each action due to the emotion.
    time : ndarray, shape (frames, N_TIMES)
        Random numbers of the clip.
    signals : dict
        As `smooth_signals` returns.
    frame : ndarray of int64, shape (frames,)
        Position in the clip, from 0.

    Returns
    -------
    ndarray of float32, shape (frames, len(ACTIONS))
    """
    strength = dict(zip(ACTIONS, emotion.T.copy(), strict=True))

    # Phrases of 1 to 2 seconds alternate with pauses of 0.7 seconds.
    length = 1.0 + time[:, 3]
    since_start = (frame / FRAMES_PER_SECOND + 3 * time[:, 4]) % (length + 0.7)
    speech = _smooth_step(since_start / 0.25) * _smooth_step((length - since_start) / 0.25)
    strength["jaw drop"] += speech * 0.22 * np.maximum(0.5 + signals["jaw"], 0)
    strength["lip pucker"] += speech * 0.5 * np.maximum(signals["lips"], 0)
    strength["lip stretch"] += speech * 0.3 * np.maximum(-signals["lips"], 0)
    strength["lip press"] += speech * 0.4 * np.maximum(signals["press"] - 0.4, 0)

    # A blink closes the lids for about 8 frames, once in 2 to 5 seconds.
    period = 60 + 90 * time[:, 5]
    from_blink = (frame + period * time[:, 4]) % period - 8
    blink = np.exp(-0.5 * (from_blink / 2.5) ** 2)
    strength["lid raise"] *= 1 - blink
    strength["lid close"] += (1 - strength["lid close"]) * blink
    return np.stack(list(strength.values()), axis=1).astype(np.float32)


def _smooth_step(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 3 x^2 - 2 x^3 on [0, 1], 0 below and 1 above."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
