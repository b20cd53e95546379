"""What is drawn: order, colours, key, captions; pictures of all sizes can be written."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib")
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from fasttsne import landmarks, metrics, page, plot
from fasttsne.plot.colors import UNLABELLED, to_perceived_oklab

GREY = to_rgb(UNLABELLED)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def dots(ax):
    """Positions (n, 2) and RGB (n, 3) of the points, in the order in which they are drawn."""
    (collection,) = ax.collections
    return np.asarray(collection.get_offsets()), collection.get_facecolors()[:, :3]


def color_of(ax, Y):
    """RGB (n, 3) of the points, in the order of ``Y``."""
    positions, colors = dots(ax)
    found = {tuple(p): c for p, c in zip(positions.tolist(), colors, strict=True)}
    return np.array([found[tuple(p)] for p in np.asarray(Y, float).tolist()])


def key_of(ax):
    """Names in the legend and their colours."""
    legend = ax.get_legend()
    names = [text.get_text().strip() for text in legend.get_texts()]
    return dict(zip(names, [line.get_color() for line in legend.get_lines()], strict=True))


def test_every_point_is_drawn_in_the_colour_of_its_class(rng):
    Y = rng.normal(size=(200, 2)).astype(np.float32)
    labels = rng.integers(0, 3, 200)
    figure = plot.scatter(Y, labels, ["a", "b", "c"], title="map")
    (ax,) = figure.axes
    key = key_of(ax)
    assert list(key) == ["a", "b", "c"]
    expected = np.array([key[name] for name in np.array(["a", "b", "c"])[labels]])
    np.testing.assert_allclose(color_of(ax, Y), expected)
    assert ax.get_title() == "map"


def test_order_is_shuffled_by_the_seed_and_unlabelled_come_first(rng):
    Y = rng.normal(size=(500, 2))
    labels = np.repeat([0, 1, -1, 2, -5], 100)
    first, again, other = (
        dots(plot.scatter(Y, labels, seed=seed).axes[0])[0] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    _, colors = dots(plot.scatter(Y, labels).axes[0])
    is_grey = np.isclose(colors, GREY).all(1)
    assert is_grey[:200].all() and not is_grey[200:].any()
    drawn = colors[200:]
    changes = (drawn[1:] != drawn[:-1]).any(1).mean()
    assert changes > 0.5  # in the order of the classes it would be 2 / 299


@pytest.mark.parametrize(
    ("stretch", "filled"), [([7, 9], [0.9, 0.9]), ([9, 5], [0.9, 0.9]), ([1, 9], [0.2, 0.9])]
)
@pytest.mark.parametrize("draw", ["scatter", "words"])
def test_axes_say_nothing_and_have_the_shape_of_the_map(rng, draw, stretch, filled):
    Y = rng.uniform(-1, 1, size=(500, 2)) * stretch + [100, 0]
    if draw == "words":
        (ax,) = plot.words(Y, [""] * 500).axes
    else:
        (ax,) = plot.scatter(Y).axes
    ax.figure.draw_without_rendering()
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0
    corners = ax.transData.transform([Y.min(0), Y.max(0)])
    frame = ax.get_window_extent()
    sides = corners[1] - corners[0]
    # A unit is as long across as up, and the map fills its frame, up to one twice as high.
    assert sides[0] / sides[1] == pytest.approx(np.divide(*np.ptp(Y, axis=0)), rel=1e-3)
    assert (sides > np.array(filled) * (frame.width, frame.height)).all()
    assert (corners[0] > frame.min).all() and (corners[1] < frame.max).all()
    assert max(frame.height / frame.width, frame.width / frame.height) < 2.01


@pytest.mark.parametrize("sides", [(9, 5), (10, 10), (5, 8)])
def test_a_map_fills_axes_that_are_given(rng, sides):
    for stretch in ([7, 9], [9, 5]):
        Y = rng.uniform(-1, 1, size=(500, 2)) * stretch
        for draw in (plot.scatter, lambda Y, ax: plot.words(Y, [""] * 500, ax=ax)):
            figure = Figure(figsize=sides)
            ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
            draw(Y, ax=ax)
            figure.draw_without_rendering()
            frame = ax.get_window_extent()
            assert frame.size == pytest.approx(80 * np.array(sides))
            corners = ax.transData.transform([Y.min(0), Y.max(0)])
            assert ((corners[1] - corners[0]) / frame.size).max() == pytest.approx(1 / 1.06)


def test_panels_have_one_shape_that_suits_all_maps(rng):
    wide, high = (rng.uniform(-1, 1, size=(300, 2)) * sides for sides in ([9, 6], [4, 5]))
    axes = plot.side_by_side({"a": wide, "b": wide / 7}).axes
    both = plot.side_by_side({"a": wide, "b": high}).axes
    for pair, shape in ((axes, 1.5), (both, 1.0)):
        pair[0].figure.draw_without_rendering()
        frames = [ax.get_window_extent() for ax in pair]
        assert [frame.width / frame.height for frame in frames] == pytest.approx(
            [shape] * 2, rel=0.02
        )
        assert frames[0].height == pytest.approx(frames[1].height)


@pytest.mark.parametrize(
    ("labels", "names", "expected"),
    [
        ([2, 2, 5, -1], None, ["2", "5", None]),
        ([2, 2, 5, 5], {2: "two"}, ["two", "5"]),
        (["b", "a", "", "b"], None, ["a", "b", None]),
        (["b", None, "a", "b"], None, ["a", "b", None]),
        ([1, None, 0, 1], ["zero", "one"], ["zero", "one", None]),
        ([True, False, True, True], None, ["False", "True"]),
        ([1.0, np.nan, 0.0, 1.0], ["no", "yes"], ["no", "yes", None]),
        ([0, 1, 0, 1], ["_private", "$x$ and $y$"], ["_private", r"\$x\$ and \$y\$"]),
        ([0, 1, 0, 1], ["short", "x" * 50], ["short", "x" * 27 + "…"]),
        ([-1, -1, -1, -1], None, [None]),
    ],
)
def test_key(labels, names, expected):
    Y = np.arange(8.0).reshape(4, 2)
    figure = plot.scatter(Y, labels, names)
    key = key_of(figure.axes[0])
    assert list(key) == ["unlabelled" if name is None else name for name in expected]
    figure.draw_without_rendering()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_points_and_labels_as_tensors(dtype, tmp_path):
    Y = torch.randn(30, 2, dtype=dtype, requires_grad=True)
    labels = torch.arange(30) % 3
    assert list(key_of(plot.scatter(Y, labels).axes[0])) == ["0", "1", "2"]
    page.write(tmp_path / "map.html", Y, labels.to(dtype))


def test_floats_are_drawn_on_a_scale(rng):
    Y = rng.normal(size=(100, 2))
    values = np.linspace(-1, 1, 100)
    values[7] = np.nan
    figure = plot.scatter(Y, values)
    (ax,) = figure.axes
    (bar,) = ax.child_axes
    assert ax.get_legend() is None and bar.get_ylim() == (-1, 1)
    colors = color_of(ax, Y)
    np.testing.assert_allclose(colors[7], GREY)
    lightness = colors[np.isfinite(values)] @ [0.2, 0.7, 0.1]
    assert (np.diff(lightness) > -1e-3).all() and np.ptp(lightness) > 0.5


@pytest.mark.parametrize("c", [11, 26, 40])
def test_many_classes_have_their_names_on_the_map(rng, c):
    labels = np.arange(20 * c) % c
    centres = np.stack([np.arange(c) % 7, np.arange(c) // 7], 1)
    Y = 10.0 * centres[labels] + rng.normal(size=(20 * c, 2))
    (ax,) = plot.scatter(Y, labels, [f"k{i}" for i in range(c)]).axes
    written = {text.get_text(): text.get_position() for text in ax.texts}
    assert list(written) != [] and len(key_of(ax)) == c
    for name, position in written.items():
        assert np.linalg.norm(np.array(position) - 10.0 * centres[int(name[1:])]) < 1.5
    assert len(written) == c


@pytest.mark.parametrize("spread", [0.1, 1.0, 3.0])
def test_names_on_the_map_never_lie_on_each_other_nor_beyond_the_frame(rng, spread):
    labels = np.arange(1200) % 12
    Y = 3.0 * rng.normal(size=(12, 2))[labels] + spread * rng.normal(size=(1200, 2))
    (ax,) = plot.scatter(Y, labels, ["a long name, as they are"] * 12).axes
    figure = ax.figure
    figure.draw_without_rendering()
    boxes, frame = [text.get_window_extent() for text in ax.texts], ax.get_window_extent()
    assert boxes
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1


def islands(rng, centres, sizes):
    noise = rng.normal(size=(sum(sizes), 2)).clip(-2, 2)
    return np.repeat(np.asarray(centres, float), sizes, axis=0) + 0.4 * noise


def names_at(Y, labels, wanted):
    """Where the names of a class are written."""
    (ax,) = plot.scatter(Y, labels, [f"k{i}" for i in range(labels.max() + 1)]).axes
    return [text.get_position() for text in ax.texts if text.get_text() == f"k{wanted}"]


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        ([100], [0]),
        ([60, 40], [0, 1]),
        ([30, 30, 40], [2, 0, 1]),
        ([85, 15], [0]),  # less than a quarter
        ([25, 25, 25, 25], [0, 1, 3]),  # three at most
        ([10, 10, 10, 10, 20, 10, 10, 10, 10], [4]),  # none has a quarter: the largest
    ],
)
def test_a_torn_class_has_its_name_at_each_large_island(rng, sizes, named):
    centres = 12.0 * np.stack([np.arange(9) % 3, np.arange(9) // 3], 1)
    torn = islands(rng, centres[: len(sizes)], sizes)
    rest = islands(rng, [(6.0 + 12 * (i % 4), 40.0 + 8 * (i // 4)) for i in range(12)], [150] * 12)
    Y = np.concatenate([torn, rest])
    labels = np.repeat([12, *range(12)], [len(torn), *[150] * 12])
    at = names_at(Y, labels, 12)
    at.sort(key=lambda place: np.round(place, -1).tolist())
    np.testing.assert_allclose(at, sorted(centres[named].tolist()), atol=1.2)


def test_only_the_largest_island_has_a_name_that_lies_among_others(rng):
    # The second island of the class lies in a crowd of another class, the first one by itself.
    torn = islands(rng, [(0, 0), (33, 2)], [60, 40])
    crowd = (30, 0) + 3 * rng.normal(size=(2000, 2))
    rest = islands(rng, [(7 * i - 30, 22) for i in range(10)], [60] * 10)
    labels = np.repeat([0, *range(1, 12)], [100, 2000, *[60] * 10])
    (at,) = names_at(np.concatenate([torn, crowd, rest]), labels, 0)
    np.testing.assert_allclose(at, (0, 0), atol=1)


def test_a_name_hides_few_points_of_other_classes(rng):
    # Half of a class lies, densest, among points of others; the other half lies by itself.
    middle, free = np.array([1.3, 1.3]), np.array([10.3, 1.3])
    Y = np.concatenate(
        [
            middle + 0.4 * rng.normal(size=(260, 2)),
            free + 0.5 * rng.normal(size=(160, 2)),
            middle + np.linspace(0, 9, 60)[:, None] * [1, 0],  # they are one island
            middle + 0.6 * rng.normal(size=(600, 2)),
            islands(rng, [(4 * i - 16, 12) for i in range(11)], [40] * 11),
        ]
    )
    labels = np.repeat([0, 1, *range(2, 13)], [480, 600, *[40] * 11])
    (at,) = names_at(Y, labels, 0)
    assert np.linalg.norm(at - free) < 1.5


def test_a_long_legend_is_no_higher_than_a_flat_map(rng):
    Y = rng.uniform(size=(400, 2)) * [2, 1]
    for title in (None, "a title"):
        figure = plot.scatter(Y, np.arange(400) % 40, legend_title=title)
        figure.draw_without_rendering()
        (ax,) = figure.axes
        legend = ax.get_legend().get_window_extent()
        assert legend.y0 > ax.get_window_extent().y0 - 8
        assert legend.x1 < figure.bbox.x1 + 8


@pytest.mark.parametrize("labels", [np.arange(60) % 3, np.linspace(0, 90, 60)])
def test_legends_and_scales_have_titles(rng, labels, tmp_path):
    Y = rng.normal(size=(60, 2))
    title = "age_$ (years)"
    figures = [
        plot.scatter(Y, labels, legend_title=title),
        plot.words(Y, [""] * 60, labels=labels, legend_title=title),
        plot.side_by_side({"a": Y, "b": Y}, labels, legend_title=title),
        plot.compare(rng.normal(size=(60, 4)), Y, labels, legend_title=title),
        plot.scatter(rng.normal(size=(60, 3)), labels, legend_title=title),
    ]
    for figure in figures:
        figure.draw_without_rendering()
        ax = figure.axes[-1]
        shown = (
            ax.child_axes[0].yaxis.label if ax.get_legend() is None else ax.get_legend().get_title()
        )
        assert shown.get_text() == r"age_\$ (years)"
        box = shown.get_window_extent()
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
    for figure in (plot.scatter(Y, labels), plot.scatter(Y, legend_title=title)):
        (ax,) = figure.axes
        legend = ax.get_legend()
        assert legend is None or not legend.get_title().get_text()
        assert not ax.child_axes or not ax.child_axes[0].get_ylabel()


def test_hundreds_of_classes_are_coloured_and_counted_below_the_map(rng):
    Y = rng.normal(size=(900, 2))
    labels = np.arange(900) % 300
    figure = plot.scatter(Y, labels, caption="caption")
    (ax,) = figure.axes
    assert ax.get_legend() is None  # nor a column that it would be in
    assert figure.get_figwidth() == plot.scatter(Y).get_figwidth()
    assert [text.get_text() for text in ax.texts] == ["caption\n300 labels"]
    assert len(np.unique(color_of(ax, Y), axis=0)) == 256
    labels[0] = -1
    (ax,) = plot.scatter(Y, labels, legend_title="age").axes
    assert [text.get_text() for text in ax.texts] == ["age: 300 labels; grey: unlabelled"]
    axes = plot.side_by_side({"a": Y, "b": Y}, labels).axes
    assert [len(ax.texts) for ax in axes] == [0, 1]


@pytest.mark.parametrize("n", [1, 2, 7, 8, 10, 26, 40])
def test_palette_is_told_apart_by_all_eyes(n):
    colors = plot.palette(n)
    assert colors.shape == (n, 3) and colors.min() >= 0 and colors.max() <= 1
    np.testing.assert_array_equal(colors[: min(n, 7)], plot.palette(7)[:n])
    everything = np.concatenate([colors, [GREY, (1, 1, 1)]])
    seen = to_perceived_oklab(everything)
    apart = np.linalg.norm(seen[:, :, None] - seen[:, None], axis=-1)
    apart[:, np.arange(n + 2), np.arange(n + 2)] = np.inf
    normal, *colour_blind = apart.min((1, 2))
    assert normal > 0.065
    assert min(colour_blind) > (0.075 if n <= 10 else 0.035)


def test_oklab_of_known_colours():
    # Ottosson 2020: white has lightness 1 and no colour; sRGB red is (0.628, 0.225, 0.126).
    normal = to_perceived_oklab(np.array([[1.0, 1, 1], [1, 0, 0], [0, 0, 0]]))[0]
    np.testing.assert_allclose(normal, [[1, 0, 0], [0.628, 0.225, 0.126], [0, 0, 0]], atol=2e-3)


def test_points_are_smaller_and_fainter_where_there_are_many(rng):
    sizes, alphas = [], []
    for n in (500, 5000, 100_000):
        (collection,) = plot.scatter(rng.normal(size=(n, 2))).axes[0].collections
        assert collection.get_rasterized()
        sizes.append(float(collection.get_sizes()[0]))
        alphas.append(collection.get_alpha())
    assert sizes[0] > sizes[1] > sizes[2] >= 0.5
    assert alphas[0] >= alphas[1] > alphas[2] >= 0.5


def test_three_dimensions(rng):
    Y = rng.normal(size=(60, 3))
    figure = plot.scatter(Y, np.arange(60) % 2, title="map", caption="below")
    (ax,) = figure.axes
    assert ax.name == "3d" and len(ax.get_zticks()) == 0
    assert [text.get_text() for text in ax.texts] == ["below"]
    figure.draw_without_rendering()


@pytest.mark.parametrize("stretch", [[1, 1, 1], [9, 3, 2], [2, 3, 9], [0, 1, 0]])
def test_a_map_in_three_dimensions_fills_its_axes(rng, stretch):
    from mpl_toolkits.mplot3d.proj3d import proj_transform

    Y = rng.uniform(-1, 1, size=(2000, 3)) * stretch
    figure = plot.scatter(Y, title="title", caption="caption")
    figure.draw_without_rendering()
    (ax,) = figure.axes

    def on_paper(points):
        x, y, _ = proj_transform(*points.T, ax.get_proj())
        return ax.transAxes.inverted().transform(ax.transData.transform(np.stack([x, y], 1)))

    limits = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()])
    corners = on_paper(np.array(np.meshgrid(*limits)).reshape(3, -1).T)
    assert corners.min() > -0.01 and corners.max() < 1.01
    assert np.ptp(corners, axis=0).max() > 0.9
    # The title and the caption are near the box.
    height = ax.get_window_extent().height
    ends = [text.get_window_extent() for text in (ax.title, ax.texts[0])]
    bottom, top = ax.get_window_extent().y0 + height * np.array(
        [corners[:, 1].min(), corners[:, 1].max()]
    )
    assert 0 < ends[0].y0 - top < 15 and 0 < bottom - ends[1].y1 < 15
    assert (limits[:, 0] < Y.min(0)).all() and (Y.max(0) < limits[:, 1]).all()
    sides = np.ptp(limits, axis=1)
    filled = np.ptp(Y, axis=0) / sides
    assert (filled[sides > 0.51 * sides.max()] > 0.9).all()
    np.testing.assert_allclose(ax._box_aspect / ax._box_aspect.max(), sides / sides.max())


def test_own_axes(rng):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot.scatter(rng.normal(size=(20, 2)), np.arange(20) % 2, ax=right) is figure
    assert len(right.collections) == 1 and not left.collections
    with pytest.raises(ValueError, match="ax must be 3-D, as Y is; got Axes"):
        plot.scatter(rng.normal(size=(20, 3)), ax=left)


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
@pytest.mark.parametrize("m", [2, 3])
def test_compare(rng, kind, m):
    labels = np.arange(300) % 4
    X = rng.normal(size=(300, 6)) * [9, 8, 7, 1, 1, 1] + 3.0 * labels[:, None]
    Y = X[:, :m] + rng.normal(size=(300, m))
    figure = plot.compare(kind(X), kind(Y), labels, title="both")
    pca, tsne = figure.axes
    assert (pca.get_title(), tsne.get_title()) == ("PCA", "t-SNE")
    assert pca.get_legend() is None and list(key_of(tsne)) == ["0", "1", "2", "3"]
    assert figure.get_suptitle() == "both"
    centred = X - X.mean(0)
    exact = centred @ np.linalg.svd(centred, full_matrices=False)[2][:m].T
    for ax, points in ((pca, exact), (tsne, Y)):
        (caption,) = ax.texts
        recall = metrics.neighbor_recall(X, points)
        accuracy = metrics.label_accuracy(points, labels)
        assert f"recall@10  {recall:.2f}" in caption.get_text()
        assert f"10-NN accuracy  {accuracy:.2f}" in caption.get_text()


def test_compare_lets_only_other_groups_vote(rng):
    clip = np.repeat(np.arange(30), 12)
    labels = rng.integers(0, 2, 30)[clip]
    X = rng.normal(size=(30, 6))[clip] + 0.01 * rng.normal(size=(360, 6))
    for ax in plot.compare(X, X[:, :2], labels, group=clip).axes:
        accuracy = float(ax.texts[0].get_text().split("10-NN accuracy across groups")[1])
        assert 0.2 < accuracy < 0.8
    right = plot.compare(X, X[:, :2], labels, group=torch.tensor(clip)).axes[1]
    expected = (landmarks.leave_group_out(X[:, :2], labels, clip) == labels).mean()
    assert right.texts[0].get_text().endswith(f"across groups  {expected:.2f}")
    with pytest.raises(ValueError, match=r"group must have shape \(360,\), got \(30,\)"):
        plot.compare(X, X[:, :2], labels, group=np.arange(30))


def test_compare_of_few_points_and_of_points_without_classes(rng):
    X = rng.normal(size=(5, 4))
    for labels in (None, np.zeros(5, int), np.full(5, -1), np.linspace(0, 1, 5)):
        figure = plot.compare(X, X[:, :2], labels)
        for ax in figure.axes[:2]:
            assert "recall@4" in ax.texts[0].get_text()
            assert "accuracy" not in ax.texts[0].get_text()


def test_texts_of_maps_in_three_dimensions_stand_in_one_line(rng):
    maps = {"flat": rng.normal(size=(60, 3)) * [5, 5, 1], "high": rng.normal(size=(60, 3))}
    figure = plot.side_by_side(maps, captions=["x", "y"])
    figure.draw_without_rendering()
    for texts in ([ax.title for ax in figure.axes], [ax.texts[0] for ax in figure.axes]):
        assert len({round(text.get_window_extent().y0) for text in texts}) == 1


@pytest.mark.parametrize("m", [2, 3])
def test_side_by_side(rng, m):
    labels = np.arange(60) % 2
    maps = {name: rng.normal(size=(60, m)) for name in ("one", "two", "three")}
    figure = plot.side_by_side(maps, labels, ["a", "b"], captions=["x", "y", "z"], title="all")
    assert [ax.get_title() for ax in figure.axes] == ["one", "two", "three"]
    assert [ax.texts[0].get_text() for ax in figure.axes] == ["x", "y", "z"]
    assert list(key_of(figure.axes[2])) == ["a", "b"] and figure.get_suptitle() == "all"
    if m == 2:
        for ax, Y in zip(figure.axes, maps.values(), strict=True):
            np.testing.assert_allclose(np.sort(dots(ax)[0], 0), np.sort(Y, 0))


def test_side_by_side_refuses():
    with pytest.raises(ValueError, match=r"one shape, got \[\(5, 2\), \(4, 2\)\]"):
        plot.side_by_side({"a": np.zeros((5, 2)), "b": np.zeros((4, 2))})
    with pytest.raises(ValueError, match=r"one shape, got \[\]"):
        plot.side_by_side({})
    with pytest.raises(ValueError, match="captions must hold 1, one for each map; got 2"):
        plot.side_by_side({"a": np.zeros((5, 2))}, captions=["x", "y"])


@pytest.mark.parametrize("n", [1, 2, 100_000])
def test_save_all_sizes(tmp_path, rng, n):
    figure = plot.scatter(rng.normal(size=(n, 2)), np.arange(n) % 10)
    plot.save(figure, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["map.png"]


def test_vector_formats_hold_the_points_as_a_picture(tmp_path, rng):
    plot.save(plot.scatter(rng.normal(size=(20_000, 2))), tmp_path / "map.svg")
    assert (tmp_path / "map.svg").stat().st_size < 1_500_000  # 20,000 paths would be 3 MB
    plot.save(plot.scatter(rng.normal(size=(20, 2))), tmp_path / "map.PDF")
    assert (tmp_path / "map.PDF").read_bytes().startswith(b"%PDF")


def test_save_that_fails_leaves_the_old_picture(tmp_path, monkeypatch, rng):
    path = tmp_path / "map.png"
    path.write_text("old")
    figure = plot.scatter(rng.normal(size=(20, 2)))

    def fail(file, **keywords):
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(KeyboardInterrupt):
        plot.save(figure, path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_save_refuses_names_that_are_no_pictures(tmp_path, rng):
    figure = plot.scatter(rng.normal(size=(20, 2)))
    for name in ("map", "map.xyz"):
        with pytest.raises(ValueError, match=rf"{name}: a picture must end in one of .*\.png"):
            plot.save(figure, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"Y": np.zeros((5, 4))}, ValueError, r"Y must have shape \(n, 2\) or \(n, 3\)"),
        ({"Y": np.zeros((0, 2))}, ValueError, "Y must have shape"),
        ({"Y": np.full((5, 2), np.nan)}, ValueError, "Y must be finite"),
        ({"Y": np.full((5, 2), "a")}, TypeError, "Y must hold real numbers"),
        ({"labels": np.zeros(4, int)}, ValueError, r"labels must have shape \(5,\), got \(4,\)"),
        ({"labels": np.zeros(5, complex)}, TypeError, "labels must be numbers or strings"),
        ({"labels": [0, 1, 2, 1, 0], "label_names": ["a", "b"]}, ValueError, "2 names, but .* 2"),
    ],
)
def test_scatter_refuses(change, error, message):
    with pytest.raises(error, match=message):
        plot.scatter(**{"Y": np.zeros((5, 2)), **change})


@pytest.mark.parametrize(
    "shape, message",
    [
        ((4, 3), r"X must have shape \(5, d\) with d >= 2"),
        ((5,), r"X must have 2 dimensions \(samples, features\), got shape \(5,\)"),
        ((5, 1), r"X must have shape \(5, d\) with d >= 2"),
    ],
)
def test_compare_refuses(shape, message):
    with pytest.raises(ValueError, match=message):
        plot.compare(np.zeros(shape), np.zeros((5, 2)))


def test_neither_windows_nor_matplotlib_on_import():
    code = (
        "import sys; from fasttsne import plot; assert 'matplotlib' not in sys.modules\n"
        "import numpy as np; plot.scatter(np.zeros((2, 2)))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pictures need matplotlib.*fasttsne\[plot\]"):
        plot.scatter(np.zeros((2, 2)))
    with pytest.raises(ImportError, match="pictures need matplotlib"):
        plot.check_path("map.png")


@pytest.mark.parametrize("dtype", [np.uint8, bool])
def test_a_map_of_whole_numbers_is_drawn_where_its_points_are(dtype):
    """Sums of small integers would wrap around, and NumPy subtracts no booleans."""
    Y = np.array([[100, 0], [150, 250], [250, 240]]).astype(dtype)
    ax = plot.scatter(Y).axes[0]
    for limits, column in zip((ax.get_xlim(), ax.get_ylim()), Y.T.astype(float), strict=True):
        assert limits[0] <= column.min() and column.max() <= limits[1]


def test_a_masked_map_is_refused_by_every_picture():
    Y = np.ma.masked_greater([[1.0, 1.0], [2.0, 2.0], [9.0, 9.0]], 5)
    for draw in (plot.scatter, lambda Y: plot.words(Y, ["a", "b", "c"])):
        with pytest.raises(ValueError, match="masked"):
            draw(Y)
