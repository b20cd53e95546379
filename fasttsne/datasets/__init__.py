"""Synthetic facial-landmark video: talking, emoting faces of any number, drawn from formulas.

Nothing here is measured. The face, the actions and the emotions below are hand-made, so that
examples, tests and benchmarks have frames like those of real video (smooth curves of poses and
expressions in 136 dimensions, clips, identities, tracker noise) without any download. Draw no
conclusion about people from them.

A frame is made in this order:

    identity (actor) + actions (emotion, speech, blinks) -> turn, scale and move -> pixel noise
"""

from __future__ import annotations

import operator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..landmarks import (
    BROWS,
    EYES,
    JAW,
    LEFT_EYE,
    LIPS,
    N_POINTS,
    NOSE,
    RAVDESS_LABELS,
    RIGHT_EYE,
    LandmarkFrames,
)

__all__ = ["ACTIONS", "EMOTIONS", "make_landmark_frames"]

FRAMES_PER_SECOND = 30.0
PIXELS = 100.0  # half the width of a face
CENTRE = (320.0, 240.0)  # of a picture of 640 x 480 pixels

# Displacements of landmarks at full strength, in half face widths: point -> (away from the midline,
# down). Points of the right half and the midline are written; the left half mirrors them.
ACTIONS: dict[str, dict[int, tuple[float, float]]] = {
    "inner brow raise": {19: (0, -0.03), 20: (-0.01, -0.09), 21: (-0.02, -0.15)},
    "outer brow raise": {17: (0, -0.10), 18: (0, -0.14), 19: (0, -0.11), 20: (0, -0.06)},
    "brow lower": {
        17: (0, 0.01), 18: (-0.02, 0.05), 19: (-0.04, 0.09), 20: (-0.06, 0.12), 21: (-0.07, 0.13),
    },
    "lid close": {37: (0, 0.12), 38: (0, 0.12), 40: (0, -0.02), 41: (0, -0.02)},
    "lid raise": {37: (0, -0.05), 38: (0, -0.05), 40: (0, 0.01), 41: (0, 0.01)},
    "cheek raise": {
        3: (0.01, -0.01), 4: (0.02, -0.02), 36: (0.01, -0.01), 40: (0, -0.04), 41: (0, -0.04),
    },
    "nose wrinkle": {
        21: (-0.02, 0.04), 29: (0, -0.02), 30: (0, -0.05), 31: (0.03, -0.07), 32: (0.02, -0.07),
        33: (0, -0.06), 50: (0, -0.03), 51: (0, -0.03),
    },
    "upper lip raise": {
        48: (0.01, -0.01), 49: (0, -0.06), 50: (0, -0.10), 51: (0, -0.09), 61: (0, -0.08),
        62: (0, -0.08),
    },
    "lip corner pull": {
        48: (0.13, -0.15), 49: (0.08, -0.06), 50: (0.03, 0.01), 51: (0, 0.02), 57: (0, 0.01),
        58: (0.04, 0.0), 59: (0.09, -0.05), 60: (0.12, -0.12), 61: (0.03, 0.01), 62: (0, 0.02),
        66: (0, 0.02), 67: (0.03, 0.01), 4: (0.02, -0.01), 5: (0.03, -0.02),
    },
    "lip corner depress": {
        48: (0.03, 0.14), 49: (0.02, 0.06), 50: (0.01, 0.01), 58: (0.01, 0.02), 59: (0.03, 0.09),
        60: (0.02, 0.12), 61: (0, 0.01), 67: (0.01, 0.01),
    },
    "chin raise": {
        6: (0, -0.02), 7: (0, -0.04), 8: (0, -0.05), 50: (0, -0.03), 51: (0, -0.04),
        57: (0, -0.07), 58: (0, -0.06), 59: (0, -0.03), 61: (0, -0.03), 62: (0, -0.03),
        66: (0, -0.05), 67: (0, -0.05),
    },
    "lip stretch": {
        48: (0.15, 0.03), 49: (0.08, 0.02), 50: (0.03, 0.01), 58: (0.04, 0.0), 59: (0.09, 0.0),
        60: (0.13, 0.02), 61: (0.03, 0.01), 67: (0.04, 0.0),
    },
    "lip press": {
        49: (0, 0.03), 50: (0, 0.05), 51: (0, 0.04), 57: (0, -0.08), 58: (0, -0.07),
        59: (0, -0.04), 61: (0, 0.015), 62: (0, 0.015), 66: (0, -0.02), 67: (0, -0.02),
    },
    "lip pucker": {
        48: (-0.12, 0.0), 49: (-0.06, -0.02), 50: (-0.02, -0.03), 51: (0, -0.02), 57: (0, 0.03),
        58: (-0.03, 0.03), 59: (-0.07, 0.02), 60: (-0.10, 0.0), 61: (-0.02, -0.01),
        67: (-0.02, 0.01),
    },
    "jaw drop": {
        3: (-0.01, 0.05), 4: (-0.02, 0.12), 5: (-0.03, 0.22), 6: (-0.03, 0.31), 7: (-0.01, 0.37),
        8: (0, 0.39), 48: (-0.04, 0.10), 49: (-0.02, 0.02), 57: (0, 0.33), 58: (-0.01, 0.31),
        59: (-0.03, 0.22), 60: (-0.04, 0.10), 66: (0, 0.33), 67: (-0.01, 0.30),
    },
}  # fmt: skip


class Emotion(NamedTuple):
    """What an acted emotion does with the face, and how it is rated, at full strength."""

    actions: dict[str, float]
    valence: float
    arousal: float


# In the order of RAVDESS, whose labels 1 to 8 they get.
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

# What moves smoothly during a clip, and how fast: the band of its sinusoids in hertz.
_SIGNALS = {
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
_SINUSOIDS = 3  # a signal
_TIMES = 6  # random times in a clip, see _activations
_FRAMES_AT_ONCE = 4096


def make_landmark_frames(
    n_frames: int,
    n_actors: int = 24,
    n_emotions: int = 8,
    frames_per_clip: int = 100,
    noise: float = 0.5,
    seed: int = 0,
) -> LandmarkFrames:
    """Make SYNTHETIC landmark video: clips of actors who speak with an acted emotion.

    The frames are computed from hand-made formulas, they are not data about people. Faces are
    about 200 pixels wide in pictures of 640 x 480 pixels, at 30 frames a second.

    Parameters
    ----------
    n_frames : int
        Frames in all. The last clip ends where they do.
    n_actors : int, default=24
        Identities. Clip after clip, actors and emotions take turns; every pair has come after
        ``n_actors * n_emotions`` clips, and then a second take of each begins.
    n_emotions : int, default=8
        The first of neutral, calm, happy, sad, angry, fearful, disgust, surprised.
    frames_per_clip : int, default=100
    noise : float, default=0.5
        Standard deviation of the tracking error of each coordinate, pixels.
    seed : int, default=0
        The same arguments give the same frames. More frames continue the fewer.

    Returns
    -------
    LandmarkFrames
        Labels are 1 to ``n_emotions`` as in RAVDESS, named like "happy (synthetic)". Clips are
        named like ``synthetic/actor_01/happy/take_1``, their images ``.../00001.jpg`` (there are
        no such files). Valence and arousal, in [-1, 1], follow the strength of the emotion.

    Raises
    ------
    ValueError
        If a count is not positive, ``n_emotions`` is over 8, ``noise`` is negative or not finite,
        or ``seed`` is negative.
    TypeError
        If a count or ``seed`` is not an int, or ``noise`` not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from fasttsne.datasets import make_landmark_frames
    >>> frames = make_landmark_frames(3000)
    >>> frames.points.shape, len(frames.clip_names)
    ((3000, 68, 2), 30)
    >>> frames.clip_names[2], frames.label_names[3]
    ('synthetic/actor_03/happy/take_1', 'happy (synthetic)')

    The person of each frame, as ``group`` of `fasttsne.landmarks.expression`:

    >>> actor = np.array([name.split("/")[1] for name in frames.clip_names])[frames.clip]
    """
    n_frames = _count("n_frames", n_frames)
    n_actors = _count("n_actors", n_actors)
    n_emotions = _count("n_emotions", n_emotions, most=len(EMOTIONS))
    frames_per_clip = _count("frames_per_clip", frames_per_clip)
    seed = _count("seed", seed, least=0)
    if isinstance(noise, bool) or not isinstance(noise, (int, float, np.floating, np.integer)):
        raise TypeError(f"noise must be a number, got {type(noise).__name__}")
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise must be finite and not negative (pixels), got {noise}")

    actor_rng, gain_rng, clip_rng, noise_rng = (
        np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)
    )
    n_clips = -(-n_frames // frames_per_clip)
    c = np.arange(n_clips)
    emotion = c % n_emotions
    # Alone, the two cycles would meet only in pairs with equal remainders; shift one each round.
    actor = (c + c // np.lcm(n_actors, n_emotions)) % n_actors
    take = c // (n_actors * n_emotions)

    n_seen = int(actor.max()) + 1
    faces = _faces(actor_rng, n_seen)
    gains = np.exp(0.2 * gain_rng.standard_normal((n_seen, len(ACTIONS))))
    # One row of uniform numbers a clip, drawn row by row: more clips do not change the first ones.
    n_waves = len(_SIGNALS) * _SINUSOIDS
    sizes = {"frequency": n_waves, "phase": n_waves, "pose": 6, "mix": len(ACTIONS), "time": _TIMES}
    table = clip_rng.random((n_clips, sum(sizes.values())))
    ends = np.cumsum(list(sizes.values()))[:-1]
    chance = dict(zip(sizes, np.split(table, ends, axis=1), strict=True))

    weights = np.array(
        [[e.actions.get(action, 0.0) for action in ACTIONS] for e in EMOTIONS.values()]
    )
    # No two takes and no two people play an emotion alike.
    plays = weights[emotion] * gains[actor] * (0.75 + 0.5 * chance["mix"])
    fields = _action_fields()

    points = np.empty((n_frames, N_POINTS, 2), dtype=np.float32)
    strength = np.empty(n_frames)
    for start in range(0, n_frames, _FRAMES_AT_ONCE):
        rows = np.arange(start, min(start + _FRAMES_AT_ONCE, n_frames))
        clip, frame = np.divmod(rows, frames_per_clip)
        here = {name: values[clip] for name, values in chance.items()}
        signals = _signals(here["frequency"], here["phase"], frame / FRAMES_PER_SECOND)
        strength[rows] = _strength(here["time"], signals, (frame + 0.5) / frames_per_clip)
        acts = _activations(plays[clip] * strength[rows, None], here["time"], signals, frame)
        shape = faces[actor[clip]]
        shape[:, :, :2] += (acts @ fields).reshape(-1, N_POINTS, 2)
        points[rows] = _project(shape, here["pose"], signals)
        points[rows] += noise * noise_rng.standard_normal((len(rows), N_POINTS, 2), np.float32)

    clip, frame = np.divmod(np.arange(n_frames), frames_per_clip)
    names = list(EMOTIONS)
    clip_names = [
        f"synthetic/actor_{a + 1:02d}/{names[e]}/take_{t + 1}"
        for a, e, t in zip(actor, emotion, take, strict=True)
    ]
    rating = np.array([(e.valence, e.arousal) for e in EMOTIONS.values()])[emotion[clip]]
    # A strong take may go beyond full strength; a rating ends at 1.
    rating *= np.minimum(strength, 1.0)[:, None]
    return LandmarkFrames(
        points=points,
        clip=clip,
        frame=frame + 1,
        label=emotion[clip] + 1,
        label_names={
            label: f"{name} (synthetic)"
            for label, name in RAVDESS_LABELS.items()
            if label <= n_emotions
        },
        valence=rating[:, 0].astype(np.float32),
        arousal=rating[:, 1].astype(np.float32),
        image_path=[
            f"{clip_names[c]}/{f:05d}.jpg"
            for c, f in zip(clip.tolist(), (frame + 1).tolist(), strict=True)
        ],
        audio_path=[None] * n_clips,
        clip_names=clip_names,
    )


def _count(name: str, value: int, least: int = 1, most: int | None = None) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}")
    if number < least or (most is not None and number > most):
        wanted = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be {wanted}, got {number}")
    return number


# --- the face: x right, y down, z towards the camera, in half face widths -----------------------


def _mean_face() -> NDArray[np.float64]:
    """Return the hand-made mean face (68, 3), symmetric, with its centroid at the origin."""
    face = np.zeros((N_POINTS, 3))
    x, y, z = face.T

    angle = np.linspace(-np.pi / 2, np.pi / 2, 17)
    x[JAW] = np.sign(angle) * np.abs(np.sin(angle)) ** 0.85
    y[JAW] = 1.6 * np.cos(angle) ** 0.85
    z[JAW] = -0.9 * np.abs(x[JAW]) ** 1.5

    along = np.linspace(0, 1, 5)  # a brow from the temple to the nose
    x[17:22] = -0.80 + 0.60 * along
    y[17:22] = -0.24 - 0.13 * np.sin(np.pi * (0.15 + 0.75 * along))
    x[22:27], y[22:27] = -x[17:22][::-1], y[17:22][::-1]
    z[BROWS] = 0.10 - 0.5 * x[BROWS] ** 2

    y[27:31] = np.linspace(0.02, 0.48, 4)
    z[27:31] = np.linspace(0.18, 0.55, 4)
    x[31:36] = np.linspace(-0.22, 0.22, 5)
    y[31:36] = 0.64 - 0.5 * x[31:36] ** 2
    z[31:36] = 0.36 - 1.5 * x[31:36] ** 2

    # An eye from its outer corner over the upper lid to the inner corner and back below.
    eye = np.array([(-1, 0.0), (-0.4, -0.9), (0.4, -0.9), (1, 0.15), (0.4, 0.75), (-0.4, 0.75)])
    eye *= 0.19, 0.085
    x[RIGHT_EYE], y[RIGHT_EYE] = -0.46 + eye[:, 0], 0.03 + eye[:, 1]
    mirrored = eye[[3, 2, 1, 0, 5, 4]]
    x[LEFT_EYE], y[LEFT_EYE] = 0.46 - mirrored[:, 0], 0.03 + mirrored[:, 1]
    z[EYES] = 0.05 - 0.4 * x[EYES] ** 2

    x[48:55] = -0.37, -0.23, -0.09, 0, 0.09, 0.23, 0.37
    y[48:55] = 0.99, 0.92, 0.88, 0.90, 0.88, 0.92, 0.99
    x[55:60] = 0.24, 0.11, 0, -0.11, -0.24
    y[55:60] = 1.09, 1.14, 1.15, 1.14, 1.09
    x[60:65] = -0.30, -0.11, 0, 0.11, 0.30
    y[60:65] = 0.99, 0.975, 0.98, 0.975, 0.99
    x[65:68] = 0.11, 0, -0.11
    y[65:68] = 1.01, 1.015, 1.01
    z[LIPS] = 0.28 - 0.8 * x[LIPS] ** 2
    return face - face.mean(axis=0)


def _mirror() -> NDArray[np.int64]:
    """Return the point on the other side of the face, for each point."""
    face = _mean_face() * (-1, 1, 1)
    return np.argmin(np.linalg.norm(face[:, None] - _mean_face(), axis=-1), axis=1)


def _action_fields() -> NDArray[np.float32]:
    """Displacement of all points by each action at full strength, (actions, 136)."""
    side = np.sign(np.round(_mean_face()[:, 0], 6))
    mirror = _mirror()
    fields = np.zeros((len(ACTIONS), N_POINTS, 2), dtype=np.float32)
    for field, moves in zip(fields, ACTIONS.values(), strict=True):
        for point, (outward, down) in moves.items():
            for i in {point, int(mirror[point])}:
                field[i] = outward * side[i], down
    return fields.reshape(len(ACTIONS), -1)


def _faces(rng: np.random.Generator, n_actors: int) -> NDArray[np.float32]:
    """Faces of the actors (n_actors, 68, 3): the mean face, bent smoothly, and small offsets."""
    mean = _mean_face()
    below_nose = np.maximum(mean[:, 1] - mean[33, 1], 0)
    brows_and_eyes = np.r_[BROWS, EYES]
    modes = []

    def bend(points: slice | NDArray[np.int64], axis: int, amount: ArrayLike) -> None:
        mode = np.zeros_like(mean)
        mode[points, axis] = amount
        modes.append(mode)

    def about_centre(points: slice, axis: int) -> NDArray[np.float64]:
        return mean[points, axis] - mean[points, axis].mean()

    everything = slice(None)
    bend(everything, 0, 0.06 * mean[:, 0])  # width
    bend(everything, 1, 0.06 * mean[:, 1])  # height
    bend(everything, 2, 0.15 * mean[:, 2])  # depth
    bend(everything, 1, 0.12 * below_nose)  # length of the chin
    bend(JAW, 0, 0.12 * (mean[:, 0] * below_nose)[JAW])  # width of the chin
    bend(brows_and_eyes, 0, 0.03 * np.sign(mean[brows_and_eyes, 0]))  # distance of the eyes
    bend(EYES, 1, 0.15 * about_centre(EYES, 1))  # opening of the eyes
    bend(BROWS, 1, 0.05)  # height of the brows
    bend(BROWS, 1, 0.10 * (np.abs(mean[BROWS, 0]) - 0.5))  # tilt of the brows
    bend(NOSE, 0, 0.15 * mean[NOSE, 0])  # width of the nose
    bend(NOSE, 1, 0.10 * (mean[NOSE, 1] - mean[27, 1]))  # length of the nose
    bend(LIPS, 0, 0.10 * mean[LIPS, 0])  # width of the mouth
    bend(LIPS, 1, 0.20 * about_centre(LIPS, 1))  # thickness of the lips
    bend(LIPS, 1, 0.04)  # height of the mouth

    # Drawn actor by actor, so that more actors do not change the first ones.
    chance = rng.standard_normal((n_actors, len(modes) + mean.size))
    chance = np.clip(chance, -2.5, 2.5)
    faces = mean + np.tensordot(chance[:, : len(modes)], np.stack(modes), axes=1)
    faces += 0.012 * chance[:, len(modes) :].reshape(n_actors, *mean.shape)
    return faces.astype(np.float32)


# --- motion: all arrays have one row per frame --------------------------------------------------


def _signals(
    frequency: NDArray[np.float64], phase: NDArray[np.float64], seconds: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Sums of sinusoids, with root mean square about 0.7 and never beyond 1.75."""
    low, high = np.repeat(np.array(list(_SIGNALS.values())), _SINUSOIDS, axis=0).T
    angle = 2 * np.pi * ((low + (high - low) * frequency) * seconds[:, None] + phase)
    waves = np.sin(angle).reshape(len(seconds), len(_SIGNALS), _SINUSOIDS)
    return dict(zip(_SIGNALS, waves.sum(axis=2).T / np.sqrt(_SINUSOIDS), strict=True))


def _ramp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smooth step from 0 to 1 while x goes from 0 to 1."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _strength(
    time: NDArray[np.float64], signals: dict[str, NDArray[np.float64]], part: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Strength of the emotion: up, held, partly down; ``part`` of the clip has passed."""
    up = _ramp((part - 0.2 * time[:, 0]) / 0.25)
    down = _ramp((part - 0.7 - 0.2 * time[:, 1]) / 0.3)
    peak = 0.75 + 0.4 * time[:, 2]
    return peak * (0.25 + 0.75 * up) * (1 - 0.6 * down) * (1 + 0.08 * signals["strength"])


def _activations(
    emotion: NDArray[np.float64],
    time: NDArray[np.float64],
    signals: dict[str, NDArray[np.float64]],
    frame: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Strength of every action (frames, actions): the emotion's, plus speech and blinks."""
    acts = dict(zip(ACTIONS, emotion.T.copy(), strict=True))

    # A phrase of 1 to 2 seconds, then a pause of 0.7 seconds, over and over.
    length = 1.0 + time[:, 3]
    since = (frame / FRAMES_PER_SECOND + 3 * time[:, 4]) % (length + 0.7)
    speaks = _ramp(since / 0.25) * _ramp((length - since) / 0.25)
    acts["jaw drop"] += speaks * 0.22 * np.maximum(0.5 + signals["jaw"], 0)
    acts["lip pucker"] += speaks * 0.5 * np.maximum(signals["lips"], 0)
    acts["lip stretch"] += speaks * 0.3 * np.maximum(-signals["lips"], 0)
    acts["lip press"] += speaks * 0.4 * np.maximum(signals["press"] - 0.4, 0)

    # A blink closes the lids for about 8 frames, once in 2 to 5 seconds.
    period = 60 + 90 * time[:, 5]
    from_blink = (frame + period * time[:, 4]) % period - 8
    blink = np.exp(-0.5 * (from_blink / 2.5) ** 2)
    acts["lid raise"] *= 1 - blink
    acts["lid close"] += (1 - acts["lid close"]) * blink
    return np.stack(list(acts.values()), axis=1).astype(np.float32)


def _project(
    shape: NDArray[np.float32], pose: NDArray[np.float64], signals: dict[str, NDArray[np.float64]]
) -> NDArray[np.float32]:
    """Turn the heads, then drop the depth (weak perspective): pixels, (frames, 68, 2)."""
    held = 2 * pose - 1  # where the head is held during the clip, in [-1, 1]
    yaw, pitch, roll = np.radians(
        [
            9 * held[:, 0] + 7 * signals["yaw"],
            6 * held[:, 1] + 4 * signals["pitch"],
            4 * held[:, 2] + 3 * signals["roll"],
        ]
    )
    size = PIXELS * np.exp(0.12 * held[:, 3]) * (1 + 0.02 * signals["size"])
    # The first two rows of the rotation matrix, roll after yaw after pitch.
    across = [np.cos(yaw), np.sin(yaw) * np.sin(pitch), np.sin(yaw) * np.cos(pitch)]
    down = [np.zeros_like(yaw), np.cos(pitch), -np.sin(pitch)]
    turn = np.array([across, down])  # (2, 3, frames)
    flat = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    camera = (size * np.einsum("abf,bcf->caf", flat, turn)).transpose(2, 0, 1)
    shift = np.stack(
        [
            CENTRE[0] + 40 * held[:, 4] + 8 * signals["x"],
            CENTRE[1] + 20 * held[:, 5] + 5 * signals["y"],
        ],
        axis=1,
    )
    return (shape @ camera.astype(np.float32) + shift[:, None]).astype(np.float32)
