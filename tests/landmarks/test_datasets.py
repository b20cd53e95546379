"""Synthetic landmark video: repeatable, smooth, and with an emotion to find in it."""

from __future__ import annotations

import doctest
import sys

import numpy as np
import pytest

from fasttsne import landmarks
from fasttsne.datasets import make_landmark_frames
from fasttsne.datasets.actions import action_displacements
from fasttsne.datasets.face import mirror_indices

EMOTIONS = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]


@pytest.fixture(scope="module")
def frames():
    """All 8 emotions of 12 actors."""
    return make_landmark_frames(12 * 8 * 60, n_actors=12, frames_per_clip=60)


def actors(frames):
    return np.array([name.split("/")[1] for name in frames.clip_names])[frames.clip]


def test_shapes_names_and_counts():
    frames = make_landmark_frames(1050, n_actors=3, n_emotions=4, frames_per_clip=100)
    assert frames.points.shape == (1050, 68, 2) and frames.points.dtype == np.float32
    assert len(frames.clip_names) == len(set(frames.clip_names)) == 11
    assert [len(clip.rows) for clip in frames.clips()] == [100] * 10 + [50]
    assert frames.frame[[0, 99, 100, 1049]].tolist() == [1, 100, 1, 50]
    assert frames.label_names == {i + 1: f"{EMOTIONS[i]} (synthetic)" for i in range(4)}
    assert frames.image_path[100] == "synthetic/actor_02/calm/take_1/00001.jpg"
    assert len(set(frames.image_path)) == 1050
    for clip in frames.clips():
        emotion = clip.name.split("/")[2]
        assert frames.label_names[clip.label] == f"{emotion} (synthetic)"


@pytest.mark.parametrize("n_actors, n_emotions", [(24, 8), (3, 8), (6, 4), (1, 8), (5, 1)])
def test_every_actor_plays_every_emotion_before_a_second_take(n_actors, n_emotions):
    pairs = n_actors * n_emotions
    frames = make_landmark_frames(2 * pairs, n_actors, n_emotions, frames_per_clip=1)
    first, second = frames.clip_names[:pairs], frames.clip_names[pairs:]
    assert len(set(first)) == pairs
    assert all(name.endswith("take_1") for name in first)
    assert set(second) == {name.replace("take_1", "take_2") for name in first}
    assert set(frames.label[:n_emotions]) == set(range(1, n_emotions + 1))


def test_same_seed_same_frames_other_seed_others():
    a, b, c = (make_landmark_frames(300, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(a.points, b.points)
    np.testing.assert_array_equal(a.valence, b.valence)
    assert np.abs(a.points - c.points).mean() > 2


def test_more_frames_continue_the_fewer():
    few, many = make_landmark_frames(4000), make_landmark_frames(9000)
    np.testing.assert_allclose(many.points[:4000], few.points, atol=1e-3)
    np.testing.assert_allclose(many.arousal[:4000], few.arousal, atol=1e-6)
    assert many.image_path[:4000] == few.image_path


def test_noise_is_in_pixels():
    clean, noisy = (make_landmark_frames(500, noise=noise).points for noise in (0, 2.0))
    difference = (noisy - clean).astype(np.float64)
    assert difference.std() == pytest.approx(2.0, rel=0.02)
    assert abs(difference.mean()) < 0.05


def test_faces_look_like_faces(frames):
    """Order and size of the parts, in pixels."""
    p = frames.points
    width = np.ptp(p[:, landmarks.JAW, 0], axis=1)
    assert 150 < width.mean() < 250 and width.min() > 100 and width.max() < 350
    assert p[..., 0].min() > 0 and p[..., 0].max() < 640
    assert p[..., 1].min() > 0 and p[..., 1].max() < 480
    y = {
        name: p[:, part, 1].mean()
        for name, part in {
            "brows": landmarks.BROWS,
            "eyes": landmarks.EYES,
            "nostrils": slice(31, 36),
            "lips": landmarks.LIPS,
            "chin": slice(7, 10),
        }.items()
    }
    assert list(y) == sorted(y, key=y.__getitem__)
    assert (
        p[:, landmarks.RIGHT_EYE, 0].max(axis=1) < p[:, landmarks.LEFT_EYE, 0].min(axis=1)
    ).all()
    upper, lower = p[:, [50, 51, 52], 1].mean(axis=1), p[:, [56, 57, 58], 1].mean(axis=1)
    assert (upper < lower).all()


def test_the_mean_face_and_the_actions_are_symmetric():
    mirror = mirror_indices()
    np.testing.assert_array_equal(mirror[mirror], np.arange(68))
    pairs = ((0, 16), (8, 8), (17, 26), (31, 35), (36, 45), (41, 46), (48, 54), (60, 64), (67, 65))
    assert all(mirror[a] == b for a, b in pairs)
    moves = action_displacements().reshape(-1, 68, 2)
    np.testing.assert_allclose(moves[:, mirror] * (-1, 1), moves, atol=1e-7)
    assert (np.abs(moves).max(axis=(1, 2)) > 0.03).all()


def test_motion_is_smooth():
    frames = make_landmark_frames(6000, noise=0)
    inside = np.diff(frames.clip) == 0
    step = np.linalg.norm(np.diff(frames.points, axis=0), axis=-1)
    assert step[inside].max() < 15  # of a face of 200 pixels; speech and blinks are fast
    assert np.median(step[inside]) < 1
    assert np.median(step[~inside]) > 20  # another clip is another head elsewhere
    # Not only small steps: a step goes on from the last one (jitter would give 1.7).
    both = inside[:-1] & inside[1:]
    bend = np.linalg.norm(np.diff(frames.points, n=2, axis=0), axis=-1)
    assert np.sqrt((bend[both] ** 2).mean() / (step[inside] ** 2).mean()) < 0.8
    assert np.median(np.ptp(frames.points[frames.clip == 0], axis=0)) > 3  # it does move


def test_eyes_blink(frames):
    opening = (frames.points[:, [40, 41], 1] - frames.points[:, [37, 38], 1]).mean(axis=1)
    shut = opening < 4
    blinks = np.diff(shut.astype(int)) == 1
    assert 0.01 < shut.mean() < 0.2
    assert 10 < blinks.sum() < 300


def test_actors_differ_in_shape_more_than_their_takes(frames):
    who = actors(frames)
    shape = landmarks.procrustes(frames.points)
    clip_means = np.array([shape[clip.rows].mean(axis=0) for clip in frames.clips()])
    owner = np.array([who[clip.rows[0]] for clip in frames.clips()])
    people = np.unique(owner)
    centres = np.array([clip_means[owner == person].mean(axis=0) for person in people])
    distance = np.linalg.norm(clip_means[:, None] - centres, axis=-1)
    assert (people[distance.argmin(axis=1)] == owner).mean() > 0.7


@pytest.mark.parametrize("by, least", [("clip", 0.4), ("actor", 0.6)])
def test_emotion_of_a_clip_can_be_told_across_actors(frames, by, least):
    """Nearest centroid of the emotions of the other actors; chance is 1/8."""
    group = actors(frames) if by == "actor" else None
    X, clips = landmarks.clip_features(frames, "expression", group)
    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9)
    label = np.array([clip.label for clip in clips])
    owner = np.array([clip.name.split("/")[1] for clip in clips])
    right = 0
    for person in np.unique(owner):
        others = owner != person
        centres = np.array([X[others & (label == e)].mean(axis=0) for e in range(1, 9)])
        distance = np.linalg.norm(X[~others][:, None] - centres, axis=-1)
        right += (distance.argmin(axis=1) + 1 == label[~others]).sum()
    assert right / len(clips) > least


def test_ratings_follow_the_emotion(frames):
    for name, valence, arousal in (("happy", 1, 1), ("sad", -1, -1), ("angry", -1, 1)):
        mine = frames.label == EMOTIONS.index(name) + 1
        assert (np.sign(frames.valence[mine]) == valence).all()
        assert (np.sign(frames.arousal[mine]) == arousal).all()
        assert np.abs(frames.valence[mine]).std() > 0.02
    assert not frames.valence[frames.label == 1].any()
    assert np.abs(frames.valence).max() <= 1


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"n_frames": 0}, ValueError, "n_frames must be 1 or more, got 0"),
        ({"n_frames": 10.0}, TypeError, "n_frames must be an integer, got 10.0"),
        ({"n_frames": True}, TypeError, "n_frames must be an integer, got True"),
        ({"n_actors": 0}, ValueError, "n_actors must be 1 or more, got 0"),
        ({"n_emotions": 9}, ValueError, "n_emotions must be at most 8, got 9"),
        ({"n_emotions": 0}, ValueError, "n_emotions must be 1 or more, got 0"),
        ({"frames_per_clip": -5}, ValueError, "frames_per_clip must be 1 or more, got -5"),
        ({"noise": -0.1}, ValueError, "noise must be 0 or more and finite, got -0.1"),
        ({"noise": float("nan")}, ValueError, "noise must be 0 or more and finite, got nan"),
        ({"noise": "low"}, TypeError, "noise must be a number, got 'low'"),
        ({"seed": -1}, ValueError, "seed must be 0 or more, got -1"),
        ({"seed": None}, TypeError, "seed must be an integer, got None"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        make_landmark_frames(**{"n_frames": 10, **arguments})


@pytest.mark.parametrize("n_frames, frames_per_clip", [(1, 100), (7, 1), (5000, 5000)])
def test_odd_sizes(n_frames, frames_per_clip):
    frames = make_landmark_frames(n_frames, frames_per_clip=frames_per_clip)
    assert len(frames) == n_frames
    assert np.isfinite(frames.points).all()
    assert len(frames.clip_names) == -(-n_frames // frames_per_clip)


def test_examples_in_docstrings():
    result = doctest.testmod(sys.modules[make_landmark_frames.__module__])
    assert result.failed == 0 and result.attempted >= 5
