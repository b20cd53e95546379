"""Pages as files: what is in them, that text stays text, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys

import numpy as np
import pytest
import torch
from page_reader import Reader

from fasttsne import page, plot

HOSTILE = (
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> "
    "& \"' \u2028 \\u003c {{script}}"
)


@pytest.fixture
def written(tmp_path):
    def write(*arguments, **keywords):
        page.write(tmp_path / "map.html", *arguments, **keywords)
        assert [file.name for file in tmp_path.iterdir()] == ["map.html"]
        return Reader((tmp_path / "map.html").read_text(encoding="utf-8"))

    return write


@pytest.fixture
def Y():
    return np.random.default_rng(0).normal(size=(300, 2)) * [7, 3] + [100, -20]


# ---- Points and classes -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor, np.ndarray.tolist])
def test_positions(written, Y, kind):
    content = written(kind(Y), title="a map")
    positions = content.array("positions").reshape(-1, 2)
    middle, half = (Y.max(0) + Y.min(0)) / 2, np.ptp(Y, axis=0) / 2
    np.testing.assert_allclose(positions, (Y - middle) / half.max(), atol=1e-7)
    meta = content.json("meta")
    np.testing.assert_allclose(meta["extent"], half / half.max())
    assert meta["title"] == content.titles[0].text == "a map"
    assert (content.array("codes") == 0).all() and len(meta["colors"]) == 1
    assert meta["classes"] is None and meta["range"] is None and not meta["named"]


@pytest.mark.parametrize("Y", [[[3.0, 4.0]], [[1.0, 1.0]] * 5, [[0.0, 2.0], [0.0, 4.0]]])
def test_maps_without_width(written, Y):
    content = written(Y, [0] * len(Y))
    assert np.isfinite(content.array("positions")).all()
    assert min(content.json("meta")["extent"]) > 0


def test_a_map_as_wide_as_floats_go(written):
    content = written(np.array([[-1e308, 0.0], [1e308, 0.0]]))
    np.testing.assert_array_equal(content.array("positions"), [-1, 0, 1, 0])


@pytest.mark.parametrize(
    ("labels", "names", "classes", "codes"),
    [
        ([2, 2, 5, -1], None, ["2", "5"], [0, 0, 1, 2]),
        ([2, 2, 5, 5], {2: "two"}, ["two", "5"], [0, 0, 1, 1]),
        (["b", "a", "", None], None, ["a", "b"], [1, 0, 2, 2]),
        ([True, False, True, True], None, ["False", "True"], [1, 0, 1, 1]),
        ([1.0, np.nan, 0.0, 1.0], ["no", "yes"], ["no", "yes"], [1, 2, 0, 1]),
        (torch.tensor([3, 3, 1, 1]), None, ["1", "3"], [1, 1, 0, 0]),
        ([-1, -1, -1, -1], None, [], [0, 0, 0, 0]),
    ],
)
def test_classes(written, labels, names, classes, codes):
    content = written(np.arange(8.0).reshape(4, 2), labels, names)
    meta = content.json("meta")
    assert meta["classes"] == classes and content.array("codes").tolist() == codes
    expected = [
        f"#{bytes(color).hex()}" for color in (plot.palette(len(classes)) * 255 + 0.5).astype("u1")
    ]
    assert meta["colors"] == expected


@pytest.mark.parametrize(("c", "dtype"), [(255, "uint8"), (256, "uint16"), (70_000, "uint32")])
def test_many_classes(written, c, dtype):
    content = written(np.random.default_rng(0).normal(size=(c + 1, 2)), [*range(c), -1])
    codes = content.array("codes")
    assert codes.dtype == dtype
    np.testing.assert_array_equal(codes, np.arange(c + 1))
    assert content.json("meta")["places"] == []


def test_names_of_classes_lie_where_they_are_densest(written):
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [50, 0], [50, 80]])
    labels = np.repeat([0, 1, 2], [100, 300, 200])
    content = written(centres[labels] + rng.normal(size=(600, 2)), labels)
    places = content.json("meta")["places"]
    assert [place["code"] for place in places] == [1, 2, 0]  # the largest first
    positions = content.array("positions").reshape(-1, 2)
    for place in places:
        middle = positions[labels == place["code"]].mean(0)
        assert np.linalg.norm(place["place"] - middle) < 0.02


def test_a_torn_class_has_its_name_at_each_large_island(written):
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [50, 0], [50, 80], [0, 80], [25, 40]])
    island = np.repeat(np.arange(5), [60, 40, 90, 10, 99])
    labels = np.array([0, 0, 1, 1, 2])[island]
    content = written(centres[island] + rng.normal(size=(len(island), 2)), labels)
    places = content.json("meta")["places"]
    assert [place["code"] for place in places] == [0, 1, 2, 0]
    positions = content.array("positions").reshape(-1, 2)
    for place, i in zip(places, [0, 2, 4, 1], strict=True):
        assert np.linalg.norm(place["place"] - positions[island == i].mean(0)) < 0.02


def test_a_scale(written, Y):
    values = np.linspace(-3, 7, len(Y))
    values[[5, 9]] = np.nan, np.inf
    content = written(Y, values)
    meta, codes = content.json("meta"), content.array("codes")
    assert meta["range"] == [-3, 7] and meta["classes"] is None
    assert (codes[[5, 9]] == len(meta["colors"])).all()
    known = np.isfinite(values)
    levels = (values[known] + 3) / 10 * (len(meta["colors"]) - 1)
    assert np.abs(codes[known] - levels).max() <= 0.5
    np.testing.assert_allclose(content.array("values")[known], values[known], rtol=1e-6)


def test_the_scale_and_the_legend_have_a_title(written, Y):
    assert written(Y, Y[:, 0], legend_title=HOSTILE).json("meta")["legendTitle"] == HOSTILE
    assert written(Y).json("meta")["legendTitle"] is None


def test_details(written):
    pandas = pytest.importorskip("pandas")
    columns = {
        "clip": ["a", None, "", "Käse\udcff"],
        "frame": np.array([3, 2**40, -1, 0]),
        "valence": torch.tensor([0.5, float("nan"), float("inf"), 1 / 3]),
        7: [True, 2**60, 1.0, np.float32(0.1)],
        "day": np.array(["2020-01-02", "NaT", "2020", "2021"], "datetime64[ns]"),
        "masked": np.ma.masked_equal([1, 2, 3, 4], 3),
    }
    content = written(np.zeros((4, 2)), details=columns).json("details")
    assert [column["name"] for column in content] == [*map(str, columns)]
    assert [column["values"] for column in content] == [
        ["a", None, None, "Käse?"],
        [3, 2**40, -1, 0],
        [0.5, None, "inf", 0.3333333],
        ["True", str(2**60), 1, 0.1],
        ["2020-01-02T00:00:00.000000000", None, "2020-01-01T00:00:00.000000000",
         "2021-01-01T00:00:00.000000000"],
        [1, 2, None, 4],
    ]  # fmt: skip
    frame = pandas.DataFrame({"x": [1.5, None], "kind": pandas.Categorical(["b", None])})
    assert written(np.zeros((2, 2)), details=frame).json("details") == [
        {"name": "x", "values": [1.5, None]},
        {"name": "kind", "values": ["b", None]},
    ]
    assert not written(np.zeros((2, 2)), details={}).json("meta")["detailed"]


def test_the_scale_is_viridis(written, Y):
    matplotlib = pytest.importorskip("matplotlib")
    colors = written(Y, Y[:, 0]).json("meta")["colors"]
    rgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    expected = matplotlib.colormaps["viridis"](np.linspace(0, 1, len(colors)))[:, :3]
    assert np.abs(rgb - expected).max() < 0.03


@pytest.mark.parametrize("labels", [[0.5] * 300, [0.5] * 150 + [np.nan] * 150])
def test_scales_without_extent(written, Y, labels):
    low, high = written(Y, labels).json("meta")["range"]
    assert np.isfinite([low, high]).all() and low <= high


# ---- Text stays text --------------------------------------------------------------------------


def test_hostile_text(written, Y):
    plain = written(Y, [0, 1] * 150, ["a", "b"], names=["c"] * 300, title="d")
    names = [f"{i} {HOSTILE}" for i in range(300)]
    content = written(Y, [0, 1] * 150, [HOSTILE, "</title>"], names=names, title=HOSTILE)
    assert content.tags == plain.tags
    assert content.json("names") == names
    meta = content.json("meta")
    assert meta["classes"] == [HOSTILE, "</title>"]
    assert meta["title"] == content.titles[0].text == HOSTILE


def test_names_of_all_sorts(written):
    names = ["Käse 🧀 漢字", "a\0b\r\nc\td", "", None, 7, "no UTF-8: \udcff"]
    content = written(np.zeros((6, 2)), names=names)
    assert content.json("names") == ["Käse 🧀 漢字", "a\0b\r\nc\td", "", "", "7", "no UTF-8: ?"]


def test_policy_allows_the_page_its_own_script_and_nothing_else(written, Y):
    content = written(Y, title=HOSTILE)
    policy = content.metas[1]
    assert policy["http-equiv"] == "Content-Security-Policy"

    def source(element):
        digest = hashlib.sha256(element.text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    (style,) = content.styles
    assert dict(rule.split(" ", 1) for rule in policy["content"].split("; ")) == {
        "default-src": "'none'",
        "script-src": source(content.scripts[-1]),
        "style-src": source(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }
    program = content.scripts[-1].text + style.text
    assert not re.search(r"https?:|//[a-z]+\.|@import|innerHTML|eval\(|<!--|</", program)


# ---- Thumbnails -------------------------------------------------------------------------------


def thumbnail(content, row):
    """The picture (h, w, 3) of a row, cut out of its sheet as the page does it."""
    from PIL import Image

    columns = content.json("meta")["images"]["columns"]
    width, height = content.array("sizes").reshape(-1, 2)[row].astype(int)
    sheet = content.block(f"sheet-{row // columns**2}")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet.text))))
    tile = picture.shape[1] // columns
    assert picture.shape[1] <= 2048 and picture.shape[1] == tile * columns
    place = row % columns**2
    top, left = place // columns * tile, place % columns * tile
    return picture[top : top + height, left : left + width].astype(int)


def test_thumbnails_of_all_kinds(written, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    folder = tmp_path.parent / f"{tmp_path.name}-images"
    folder.mkdir()
    red, wide = np.zeros((20, 10, 3), np.uint8), np.zeros((100, 300, 3), np.uint8)
    red[..., 0] = 255
    wide[:, :150, 1], wide[:, 150:, 2] = 200, 200
    Image.fromarray(wide).save(folder / "wide.jpg")
    Image.fromarray(red).save(folder / "red.png")
    see_through = np.full((16, 16, 4), 90, np.uint8)
    see_through[:, :8, 3] = 0
    see_through[:, 8:, 3] = 255
    images = [
        str(folder / "wide.jpg"), folder / "red.png", None, red, Image.fromarray(red), red[..., 0],
        red[..., :1], see_through, torch.as_tensor(red), Image.fromarray(red).convert("P"),
    ]  # fmt: skip
    content = written(np.zeros((10, 2)), images=images, thumbnail_size=60)
    sizes = content.array("sizes").reshape(-1, 2)
    assert sizes.tolist() == [
        [60, 20],
        [10, 20],
        [0, 0],
        *[[10, 20]] * 4,
        [16, 16],
        *[[10, 20]] * 2,
    ]
    for row in (1, 3, 4, 8, 9):
        assert np.abs(thumbnail(content, row)[2:, 2:] - [255, 0, 0]).max() < 24
    for row in (5, 6):
        assert np.abs(thumbnail(content, row)[2:, 2:] - 255).max() < 24
    left, right = np.split(thumbnail(content, 0), 2, axis=1)
    assert np.abs(left[:, :-3] - [0, 200, 0]).max() < 24
    assert np.abs(right[:, 3:] - [0, 0, 200]).max() < 24
    left, right = np.split(thumbnail(content, 7), 2, axis=1)
    assert left[3:, 3:-2].min() > 230 and np.abs(right[3:, 2:] - 90).max() < 24


def test_thumbnails_on_several_sheets(written):
    pytest.importorskip("PIL")
    n = 300  # at 250 pixels, 8 x 8 to a sheet
    grey = np.arange(n) % 240
    images = np.tile(grey[:, None, None], (1, 24, 30)).astype(np.uint8)
    content = written(np.zeros((n, 2)), images=images, thumbnail_size=250)
    ids = [getattr(script, "id", "") for script in content.scripts]
    assert [name for name in ids if name.startswith("sheet")] == [f"sheet-{i}" for i in range(5)]
    for row in (0, 1, 63, 64, 130, 299):
        picture = thumbnail(content, row)
        assert picture.shape == (24, 30, 3)
        assert np.abs(picture - grey[row]).max() < 12


def test_a_turned_photograph_stands_upright(written, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    picture = Image.new("RGB", (40, 20), "blue")
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    path = tmp_path.parent / f"{tmp_path.name}.jpg"
    picture.save(path, exif=exif)
    content = written([[0.0, 0.0]], images=[path])
    assert content.array("sizes").tolist() == [20, 40]


# ---- Mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"Y": np.zeros((5, 3))}, ValueError, r"\(n, 2\), got \(5, 3\): make a map of two"),
        ({"Y": np.zeros((5, 4))}, ValueError, r"Y must have shape \(n, 2\), got \(5, 4\)"),
        ({"Y": np.zeros((0, 2))}, ValueError, "Y must have shape"),
        ({"Y": np.full((5, 2), np.nan)}, ValueError, "Y must be finite"),
        ({"Y": np.full((5, 2), "a")}, TypeError, "Y must hold real numbers"),
        ({"labels": np.zeros(4, int)}, ValueError, r"labels must have shape \(5,\), got \(4,\)"),
        ({"labels": np.zeros(5, complex)}, TypeError, "labels must be numbers or strings"),
        ({"labels": [0, 1, 2, 1, 0], "label_names": ["a"]}, ValueError, "1 names, but .* 1"),
        ({"names": ["a"] * 4}, ValueError, "names must have length 5, .* got 4"),
        ({"names": "abcde"}, TypeError, "names must be a sequence of str"),
        ({"details": [1, 2]}, TypeError, "details must be a mapping of names .* got list"),
        ({"details": {"clip": "abcde"}}, TypeError, r"\['clip'\] must be a sequence .* one str"),
        ({"details": {"clip": 3}}, TypeError, r"\['clip'\] must be a sequence .* one int"),
        ({"details": {"clip": [1] * 4}}, ValueError, r"\['clip'\] must have length 5, .* got 4"),
        ({"details": {"clip": np.zeros((5, 1))}}, ValueError, r"shape \(5,\), got \(5, 1\)"),
        ({"images": [None] * 4}, ValueError, "images must have length 5, .* got 4"),
        ({"images": np.zeros((5, 8, 8))}, TypeError, "uint8 arrays, got dtype float64 in row 0"),
        ({"images": np.zeros((5, 8), np.uint8)}, ValueError, r"got \(8,\) in row 0"),
        ({"images": [None] * 4 + [np.zeros((0, 8), np.uint8)]}, ValueError, r"\(0, 8\) in row 4"),
        ({"images": [None] * 4 + ["missing.png"]}, FileNotFoundError, "missing.png"),
        ({"images": [None] * 5, "thumbnail_size": 7}, ValueError, "8 to 255, got 7"),
        ({"images": [None] * 5, "thumbnail_size": 256}, ValueError, "thumbnail_size .* 256"),
    ],
)  # fmt: skip
def test_mistakes_leave_the_old_file(tmp_path, change, error, message):
    path = tmp_path / "map.html"
    path.write_text("old")
    with pytest.raises(error, match=message):
        page.write(path, **{"Y": np.zeros((5, 2)), **change})
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_names_of_files(tmp_path):
    for name, error in [("map.png", ValueError), ("no/map.html", FileNotFoundError)]:
        with pytest.raises(error, match=name):
            page.write(tmp_path / name, np.zeros((5, 2)))
    assert list(tmp_path.iterdir()) == []


def test_without_pillow_and_matplotlib(tmp_path, monkeypatch):
    for name in ("PIL", "PIL.Image", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)
    page.write(tmp_path / "map.html", np.zeros((5, 2)), np.linspace(0, 1, 5))
    with pytest.raises(ImportError, match="pictures need Pillow"):
        page.write(tmp_path / "map.html", np.zeros((5, 2)), images=[None] * 5)
