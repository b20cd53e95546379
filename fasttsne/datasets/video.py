"""The frames of synthetic video."""

from __future__ import annotations

import numpy as np

from .._validation import integer, number
from ..landmarks import N_POINTS, RAVDESS_LABELS, LandmarkFrames
from .actions import ACTIONS, action_displacements
from .actors import make_faces
from .camera import project
from .emotions import EMOTIONS
from .motion import (
    FRAMES_PER_SECOND,
    N_SINUSOIDS,
    N_TIMES,
    action_strengths,
    emotion_strength,
    smooth_signals,
)

_BLOCK = 4096
"""Frames that are computed together: this bounds the memory of temporaries."""


def make_landmark_frames(
    n_frames: int,
    n_actors: int = 24,
    n_emotions: int = 8,
    frames_per_clip: int = 100,
    noise: float = 0.5,
    seed: int = 0,
) -> LandmarkFrames:
    """Make SYNTHETIC landmark video: clips of actors who speak with an acted emotion.

    The frames are computed from formulas made by hand; they are not data about people. Faces are
    about 200 pixels wide in pictures of 640 x 480 pixels, at 30 frames a second.

    Parameters
    ----------
    n_frames : int
        Number of frames. The last clip is cut short where they end.
    n_actors : int, default=24
        Number of identities. Actors and emotions change from clip to clip: the first
        ``n_actors * n_emotions`` clips show every pair once, the next as many a second take of
        each, and so on.
    n_emotions : int, default=8
        The first of neutral, calm, happy, sad, angry, fearful, disgust, surprised.
    frames_per_clip : int, default=100
        Number of frames of a clip.
    noise : float, default=0.5
        Standard deviation of the tracking error of each coordinate, pixels.
    seed : int, default=0
        The same arguments give the same frames. A larger ``n_frames`` appends frames and keeps the
        first ones, up to rounding.

    Returns
    -------
    LandmarkFrames
        Labels are 1 to ``n_emotions`` as in RAVDESS, with names like "happy (synthetic)". Clips
        have names like ``synthetic/actor_01/happy/take_1``, and their images ``.../00001.jpg``
        (these files do not exist). Valence and arousal, in [-1, 1], follow the strength of the
        emotion.

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
    n_frames = integer("n_frames", n_frames, 1)
    n_actors = integer("n_actors", n_actors, 1)
    n_emotions = integer("n_emotions", n_emotions, 1)
    if n_emotions > len(EMOTIONS):
        raise ValueError(f"n_emotions must be at most {len(EMOTIONS)}, got {n_emotions}")
    frames_per_clip = integer("frames_per_clip", frames_per_clip, 1)
    seed = integer("seed", seed, 0)
    number("noise", noise, 0)

    actor_rng, gain_rng, clip_rng, noise_rng = (
        np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)
    )
    n_clips = -(-n_frames // frames_per_clip)
    c = np.arange(n_clips)
    emotion = c % n_emotions
    # (c % n_actors, c % n_emotions) repeats after lcm(n_actors, n_emotions) clips, which may be
    # fewer than all pairs. The actors are shifted by one after each such round.
    actor = (c + c // np.lcm(n_actors, n_emotions)) % n_actors
    take = c // (n_actors * n_emotions)

    n_seen = int(actor.max()) + 1
    faces = make_faces(actor_rng, n_seen)
    gains = np.exp(0.2 * gain_rng.standard_normal((n_seen, len(ACTIONS))))
    # A row of uniform random numbers for each clip: more clips do not change the first ones.
    sizes = {
        "frequency": N_SINUSOIDS,
        "phase": N_SINUSOIDS,
        "pose": 6,
        "mix": len(ACTIONS),
        "time": N_TIMES,
    }
    table = clip_rng.random((n_clips, sum(sizes.values())))
    ends = np.cumsum(list(sizes.values()))[:-1]
    of_clip = dict(zip(sizes, np.split(table, ends, axis=1), strict=True))

    weights = np.array(
        [[e.actions.get(action, 0.0) for action in ACTIONS] for e in EMOTIONS.values()]
    )
    # The same emotion varies from actor to actor (gains) and from take to take (mix).
    mixtures = weights[emotion] * gains[actor] * (0.75 + 0.5 * of_clip["mix"])
    displacements = action_displacements()

    points = np.empty((n_frames, N_POINTS, 2), dtype=np.float32)
    strength = np.empty(n_frames)
    for start in range(0, n_frames, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, n_frames))
        clip, frame = np.divmod(rows, frames_per_clip)
        drawn = {name: values[clip] for name, values in of_clip.items()}
        signals = smooth_signals(drawn["frequency"], drawn["phase"], frame / FRAMES_PER_SECOND)
        strength[rows] = emotion_strength(drawn["time"], signals, (frame + 0.5) / frames_per_clip)
        emotional = mixtures[clip] * strength[rows, None]
        actions = action_strengths(emotional, drawn["time"], signals, frame)
        shape = faces[actor[clip]]
        shape[:, :, :2] += (actions @ displacements).reshape(-1, N_POINTS, 2)
        points[rows] = project(shape, drawn["pose"], signals)
        points[rows] += noise * noise_rng.standard_normal((len(rows), N_POINTS, 2), np.float32)

    clip, frame = np.divmod(np.arange(n_frames), frames_per_clip)
    names = list(EMOTIONS)
    clip_names = [
        f"synthetic/actor_{a + 1:02d}/{names[e]}/take_{t + 1}"
        for a, e, t in zip(actor, emotion, take, strict=True)
    ]
    rating = np.array([(e.valence, e.arousal) for e in EMOTIONS.values()])[emotion[clip]]
    # The strength may exceed 1; a rating must not.
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
