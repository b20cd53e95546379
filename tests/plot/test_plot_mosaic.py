"""Mosaics: where each picture is, how large, what is hidden, and the file for viewers."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

pytest.importorskip("PIL")
from PIL import Image

from fasttsne import plot
from fasttsne.plot import coloring


def plain(n, height=20, width=20):
    """Pictures of one colour each, and these colours (n, 3); none is white."""
    rgb = np.stack([np.arange(n) % 200, np.arange(n) // 200, np.full(n, 50)], 1).astype(np.uint8)
    return np.broadcast_to(rgb[:, None, None], (n, height, width, 3)), rgb


def box_of(mosaic, rgb):
    """Left, top, right, bottom of the pixels of a colour, and how many they are."""
    y, x = np.nonzero((np.asarray(mosaic) == rgb).all(-1))
    return (x.min(), y.min(), x.max() + 1, y.max() + 1), len(x)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# ---- At their points ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_pictures_are_where_their_points_are(kind):
    pictures, rgb = plain(5)
    Y = [[-3, 10], [5, 10], [-3, 20], [5, 20], [1, 15]]  # the corners, and the middle
    mosaic = plot.mosaic(kind(np.array(pictures)), kind(np.array(Y)), (200, 100), tile=10)
    assert mosaic.size == (200, 100) and mosaic.mode == "RGB"
    corners = [(0, 90), (190, 90), (0, 0), (190, 0), (95, 45)]  # the second axis points upwards
    for color, (left, top) in zip(rgb, corners, strict=True):
        assert box_of(mosaic, color) == ((left, top, left + 10, top + 10), 100)
    assert mosaic.getpixel((50, 50)) == (255, 255, 255)
    assert sorted(mosaic.info["shown"]) == list(range(5))


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(20, 40, (60, 30)), (300, 100, (20, 60)), (7, 7, (60, 60)), (1, 500, (60, 1))],
)
def test_aspect_is_kept(height, width, expected):
    pictures, rgb = plain(2, height, width)
    mosaic = plot.mosaic(pictures, [[0, 0], [1, 1]], (400, 300), tile=60)
    for color in rgb:
        (left, top, right, bottom), _ = box_of(mosaic, color)
        assert (right - left, bottom - top) == expected


def test_files_and_pil_images(tmp_path):
    pictures, _ = plain(3)
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path)
    Y = [[0, 0], [1, 0], [0, 1]]
    mosaics = [
        plot.mosaic(given, Y, (100, 80), 20)
        for given in (pictures, paths, [str(p) for p in paths], [Image.open(p) for p in paths])
    ]
    for mosaic in mosaics[1:]:
        np.testing.assert_array_equal(mosaic, mosaics[0])
    with pytest.raises(OSError, match=r"x\.png"):
        plot.mosaic([*paths[:2], tmp_path / "x.png"], Y, (100, 80), 20)


@pytest.mark.parametrize("visible", [0.0, 0.3, 0.7, 1.0])
def test_what_is_shown_is_visible(rng, visible):
    n, tile = 300, 20
    pictures, rgb = plain(n)
    Y = rng.normal(size=(n, 2))
    mosaic = plot.mosaic(pictures, Y, (300, 200), tile, visible=visible)
    in_sight = np.array([(np.asarray(mosaic) == color).all(-1).sum() for color in rgb])
    shown = np.isin(np.arange(n), mosaic.info["shown"])
    assert (in_sight[~shown] == 0).all()
    assert (in_sight[shown] >= visible * tile**2).all()
    # Left out only for want of room: those that are there cover at least as much of it.
    occupied = (np.asarray(mosaic) != 255).any(-1)
    places = (Y - Y.min(0)) / np.ptp(Y, axis=0)
    for x, y in places[~shown]:
        left, top = round(x * (300 - tile)), round((1 - y) * (200 - tile))
        assert occupied[top : top + tile, left : left + tile].mean() > 1 - visible
    assert shown.all() == (visible == 0)
    assert shown.sum() > 20


def test_order_is_shuffled_by_the_seed(rng):
    pictures, _ = plain(100)
    Y = rng.normal(size=(100, 2))
    first, again, other = (plot.mosaic(pictures, Y, (100, 80), 20, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (np.asarray(first) != np.asarray(other)).any()
    assert first.info["shown"] != sorted(first.info["shown"])


def test_borders_have_the_colours_of_the_classes():
    pictures, rgb = plain(4)
    labels = [3, 1, 3, -1]
    expected = np.round(255 * coloring.color_by_labels(labels, None, 4).rgb)
    Y = [[0, 0], [1, 0], [0, 1], [1, 1]]
    for draw in (plot.mosaic, plot.mosaic_grid):
        mosaic = draw(pictures, Y, (200, 200), tile=100, labels=labels)
        for color, border in zip(rgb, expected, strict=True):
            (left, top, right, bottom), _ = box_of(mosaic, color)
            assert (right - left, bottom - top) == (90, 90)  # within 5 pixels on each side
            for x, y in ((left - 1, top - 1), (right + 4, bottom), (left, top - 5)):
                np.testing.assert_array_equal(mosaic.getpixel((int(x), int(y))), border)


def test_background(tmp_path):
    pictures, _ = plain(2)
    for background, expected in (("black", (0, 0, 0)), ((1, 2, 3), (1, 2, 3))):
        mosaic = plot.mosaic(pictures, [[0, 0], [1, 1]], (90, 90), 30, background=background)
        assert mosaic.getpixel((45, 45)) == expected


def test_points_that_agree_lie_in_the_middle():
    pictures, rgb = plain(1)
    mosaic = plot.mosaic(pictures, [[7, 7]], (100, 60), 20)
    assert box_of(mosaic, rgb[0])[0] == (40, 20, 60, 40)


# ---- In a grid ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(20, 20), (30, 20), (20, 60)])
@pytest.mark.parametrize("n", [1, 7, 60])
def test_a_grid_shows_all_and_fits(rng, shape, n):
    pictures, rgb = plain(n, *shape)
    mosaic = plot.mosaic_grid(pictures, rng.normal(size=(n, 2)), (400, 300), tile=50)
    assert mosaic.width <= 400 and mosaic.height <= 300
    counts = [box_of(mosaic, color)[1] for color in rgb]
    assert len(set(counts)) == 1 and counts[0] > 0.5 * min(400 * 300 / n, 50 * 50 / 3)
    # None covers another, and gaps are empty cells alone.
    assert (np.asarray(mosaic) != 255).any(-1).sum() == n * counts[0]
    assert mosaic.width * mosaic.height % counts[0] == 0
    assert mosaic.info["shown"] == list(range(n))


def test_a_grid_keeps_places():
    pictures, rgb = plain(12)
    rows, columns = np.divmod(np.arange(12), 4)
    mosaic = plot.mosaic_grid(pictures, np.stack([columns, rows], 1), (400, 300), tile=100)
    assert mosaic.size == (400, 300)
    for color, row, column in zip(rgb, rows, columns, strict=True):
        left, top = 100 * column, 200 - 100 * row
        assert box_of(mosaic, color)[0] == (left, top, left + 100, top + 100)


def test_pictures_of_several_shapes_in_a_grid():
    pictures = [Image.new("RGB", size, "red") for size in ((40, 20), (20, 40), (30, 30), (10, 5))]
    mosaic = plot.mosaic_grid(pictures, [[0, 0], [1, 0], [0, 1], [1, 1]], (100, 100), 50)
    assert mosaic.size == (100, 100)
    areas = [(np.asarray(mosaic.crop((x, y, x + 50, y + 50)))[..., 1] == 0).sum()
             for x, y in ((0, 50), (50, 50), (0, 0), (50, 0))]  # fmt: skip
    assert areas == [50 * 25, 25 * 50, 50 * 50, 50 * 25]


# ---- For viewers --------------------------------------------------------------------------------


def test_points_for_viewers(tmp_path):
    Y = torch.tensor([[-1.0, 4.0], [3.0, 8.0], [0.0, 7.0]])
    plot.write_points_json(tmp_path / "p.json", ["a/ä.jpg", tmp_path / "b.jpg", "c"], Y)
    assert json.loads((tmp_path / "p.json").read_text()) == [
        {"path": "a/ä.jpg", "point": [0, 0]},
        {"path": str(tmp_path / "b.jpg"), "point": [1, 1]},
        {"path": "c", "point": [0.25, 0.75]},
    ]
    with pytest.raises(ValueError, match=r"paths must be 3, one for each row of Y, got 2"):
        plot.write_points_json(tmp_path / "q.json", ["a", "b"], Y)
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


# ---- Mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"Y": np.zeros((5, 3))}, ValueError, r"Y must have shape \(n, 2\)"),
        ({"Y": np.full((5, 2), np.inf)}, ValueError, "Y must be finite"),
        ({"Y": np.zeros((4, 2))}, ValueError, "as many as the rows of Y; got 5 and 4"),
        ({"images": [], "Y": np.zeros((0, 2))}, ValueError, "images must be one or more"),
        ({"images": np.zeros((5, 2, 2))}, TypeError, "images must be uint8"),
        ({"size": 9}, TypeError, "size must be a width and a height, got 9"),
        ({"size": (90, 0)}, ValueError, "size must be 1 or more, got 0"),
        ({"size": (90.5, 90)}, TypeError, "size must be an integer, got 90.5"),
        ({"tile": 0}, ValueError, "tile must be 1 or more, got 0"),
        ({"tile": 91}, ValueError, "tile must be no larger than size, 90 x 90, got 91"),
        ({"labels": [1, 2]}, ValueError, r"labels must have shape \(5,\), got \(2,\)"),
        ({"background": "no colour"}, ValueError, "background must be a colour, got 'no colour'"),
        ({"visible": 1.5}, ValueError, "visible must be 0 to 1, got 1.5"),
        ({"visible": -0.1}, ValueError, "visible must be 0 or more"),
    ],
)
def test_mistakes_are_found_before_a_picture_is_read(change, error, message):
    given = {"images": ["missing.png"] * 5, "Y": np.zeros((5, 2)), "size": (90, 90), "tile": 9}
    for draw in (plot.mosaic, plot.mosaic_grid)[: 1 if "visible" in change else 2]:
        with pytest.raises(error, match=message):
            draw(**{**given, **change})


def test_a_grid_must_have_room_for_all():
    with pytest.raises(ValueError, match="size must have room for 200 pictures, got 10 x 10"):
        plot.mosaic_grid(plain(200)[0], np.arange(400.0).reshape(200, 2), (10, 10), 5)
