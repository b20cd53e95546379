"""Names on maps: none lies on another as matplotlib draws them, the most important come first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("matplotlib")
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from fasttsne import plot
from fasttsne.plot.placement import select_disjoint

# ---- Placement --------------------------------------------------------------------------------


def share_area(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def place_one_by_one(boxes, priority, owner, at_most):
    """The definition, each box against all that are kept."""
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-priority[i], i)):
        if len(kept) == at_most:
            break
        if not any(share_area(boxes[i], boxes[j]) or owner[i] == owner[j] for j in kept):
            kept.append(i)
    return sorted(kept)


# Whole numbers, so that edges often touch; some sizes far beyond the others.
corner = st.integers(-30, 30)
size = st.one_of(st.integers(1, 12), st.just(100), st.just(0.125))
box = st.tuples(corner, corner, size, size).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
entry = st.tuples(box, st.integers(0, 5), st.integers(0, 20))


@settings(deadline=None, max_examples=300)
@given(st.lists(entry, min_size=1, max_size=60), st.one_of(st.none(), st.integers(1, 10)))
def test_place_is_greedy(entries, at_most):
    boxes, priority, owner = map(list, zip(*entries, strict=True))
    kept = select_disjoint(boxes, priority, owner, at_most)
    assert np.flatnonzero(kept).tolist() == place_one_by_one(boxes, priority, owner, at_most)


@settings(deadline=None)
@given(st.lists(box, min_size=1, max_size=60))
def test_place_keeps_the_first_and_no_two_on_each_other(boxes):
    kept = np.flatnonzero(select_disjoint(boxes)).tolist()
    assert kept[0] == 0
    assert not any(share_area(boxes[i], boxes[j]) for i in kept for j in kept if i < j)


def test_place_looks_only_near_by():
    # All pairs of these would take hours.
    corners = np.stack(np.meshgrid(np.arange(200), np.arange(250)), -1).reshape(-1, 2)
    assert select_disjoint(np.hstack([corners, corners + 1])).all()
    assert select_disjoint(np.hstack([corners, corners + 1.5])).sum() == 100 * 125


def test_place_nothing():
    assert select_disjoint(np.zeros((0, 4))).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0, 0, 1]],), r"boxes must have shape \(n, 4\), got \(1, 3\)"),
        (([[0, 0, 0, 1]],), "left < right and bottom < top"),
        (([[0, 0, np.nan, 1]],), "must be finite"),
        (([[0, 0, 1, 1]], [1, 2]), r"priority must have shape \(1,\).*got \(2,\)"),
        (([[0, 0, 1, 1]], None, [1, 2]), r"owner must have shape \(1,\).*got \(2,\)"),
        (([[0, 0, 1, 1]], None, None, 0), "at_most must be at least 1, got 0"),
    ],
)
def test_place_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        select_disjoint(*arguments)


# ---- Words on a map ---------------------------------------------------------------------------

SYLLABLES = ("wa", "il", "Ängst", "mm", "fi", "AV", "To", "gy", "жук", "ΰ", "$x$", "_", "W.")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def crowd(rng):
    """A map of two clusters, far too dense for all its names, and the names."""
    Y = rng.normal(size=(3000, 2)) * [3, 1] + 20 * rng.integers(0, 2, (3000, 1))
    names = ["".join(rng.choice(SYLLABLES, rng.integers(1, 7))) + str(i) for i in range(3000)]
    return Y.astype(np.float32), names


def written(figure):
    (ax,) = figure.axes
    return {text.get_text(): text for text in ax.texts}


def rendered(figure):
    """Boxes of the names and of the axes, in pixels as they are drawn."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    (ax,) = figure.axes
    boxes = [text.get_window_extent(renderer).extents for text in ax.texts]
    return np.array(boxes), ax.get_window_extent(renderer).extents


@pytest.mark.parametrize("dpi", [72, 100, 200, 300])
@pytest.mark.parametrize(
    "view",
    [
        {},
        {"n_labels": None},
        {"span": 24.0},
        {"around": 17, "mark": range(40)},
        {"around": 17, "span": 0.3, "fontsize": 14},
        {"around": 2999, "span": 30.0, "fontsize": 4},
    ],
)
def test_no_name_is_drawn_on_another_nor_outside_at_any_zoom(crowd, dpi, view):
    Y, names = crowd
    view = {**view, **({"around": names[view["around"]]} if "around" in view else {})}
    if "mark" in view:
        view["mark"] = [names[i] for i in view["mark"]]
    figure = plot.words(Y, names, **view)
    figure.set_dpi(dpi)
    boxes, (left, bottom, right, top) = rendered(figure)
    assert 1 < len(boxes) < 3000
    overlap = (boxes[:, None, :2] < boxes[None, :, 2:]).all(2)
    overlap &= overlap.T
    assert overlap.sum() == len(boxes)  # each with itself
    assert (boxes[:, :2] >= (left, bottom)).all() and (boxes[:, 2:] <= (right, top)).all()


def test_no_real_word_is_drawn_on_another(data_dir):
    with np.load(data_dir / "bench" / "glove6b_50d_100k" / "glove6b_50d_100k.npz") as file:
        words, Y = file["words"][:30_000], file["X"][:30_000, :2].astype(np.float32)
    boxes, _ = rendered(plot.words(Y, words, n_labels=None))
    overlap = (boxes[:, None, :2] < boxes[None, :, 2:]).all(2)
    assert (overlap & overlap.T).sum() == len(boxes) > 200


def test_the_most_important_in_view_is_always_written(crowd, rng):
    Y, names = crowd
    assert names[0] in written(plot.words(Y, names))
    for _ in range(5):
        importance = rng.permutation(len(Y))
        assert names[importance.argmax()] in written(plot.words(Y, names, importance=importance))
        center = int(rng.integers(len(Y)))
        texts = written(plot.words(Y, names, span=2.0, around=names[center], n_labels=3))
        near = np.flatnonzero((np.abs(Y - Y[center].astype(float)) <= 1.0).all(1))
        first = near[near != center][0]
        assert next(iter(texts)) == names[center] and len(texts) == 3
        assert set(texts) <= {names[i] for i in near}
        if np.abs(Y[first] - Y[center]).max() > 0.5:
            assert names[first] in texts


def test_names_stand_at_their_points():
    Y = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10], [5, 5]])
    texts = written(plot.words(Y, list("abcde")))
    for name, point in zip("abcde", Y, strict=True):
        np.testing.assert_allclose(texts[name].get_position(), point, atol=1e-9)
    # The second of two names at one point moves above it, and so on.
    texts = written(plot.words(np.vstack([Y, Y[4:]]), list("abcdef")))
    x, y = texts["f"].get_position()
    assert x == pytest.approx(5.0) and 5.1 < y < 5.6


def test_less_important_names_are_smaller(crowd):
    Y, names = crowd
    texts = written(plot.words(Y, names, fontsize=10))
    sizes = [texts[name].get_fontsize() for name in names if name in texts]
    assert sizes[0] == pytest.approx(13.0) and sizes == sorted(sizes, reverse=True)
    assert sizes[-1] > 8.0


def test_a_closer_view_writes_names_that_found_no_room(crowd):
    Y, names = crowd
    whole = written(plot.words(Y, names, n_labels=None))
    hidden = next(name for name in names if name not in whole)
    near = written(plot.words(Y, names, around=hidden, n_labels=None))
    assert hidden in near and len(set(near) - set(whole)) > 5


def test_the_crop_holds_the_nearest_points(crowd):
    Y, names = crowd
    (ax,) = plot.words(Y, names, around=names[5]).axes
    (points,) = ax.collections
    assert 101 <= len(points.get_offsets()) <= 110
    away = np.sort(np.abs(Y - Y[5]).max(1))[100]
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    np.testing.assert_allclose((low + high) / 2, Y[5], rtol=1e-5)
    np.testing.assert_allclose(high - low, 2.04 * away, rtol=1e-5)
    assert len(plot.words(Y, names).axes[0].collections[0].get_offsets()) == len(Y)


def test_marked_names_come_first_and_are_told_apart(crowd):
    Y, names = crowd
    far = [int(Y[:, 0].argmin()), int(Y[:, 1].argmax())]
    texts = written(plot.words(Y, names, mark=[names[i] for i in far]))
    assert list(texts)[:3] == [names[far[0]], names[far[1]], names[0]]
    assert [text.get_weight() for text in texts.values()].count("bold") == 2
    assert to_rgb(texts[names[far[0]]].get_color()) != to_rgb(texts[names[0]].get_color())


def test_points_are_pale_behind_names_of_their_class(crowd):
    Y, names = crowd
    labels = np.where(Y[:, 0] > 10, 1, 0)
    figure = plot.words(Y, names, labels=labels, label_names=["left", "right"])
    (ax,) = figure.axes
    assert [text.get_text().strip() for text in ax.get_legend().get_texts()] == ["left", "right"]
    colors = plot.palette(2)
    (points,) = ax.collections
    dots = points.get_facecolors()[:, :3]
    for code in (0, 1):
        of_class = points.get_offsets()[:, 0] > 10
        assert (dots[of_class == code] > colors[code] - 1e-9).all()
        assert np.ptp(dots[of_class == code], axis=0).max() == 0
    for name, text in written(figure).items():
        np.testing.assert_allclose(text.get_color(), 0.55 * colors[labels[names.index(name)]])


def test_names_of_all_kinds():
    Y = np.array([[0.0, 0], [1, 1], [2, 2], [3, 3], [4, 4], [0, 4]])
    names = ["", "  two\n words ", "x" * 50, "$\\alpha_2$", 7, "zwölf"]
    figure = plot.words(Y, names)
    assert set(written(figure)) == {"two words", "x" * 27 + "…", "$\\alpha_2$", "7", "zwölf"}
    assert not any(text.get_parse_math() for text in written(figure).values())
    figure.draw_without_rendering()


@pytest.mark.parametrize("n", [1, 2])
def test_few_points(n):
    Y = np.zeros((n, 2))
    assert list(written(plot.words(Y, ["a", "b"][:n]))) == ["a", "b"][:n]
    assert "a" in written(plot.words(Y, ["a", "b"][:n], around="a"))


def test_own_axes_that_are_small(crowd):
    Y, names = crowd
    figure = Figure(figsize=(3, 2))
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    assert plot.words(Y, names, ax=ax) is figure
    boxes, (left, bottom, right, top) = rendered(figure)
    assert (boxes[:, :2] >= (left, bottom)).all() and (boxes[:, 2:] <= (right, top)).all()
    tiny = Figure(figsize=(0.3, 0.3)).add_axes((0, 0, 1, 1))
    assert not plot.words(Y[:1], ["incomprehensibilities"], ax=tiny).axes[0].texts


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Y": np.zeros((3, 3))}, r"\(n, 2\), got \(3, 3\): make a map of two dimensions"),
        ({"Y": np.full((3, 2), np.nan)}, "Y must be finite"),
        ({"names": ["a", "b"]}, "names must have length 3, one for each point, got 2"),
        ({"importance": [1, 2]}, r"importance must hold 3 numbers.*\(2,\)"),
        ({"importance": ["a", "b", "c"]}, "importance must hold 3 numbers"),
        ({"around": "kin"}, "there is no name 'kin' among 3: did you mean 'king'"),
        ({"mark": ["kin"]}, "did you mean 'king'"),
        (
            {"Y": np.array([[0, 0], [0, 1], [9, 9]]), "span": 1.0},
            "wider: got 1.0, and no point",
        ),
        ({"span": 0.0}, "span must be a positive number, got 0.0"),
        ({"span": np.nan}, "span must be a positive number, got nan"),
        ({"n_labels": 0}, "n_labels must be at least 1, or None; got 0"),
        ({"labels": [1, 2]}, r"labels must have shape \(3,\)"),
    ],
)
def test_words_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        plot.words(**{"Y": np.zeros((3, 2)), "names": ["king", "of", "hearts"], **change})
