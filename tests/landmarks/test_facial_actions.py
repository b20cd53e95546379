"""Facial actions, standardization and the vote of others: what emotions are measured with."""

from __future__ import annotations

import numpy as np
import pytest

from fasttsne import landmarks
from fasttsne.datasets import make_landmark_frames
from fasttsne.landmarks import ACTIONS, actions, leave_group_out, standardize


@pytest.fixture(scope="module")
def face():
    """One face of synthetic video, its eyes level."""
    points = make_landmark_frames(50, noise=0).points[:1]
    return landmarks.procrustes(points).reshape(1, 68, 2).astype(np.float64)


def value(points, name):
    return actions(points)[0, list(ACTIONS).index(name)]


# ---- Actions ----------------------------------------------------------------------------------


def test_actions_are_distances_over_the_distance_between_the_eyes(face):
    p = face[0]
    right, left = p[[36, 39]].mean(axis=0), p[[42, 45]].mean(axis=0)
    x = (left - right) / np.linalg.norm(left - right)
    y = np.array([-x[1], x[0]])
    unit = np.linalg.norm(left - right)
    assert value(face, "mouth width") == pytest.approx((p[54] - p[48]) @ x / unit, rel=1e-5)
    assert value(face, "mouth opening") == pytest.approx((p[66] - p[62]) @ y / unit, abs=1e-6)
    brow = (p[[39, 42]].mean(axis=0) - p[[21, 22]].mean(axis=0)) @ y / unit
    assert value(face, "inner brow raise") == pytest.approx(brow, rel=1e-5)
    assert brow > 0.1  # brows are above the eyes
    positive = set(ACTIONS) - {"lip corner raise"}  # corners hang or rise
    assert all(value(face, name) > 0 for name in positive - {"mouth opening"})


def test_actions_do_not_depend_on_how_a_frame_was_moved_scaled_or_turned():
    points = make_landmark_frames(300).points.astype(np.float64)
    rng = np.random.default_rng(0)
    angle, scale = rng.uniform(-np.pi, np.pi, 300), rng.uniform(0.1, 50, 300)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]]).transpose(2, 0, 1)
    moved = scale[:, None, None] * (points @ turn) + rng.normal(size=(300, 1, 2)) * 100
    np.testing.assert_allclose(actions(moved), actions(points), atol=1e-5)


@pytest.mark.parametrize(
    ("points", "move", "name", "change"),
    [
        ((21, 22), (0, -0.1), "inner brow raise", +1),
        ((17, 26), (0, -0.1), "outer brow raise", +1),
        ((37, 38, 43, 44), (0, 0.1), "eye opening", -1),
        ((27,), (0, 0.1), "nose length", -1),
        ((48, 54), (0, -0.1), "lip corner raise", +1),
        ((54,), (0.1, 0), "mouth width", +1),
        ((57, 66), (0, 0.1), "mouth opening", +1),
        ((8,), (0, 0.1), "jaw drop", +1),
    ],
)
def test_a_moved_point_changes_the_action_that_is_named_for_it(face, points, move, name, change):
    moved = face.copy()
    moved[0, list(points)] += np.array(move) * np.ptp(face)
    before, after = actions(face)[0], actions(moved)[0]
    at = list(ACTIONS).index(name)
    assert np.sign(after[at] - before[at]) == change
    assert abs(after - before)[at] > 0.05
    assert (abs(after - before) > 1e-5).sum() <= 4  # and hardly another


def test_a_mirrored_face_has_the_same_actions():
    points = make_landmark_frames(200, noise=0).points.astype(np.float64)
    order = other_side()
    mirrored = points[:, order] * (-1, 1)
    np.testing.assert_allclose(actions(mirrored), actions(points), atol=1e-5)


def other_side():
    """Point on the other side of the face."""
    order = np.arange(68)
    pairs = [*zip(range(8), range(16, 8, -1), strict=True)]
    pairs += zip(range(17, 22), range(26, 21, -1), strict=True)
    pairs += [(31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    pairs += [(48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)]
    for a, b in pairs:
        order[[a, b]] = b, a
    return order


# ---- Standardization --------------------------------------------------------------------------


def test_standardize_takes_mean_and_spread_of_each_group_away():
    rng = np.random.default_rng(0)
    person = rng.choice(["a", "b", "c"], 300)
    code = np.unique(person, return_inverse=True)[1]
    common = rng.normal(size=(300, 5))
    X = 100 * rng.normal(size=(3, 5))[code] + rng.uniform(1, 9, (3, 5))[code] * common
    Z = standardize(X, person)
    assert Z.dtype == np.float32
    for name in "abc":
        some = Z[person == name]
        np.testing.assert_allclose(some.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(some.std(axis=0), 1, atol=1e-5)
        np.testing.assert_allclose(some, standardize(common[person == name]), atol=1e-4)
    np.testing.assert_allclose(standardize(X), (X - X.mean(0)) / X.std(0), atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, -12345.678])
def test_standardize_makes_constant_columns_zero(value):
    X = np.random.default_rng(0).normal(size=(30, 3))  # whose means are rounded
    X[:, 1] = value
    X[:10, 2] = value
    Z = standardize(X, np.arange(30) // 10)
    assert (Z[:, 1] == 0).all() and (Z[:10, 2] == 0).all() and (Z[10:, 2] != 0).all()


# ---- The vote of others -----------------------------------------------------------------------


def votes(X, labels, group, k):
    """Oracle: all distances, rows of the own group infinitely far; lowest label of a tie."""
    guessed = []
    for i in range(len(X)):
        distance = np.linalg.norm(X - X[i], axis=1)
        distance[group == group[i]] = np.inf
        names, counts = np.unique(labels[np.argsort(distance)[:k]], return_counts=True)
        guessed.append(names[counts.argmax()])
    return np.array(guessed)


@pytest.mark.parametrize("k", [1, 4, 10])
@pytest.mark.parametrize("kind", ["numbers", "strings"])
def test_only_other_groups_vote(k, kind):
    rng = np.random.default_rng(k)
    X, labels, group = rng.normal(size=(120, 4)), rng.integers(0, 3, 120), rng.integers(0, 9, 120)
    if kind == "strings":
        labels, group = np.array(["x", "yy", "z"])[labels], group.astype(str)
    guessed = leave_group_out(X, labels, group, k)
    np.testing.assert_array_equal(guessed, votes(X, labels, group, k))
    assert guessed.dtype == labels.dtype


def test_neighbouring_frames_of_a_clip_do_not_help():
    """Clips are tight clusters of random labels: they say nothing of each other."""
    rng = np.random.default_rng(0)
    clip = np.repeat(np.arange(60), 15)
    labels = rng.integers(0, 2, 60)[clip]
    X = rng.normal(size=(60, 8))[clip] + 0.01 * rng.normal(size=(900, 8))
    assert (leave_group_out(X, labels, np.arange(900)) == labels).mean() == 1
    assert 0.25 < (leave_group_out(X, labels, clip) == labels).mean() < 0.75


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros(6)}, r"X must have shape \(n, f\) with n, f >= 1, got \(6,\)"),
        ({"X": np.zeros((6, 0))}, r"with n, f >= 1, got \(6, 0\)"),
        ({"X": np.full((6, 1), "a")}, "X must be real numbers, got <U1"),
        ({"X": np.full((6, 1), np.nan)}, "X must be finite, but row 0, column 0 is nan"),
        ({"labels": [1, 2]}, r"labels must have shape \(6,\)"),
        ({"group": [1, 2]}, r"group must have shape \(6,\)"),
        ({"group": [1] * 6}, "two groups or more, got one"),
        ({"k": 0}, "k must be 1 to 3 .*, got 0"),
        ({"k": 4}, "k must be 1 to 3 .*, got 4"),
    ],
)
def test_what_cannot_be_scored_is_refused(change, message):
    arguments = {"X": np.zeros((6, 2)), "labels": [0, 1] * 3, "group": [0, 0, 0, 1, 1, 2], "k": 2}
    with pytest.raises(ValueError, match=message):
        leave_group_out(**arguments | change)
    if change.keys() <= {"X", "group"} and change.get("group") != [1] * 6:
        with pytest.raises(ValueError, match=message):
            standardize(**{"X": np.zeros((6, 2))} | change)
