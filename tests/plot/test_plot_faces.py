"""Faces and trajectories on a map: where they are, what they show, that none covers another."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")
from matplotlib.colors import to_rgb

from fasttsne import landmarks, plot
from fasttsne.datasets import make_landmark_frames


@pytest.fixture(scope="module")
def frames():
    return make_landmark_frames(600, noise=0)


@pytest.fixture(scope="module")
def Y():
    return np.random.default_rng(0).normal(size=(600, 2)) * [30, 20]


def strokes(ax):
    """Polylines of each line of `CONTOURS`: name -> (faces, points, 2); and their colours."""
    dots, *parts = ax.collections
    assert len(dots.get_offsets()) == 600
    papers, drawings = parts[::2], parts[1::2]
    faces = [dict(zip(landmarks.CONTOURS, d.get_segments(), strict=True)) for d in drawings]
    for paper, face in zip(papers, faces, strict=True):
        covered = np.concatenate([face["left eye"], face["right eye"], face["outer lips"]])
        assert paper.get_paths()[0].contains_points(covered).all()
    lines = {name: np.array([face[name] for face in faces]) for name in landmarks.CONTOURS}
    return lines, np.array([drawing.get_color()[0, :3] for drawing in drawings])


def draw_faces(Y, frames, **options):
    figure = plot.scatter(Y, frames.label, frames.label_names)
    assert plot.faces(figure, Y, frames.points, **options) is figure
    figure.draw_without_rendering()
    return figure.axes[0]


# ---- Faces ------------------------------------------------------------------------------------


def test_chosen_faces_stand_upright_where_their_frames_lie(frames, Y):
    at = [3, 250, 599]
    angle = np.radians(40)
    turn = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    ax = draw_faces(Y, frames, at=at)
    lines, colors = strokes(ax)
    everything = np.concatenate([line for line in lines.values()], axis=1)
    low, high = everything.min(axis=1), everything.max(axis=1)
    np.testing.assert_allclose((low + high) / 2, Y[at], atol=1e-4)
    heights = (high - low)[:, 1]
    assert np.median(heights) == pytest.approx(0.08 * np.ptp(Y, axis=0).max())
    assert (lines["jaw"][:, 8, 1] < lines["nose bridge"][:, 0, 1]).all()  # the chin is below
    assert (lines["left eye"][:, 0, 0] > lines["right eye"][:, 0, 0]).all()
    np.testing.assert_array_equal(lines["left eye"][:, 0], lines["left eye"][:, -1])
    assert len(lines["jaw"][0]) == 17 and (colors == 0).all()

    turned = plot.scatter(Y)
    plot.faces(turned, Y, 3 * frames.points @ np.array(turn), at)
    np.testing.assert_allclose(strokes(turned.axes[0])[0]["jaw"], lines["jaw"], atol=1e-3)


def test_a_face_shows_its_own_frame(frames, Y):
    opening = landmarks.actions(frames.points)[:, list(landmarks.ACTIONS).index("mouth opening")]
    at = [int(opening.argmin()), int(opening.argmax())]
    lines, _ = strokes(draw_faces(Y, frames, at=at))
    closed, opened = np.ptp(lines["inner lips"][..., 1], axis=1)
    assert opened > 2 * closed


@pytest.mark.parametrize("size", [0.05, 0.12])
def test_faces_are_spread_over_the_map_and_do_not_overlap(frames, Y, size):
    lines, _ = strokes(draw_faces(Y, frames, size=size))
    everything = np.concatenate([line for line in lines.values()], axis=1)
    low, high = everything.min(axis=1), everything.max(axis=1)
    middle, height = (low + high) / 2, size * np.ptp(Y, axis=0).max()
    apart = np.abs(middle[:, None] - middle).max(axis=2) + np.eye(len(middle)) * 1e9
    assert apart.min() > 1.2 * height
    assert (high - low).max() < 1.2 * height
    # No frame is far from a face: the set could not be larger.
    to_nearest = np.abs(Y[:, None] - middle).max(axis=2).min(axis=1)
    assert to_nearest.max() < 1.3 * height
    assert len(middle) > (30 if size == 0.05 else 8)


def test_seed_picks_the_faces(frames, Y):
    first, again, other = (
        strokes(draw_faces(Y, frames, seed=seed))[0]["jaw"] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.allclose(first, other)


def test_faces_have_the_colours_of_their_classes(frames, Y):
    at = [0, 100, 200]  # three clips, three labels
    ax = draw_faces(Y, frames, at=at, labels=frames.label, label_names=frames.label_names)
    _, colors = strokes(ax)
    legend = ax.get_legend()
    names = [text.get_text().strip() for text in legend.get_texts()]
    key = dict(zip(names, [line.get_color() for line in legend.get_lines()], strict=True))
    expected = [0.7 * np.array(key[frames.label_names[frames.label[i]]]) for i in at]
    np.testing.assert_allclose(colors, expected)


def test_faces_at_the_border_are_whole_and_the_frame_fits(frames, Y):
    at = [int(Y[:, 0].argmin()), int(Y[:, 1].argmax())]
    ax = draw_faces(Y, frames, at=at, size=0.4)
    everything = np.concatenate(list(strokes(ax)[0].values()), axis=1).reshape(-1, 2)
    for limits, values in zip((ax.get_xlim(), ax.get_ylim()), everything.T, strict=True):
        assert limits[0] <= values.min() and values.max() <= limits[1]
    # A unit is as long across as up, and where no face lies the limits are those of the map.
    frame = ax.get_window_extent()
    assert frame.width / np.ptp(ax.get_xlim()) == pytest.approx(
        frame.height / np.ptp(ax.get_ylim())
    )
    alone = plot.scatter(Y).axes[0]
    assert ax.get_xlim()[1] == alone.get_xlim()[1] and ax.get_ylim()[0] == alone.get_ylim()[0]
    np.testing.assert_allclose(strokes(draw_faces(Y, frames, at=[0]))[0]["jaw"].shape, (1, 17, 2))


def test_tensors_axes_and_odd_maps(frames, Y):
    figure = plot.scatter(Y)
    plot.faces(figure.axes[0], torch.tensor(Y), torch.tensor(frames.points), torch.tensor([5]))
    assert len(strokes(figure.axes[0])[0]["jaw"]) == 1
    plot.faces(figure, Y, frames.points, at=[])
    assert len(figure.axes[0].collections) == 3  # nothing more was drawn
    one = plot.scatter(Y[:1])
    plot.faces(one, Y[:1], frames.points[:1])
    plot.faces(one, Y[:1], np.zeros((1, 68, 2)))  # a face without extent
    one.draw_without_rendering()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"Y": np.zeros((600, 3))}, ValueError, r"\(n, 2\), got \(600, 3\): make a map of two"),
        ({"points": np.zeros((600, 136))}, ValueError, r"shape \(600, 68, 2\), got \(600, 136\)"),
        ({"points": np.full((600, 68, 2), np.nan)}, ValueError, "points must be finite"),
        ({"at": [600]}, ValueError, "at must lie in 0 to 599, got 600 to 600"),
        ({"at": [-1]}, ValueError, "at must lie in 0 to 599, got -1"),
        ({"at": [0.5]}, TypeError, "at must hold integers in one dimension, got float64"),
        ({"size": 0}, ValueError, r"size must lie in \(0, 1\], a fraction of the map, got 0"),
        ({"size": float("nan")}, ValueError, "size must lie"),
        ({"target": 3}, TypeError, "target must be matplotlib axes or a figure, got int"),
        ({"labels": [1]}, ValueError, r"labels must have shape \(600,\)"),
    ],
)
def test_bad_faces_are_refused(frames, Y, change, error, message):
    figure = plot.scatter(Y)
    arguments = {"target": figure, "Y": Y, "points": frames.points} | change
    with pytest.raises(error, match=message):
        plot.faces(**arguments)
    assert len(figure.axes[0].collections) == 1


# ---- Trajectories -----------------------------------------------------------------------------


def parts(ax):
    """Solid steps, their colours, dotted steps, start, end."""
    lines = [c for c in ax.collections if hasattr(c, "get_segments")]
    solid = next((c for c in lines if c.get_linewidth()[0] == 2.0), None)
    dotted = next((c for c in lines if c.get_linewidth()[0] == 1.0), None)
    *_, start, end = ax.collections
    return solid, dotted, np.asarray(start.get_offsets())[0], np.asarray(end.get_offsets())[0]


def test_trajectory_goes_from_frame_to_frame_and_darkens():
    path = np.stack([np.arange(20.0), np.sin(np.arange(20))], axis=1)
    Y = np.concatenate([np.random.default_rng(0).normal(size=(50, 2)), path])
    figure = plot.scatter(Y)
    rows = np.arange(50, 70)
    assert plot.trajectory(figure, Y, rows, color="#D55E00", label="$clip$ 7") is figure
    figure.draw_without_rendering()
    (ax,) = figure.axes
    solid, dotted, start, end = parts(ax)
    assert dotted is None
    steps = np.array(solid.get_segments())
    np.testing.assert_allclose(steps[:, 0], path[:-1])
    np.testing.assert_allclose(steps[:, 1], path[1:])
    colors = solid.get_color()[:, :3]
    np.testing.assert_allclose(colors[-1], to_rgb("#D55E00"))
    assert (np.diff(colors.sum(axis=1)) < 0).all() and colors[0].min() > 0.69
    np.testing.assert_allclose([start, end], [path[0], path[-1]])
    arrows = [text for text in ax.texts if text.get_text() == ""]
    assert len(arrows) == 6
    for arrow in arrows:
        assert arrow.xy[0] > arrow.xyann[0]  # they point the way the path goes
    assert [text.get_text().strip() for text in ax.texts if text.get_text()] == [r"\$clip\$ 7"]


@pytest.mark.parametrize("end", [(0.0, 5.0), (9.9, 5.0)])
def test_the_label_of_a_path_stays_in_the_frame(end):
    Y = np.array([[0, 0], [10, 10], [5, 5], end])
    figure = plot.scatter(Y)
    plot.trajectory(figure, Y, [2, 3], label="clip 12 of speaker 7")
    figure.draw_without_rendering()
    (ax,) = figure.axes
    (text,) = (text for text in ax.texts if text.get_text())
    box, frame = text.get_window_extent(), ax.get_window_extent()
    assert frame.x0 <= box.x0 and box.x1 <= frame.x1
    at = ax.transData.transform(end)[0]
    assert min(abs(box.x0 - at), abs(box.x1 - at)) < 3  # at the end of the path


def test_jumps_across_the_map_are_dotted():
    Y = np.array([[0, 0], [1, 0], [2, 0], [90, 90], [91, 90], [92, 90]], float)
    figure = plot.scatter(Y)
    plot.trajectory(figure, Y)
    solid, dotted, start, end = parts(figure.axes[0])
    assert len(solid.get_segments()) == 4
    np.testing.assert_allclose(dotted.get_segments(), [Y[2:4]])
    assert dotted.get_linestyle()[0][1] is not None and solid.get_linestyle()[0][1] is None
    np.testing.assert_allclose([start, end], Y[[0, -1]])


def test_trajectory_in_three_dimensions():
    Y = np.random.default_rng(0).normal(size=(40, 3)).cumsum(axis=0)
    figure = plot.scatter(Y)
    plot.trajectory(figure, torch.tensor(Y), torch.arange(5, 25), label="clip")
    figure.draw_without_rendering()
    (ax,) = figure.axes
    drawn = sum(len(c.get_segments()) for c in ax.collections if hasattr(c, "get_segments"))
    assert drawn == 19
    assert ax.texts[0].get_position_3d() == pytest.approx(tuple(Y[24]))


def test_trajectory_that_stands_still():
    Y = np.random.default_rng(0).normal(size=(40, 2))
    Y[10:20] = Y[10]
    figure = plot.scatter(Y)
    plot.trajectory(figure, Y, np.arange(10, 20))
    figure.draw_without_rendering()
    assert not figure.axes[0].texts


@pytest.mark.parametrize(
    ("rows", "target", "error", "message"),
    [
        ([3], "map", ValueError, "needs two frames or more, got 1"),
        ([3, 40], "map", ValueError, "rows must lie in 0 to 39, got 3 to 40"),
        ([[1, 2]], "map", TypeError, "rows must hold integers in one dimension"),
        ([1, 2], "3-D", ValueError, "target must be 2-D, as Y is; got Axes3D"),
        ([1, 2], "two maps", ValueError, "figure with one map; got one with 2"),
    ],
)
def test_bad_trajectories_are_refused(rows, target, error, message):
    Y = np.random.default_rng(0).normal(size=(40, 3))
    figure = {
        "map": plot.scatter(Y[:, :2]),
        "3-D": plot.scatter(Y),
        "two maps": plot.compare(Y, Y[:, :2]),
    }[target]
    with pytest.raises(error, match=message):
        plot.trajectory(figure, Y[:, :2], rows)
