"""Pictures from all that can hold one: upright, in RGB, or with an error that names the file."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

pytest.importorskip("PIL")
from PIL import Image

from fasttsne import images


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_files_are_those_of_pictures(tmp_path):
    for name in ("b.png", "a.JPG", "c.txt", ".hidden.png", "d.h5", "sub/e.jpeg", ".git/f.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    found = [str(path.relative_to(tmp_path)) for path in images.files(tmp_path)]
    assert found == ["a.JPG", "b.png", "sub/e.jpeg"]


def test_files_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"has no image files in it \(\.jpg"):
        images.files(tmp_path)
    with pytest.raises(ValueError, match=r"missing: is not a folder"):
        images.files(tmp_path / "missing")


def test_all_kinds_of_pictures_are_the_same(tmp_path, rng):
    array = rng.integers(0, 256, (5, 7, 3), np.uint8)
    Image.fromarray(array).save(tmp_path / "a.png")
    kinds = [array, Image.fromarray(array), tmp_path / "a.png", str(tmp_path / "a.png")]
    for image in kinds:
        np.testing.assert_array_equal(images.opened(image), array)
        assert images.size_of(image) == (7, 5)
    (tensor,) = images.as_sequence(torch.as_tensor(array)[None])
    np.testing.assert_array_equal(tensor, array)


def test_grey_becomes_rgb(rng):
    grey = rng.integers(0, 256, (4, 6), np.uint8)
    np.testing.assert_array_equal(images.opened(grey), np.repeat(grey[..., None], 3, 2))


def test_sixteen_bits_are_not_clipped(tmp_path):
    values = np.array([[0, 255, 256, 40_000, 65_535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    opened = np.asarray(images.opened(tmp_path / "a.png"))
    np.testing.assert_array_equal(opened[0, :, 0], [0, 0, 1, 156, 255])


def test_background_is_seen_through_what_is_transparent(tmp_path):
    pixels = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 128]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    opened = np.asarray(images.opened(tmp_path / "a.png", "#00ff00"))
    np.testing.assert_allclose(opened[0], [[255, 0, 0], [0, 255, 0], [0, 127, 0]], atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_stand_upright(tmp_path, orientation):
    upright = np.zeros((40, 80, 3), np.uint8)
    upright[:20, :40, 0] = 255  # red at the top left
    # How a camera stores it that was held like that.
    turns = (0, 0, 2, 2, 3, 1, 1, 3)
    stored = np.rot90(upright, turns[orientation - 1])
    if orientation in (2, 4, 5, 7):
        stored = stored[:, ::-1]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(images.opened(tmp_path / "a.png"), upright)
    assert images.size_of(tmp_path / "a.png") == (80, 40)


def test_a_large_photo_is_read_at_a_fraction_of_its_size(tmp_path, rng):
    Image.fromarray(rng.integers(0, 256, (800, 1200, 3), np.uint8)).save(tmp_path / "a.jpg")
    assert images.opened(tmp_path / "a.jpg").size == (1200, 800)
    width, height = images.opened(tmp_path / "a.jpg", near=250).size
    assert 250 <= width < 1200 and width / height == 1.5


def test_pixels(tmp_path):
    picture = np.zeros((64, 32, 3), np.uint8)
    picture[:32, :, 2] = 255  # the upper half is blue
    rows = images.pixels([picture, Image.new("L", (9, 5), 51)], side=8)
    assert rows.shape == (2, 192) and rows.dtype == np.float32
    square = rows[0].reshape(8, 8, 3)
    np.testing.assert_array_equal(square[..., :2], 0)
    assert (square[:3, :, 2] > 0.95).all() and (square[5:, :, 2] < 0.05).all()
    np.testing.assert_allclose(rows[1], 0.2)


def test_unreadable_files_are_named(tmp_path, rng):
    Image.fromarray(rng.integers(0, 256, (60, 60, 3), np.uint8)).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    broken = {"half.png": whole[:5000], "text.jpg": b"no picture", "empty.png": b""}
    broken["crc.png"] = whole[:20] + b"\xff" + whole[21:]
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(OSError, match=rf"{name}: cannot be read as a picture"):
            images.opened(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"missing\.png"):
        images.opened(tmp_path / "missing.png")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.zeros((2, 4, 4)), TypeError, "images must be uint8, 0 to 255, got .* float64"),
        (torch.zeros(2, 3, 4, 4), TypeError, "images must be uint8"),
        (np.zeros((4, 4), np.uint8), ValueError, r"or \(n, height, width, 3\), got \(4, 4\)"),
        (np.zeros((2, 3, 4, 4), np.uint8), ValueError, r"got \(2, 3, 4, 4\)"),
        ("a.png", TypeError, "images must be a list of paths .* got str"),
        (7, TypeError, "images must be a list of paths .* got int"),
    ],
)
def test_as_sequence_refuses(given, error, message):
    with pytest.raises(error, match=message):
        images.as_sequence(given)


def test_read_npz(tmp_path, rng):
    pictures = rng.integers(0, 256, (5, 4, 3, 3), np.uint8)
    X = rng.normal(size=(5, 7))
    path = tmp_path / "x.npz"
    np.savez(path, images=pictures, X=X)
    found, vectors = images.read_npz(path)
    np.testing.assert_array_equal(found, pictures)
    np.testing.assert_array_equal(vectors, X)
    np.savez(path, X=pictures, y=np.zeros(5))
    found, vectors = images.read_npz(path)
    np.testing.assert_array_equal(found, pictures)
    assert vectors is None


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({"X": np.zeros((5, 4))}, ValueError, "must have an array named images, got X"),
        ({"X": np.zeros((5, 4, 4))}, TypeError, "x.npz: images must be uint8"),
        (
            {"images": np.zeros((5, 4, 4), np.uint8), "X": np.zeros((4, 7))},
            ValueError,
            r"X must have shape \(5, d\), .* got \(4, 7\)",
        ),
        ({"images": np.array([None])}, ValueError, "is not a .npz file, or is damaged"),
    ],
)
def test_read_npz_refuses(tmp_path, parts, error, message):
    np.savez(tmp_path / "x.npz", **parts)
    with pytest.raises(error, match=message):
        images.read_npz(tmp_path / "x.npz")


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pictures need Pillow.*fasttsne\[plot\]"):
        images.pixels([np.zeros((4, 4), np.uint8)])
