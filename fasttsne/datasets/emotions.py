"""Acted emotions: mixtures of facial actions, with valence and arousal."""

from __future__ import annotations

from typing import NamedTuple


class Emotion(NamedTuple):
    """An acted emotion at full strength.

    Attributes
    ----------
    actions : dict of str to float
        Strength of each action of ``fasttsne.datasets.ACTIONS``; others are 0.
    valence, arousal : float
        Ratings in [-1, 1].
    """

    actions: dict[str, float]
    valence: float
    arousal: float


EMOTIONS: dict[str, Emotion] = {
    "neutral": Emotion({}, 0.0, 0.0),
    "calm": Emotion({"lip corner pull": 0.35, "lid close": 0.2}, 0.3, -0.4),
    "happy": Emotion(
        {"lip corner pull": 1.0, "cheek raise": 1.0, "upper lip raise": 0.4, "jaw drop": 0.15},
        0.9,
        0.5,
    ),
    "sad": Emotion(
        {"inner brow raise": 1.0, "lip corner depress": 0.8, "chin raise": 0.5, "lid close": 0.35},
        -0.7,
        -0.4,
    ),
    "angry": Emotion(
        {"brow lower": 1.0, "lip press": 0.9, "lid raise": 0.4, "nose wrinkle": 0.2}, -0.6, 0.8
    ),
    "fearful": Emotion(
        {
            "inner brow raise": 1.0,
            "outer brow raise": 0.4,
            "lid raise": 1.0,
            "lip stretch": 0.9,
            "jaw drop": 0.25,
        },
        -0.7,
        0.7,
    ),
    "disgust": Emotion(
        {
            "nose wrinkle": 1.0,
            "upper lip raise": 0.9,
            "brow lower": 0.5,
            "cheek raise": 0.6,
            "lip corner depress": 0.3,
        },
        -0.8,
        0.3,
    ),
    "surprised": Emotion(
        {"inner brow raise": 0.8, "outer brow raise": 1.0, "lid raise": 0.9, "jaw drop": 0.8},
        0.2,
        0.8,
    ),
}
"""In the order of RAVDESS, where they have the labels 1 to 8."""
