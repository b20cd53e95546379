"""Arrays of landmarks: of face-alignment, of MediaPipe, in ``.npy`` and ``.npz`` files."""

from __future__ import annotations

import doctest
import sys

import numpy as np
import pytest
import torch
from trackers import face

from fasttsne import landmarks
from fasttsne.landmarks import from_arrays, mediapipe_to_68, read_arrays

FACES = np.array([face(i) for i in range(4)])
MESH = np.random.default_rng(0).uniform(0.2, 0.8, (3, 478, 3))
# Points of MediaPipe's mesh and of their mirror images, and places in the 68 points.
MIRRORED = {127: 356, 234: 454, 93: 323, 132: 361, 58: 288, 172: 397, 136: 365, 150: 379, 176: 400}
MIRRORED |= {70: 300, 63: 293, 105: 334, 66: 296, 107: 336, 98: 327, 97: 326, 33: 263, 160: 387}
MIRRORED |= {158: 385, 133: 362, 153: 380, 144: 373, 61: 291, 39: 269, 37: 267, 84: 314, 91: 321}
MIRRORED |= {78: 308, 82: 312, 87: 317}
PLACES = {36: 33, 45: 263, 39: 133, 42: 362, 48: 61, 54: 291, 8: 152, 30: 4, 33: 2, 51: 0, 57: 17}


def test_an_array_of_points():
    frames = from_arrays(FACES, label=[0, 1, 1, 0], label_names={1: "smile"}, person=list("abab"))
    np.testing.assert_array_equal(frames.points, np.float32(FACES))
    assert frames.label_name == ["0", "smile", "smile", "0"]
    assert frames.person.tolist() == list("abab")
    assert frames.clip_names == ["points"] and frames.image_path[2] == "points/00002"
    tensor = torch.tensor(FACES, dtype=torch.bfloat16, device="cpu")
    np.testing.assert_allclose(from_arrays(tensor).points, FACES, rtol=1 / 128)
    deep = from_arrays(np.concatenate([FACES, np.full((4, 68, 1), np.nan)], axis=2))
    np.testing.assert_array_equal(deep.points, np.float32(FACES))


def test_labels_may_be_texts():
    frames = from_arrays(FACES, label=["sad", "happy", "sad", "angry"])
    assert frames.label.tolist() == [2, 1, 2, 0]
    assert frames.label_name == ["sad", "happy", "sad", "angry"]
    with pytest.raises(ValueError, match="label_names is for labels that are numbers"):
        from_arrays(FACES, label=list("abcd"), label_names={0: "a"})


def test_what_face_alignment_returns():
    """None or nothing for a picture without a face, a list of faces, a batch of one or several."""
    entries = [[face(0)], None, [face(1), face(2)], [], np.concatenate([face(3), face(4)]), face(5)]
    with pytest.warns(UserWarning, match="points: 2 of 8 frames are left out: 2 without a face"):
        frames = from_arrays(
            entries, clip=list("aabbcc"), valence=range(6), image_path=list("uvwxyz")
        )
    np.testing.assert_array_equal(frames.points, np.float32([face(i) for i in range(6)]))
    assert frames.frame.tolist() == [0, 2, 2, 4, 4, 5]
    assert frames.valence.tolist() == [0, 2, 2, 4, 4, 5]
    assert frames.image_path == list("uwwyyz")
    names = [frames.clip_names[i] for i in frames.clip]
    assert names == ["a", "b/face_0", "b/face_1", "c/face_0", "c/face_1", "c/face_0"]


def test_entries_without_a_face_are_dropped_and_counted():
    points = FACES.copy()
    points[0], points[1], points[2] = 0, -1, np.nan
    with pytest.warns(UserWarning, match="3 of 4 frames are left out"):
        assert from_arrays(points).frame.tolist() == [3]
    for nothing in (points[:3], [None, None]):
        with pytest.raises(ValueError, match=r"none of [23] frames is left"):
            from_arrays(nothing)


@pytest.mark.parametrize(
    "points, options, message",
    [
        (FACES[:, :51], {}, r"points must have shape \(n, 68, 2 or 3\).*got \(4, 51, 2\)"),
        (FACES.reshape(4, -1), {}, r"points must have shape .*got \(4, 136\)"),
        ([face(), face()[:66]], {}, r"points\[1\] must be None or points.* got \(66, 2\)"),
        ([face(), MESH[0]], {}, r"points\[1\] must be .* the same for all"),
        (np.where(FACES == FACES[2, 5, 1], np.nan, FACES), {}, "point 5 of frame 2 is .*nan"),
        (FACES, {"label": [1]}, r"label must have shape \(4,\).*got \(1,\)"),
        (FACES, {"size": (640, 480)}, "size is for the points of MediaPipe only"),
        (np.zeros((0, 68, 2)), {}, "has no frames"),
        ([], {}, "has no frames"),
    ],
)
def test_other_arrays_are_refused(points, options, message):
    with pytest.raises(ValueError, match=message):
        from_arrays(points, **options)


# --- MediaPipe ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [468, 478])
def test_the_mesh_is_mapped_to_its_places(n):
    points = mediapipe_to_68(MESH[:, :n], size=(1920, 1080))
    assert points.shape == (3, 68, 2) and points.dtype == np.float32
    for place, vertex in PLACES.items():
        expected = MESH[:, vertex, :2] * (1920, 1080)
        np.testing.assert_allclose(points[:, place], expected, rtol=1e-6)
    middle = MESH[:, [132, 58], :2].mean(axis=1) * (1920, 1080)
    np.testing.assert_allclose(points[:, 3], middle, rtol=1e-6)


def test_the_map_is_symmetric():
    """A vertex and its mirror image have mirrored places among the 68 points."""
    from fasttsne.datasets.face import mirror_indices

    mirror = mirror_indices()
    for left, right in MIRRORED.items():
        mesh = np.zeros((2, 468, 2))
        mesh[0, left] = mesh[1, right] = 100
        here, there = (np.flatnonzero(p[:, 0]) for p in mediapipe_to_68(mesh))
        assert len(here) >= 1
        np.testing.assert_array_equal(np.sort(mirror[here]), there)


def test_every_place_depends_on_vertices_of_its_own():
    assert len(np.unique(mediapipe_to_68(MESH * 100)[0, :, 0])) == 68


def test_normalized_coordinates_without_a_size_are_distorted():
    with pytest.warns(UserWarning, match=r"distorts faces: pass size=\(width, height\)"):
        mediapipe_to_68(MESH)
    with pytest.raises(ValueError, match="size is for coordinates that MediaPipe has divided"):
        mediapipe_to_68(MESH * 500, size=(640, 480))


@pytest.mark.parametrize(
    "points, size, message",
    [
        (MESH[:, :400], None, r"\(n, 468 or 478, 2 or 3\), got \(3, 400, 3\)"),
        (MESH[0], None, r"got \(478, 3\)"),
        (MESH * np.nan, None, "point 0 of frame 0 is .*nan"),
        (MESH, (640, 0), "size must be width and height, both above 0, got .640, 0."),
        (MESH, (1, 2, 3), "size must be width and height"),
    ],
)
def test_what_is_no_mesh_is_refused(points, size, message):
    with pytest.raises(ValueError, match=message):
        mediapipe_to_68(points, size)


# --- files --------------------------------------------------------------------------------------


def test_npy_and_npz_files(tmp_path):
    np.save(tmp_path / "faces.npy", FACES)
    np.savez(tmp_path / "more.npz", names=np.arange(4), landmarks=FACES)
    np.save(tmp_path / "mesh.npy", MESH.astype(np.float16))
    for name in ("faces.npy", "more.npz"):
        frames = landmarks.read(tmp_path / name)
        np.testing.assert_array_equal(frames.points, np.float32(FACES))
        assert frames.clip_names == [name[:-4]]
    mesh = landmarks.read(tmp_path / "mesh.npy", size=(640, 480))
    np.testing.assert_allclose(
        mesh.points, mediapipe_to_68(MESH.astype(np.float16), (640, 480)), rtol=1e-3
    )
    for name in ("faces.npy", "more.npz", "mesh.npy"):
        assert landmarks.recognize(tmp_path / name) == "array of landmarks"


def test_other_files_are_refused(tmp_path):
    np.save(tmp_path / "table.npy", np.zeros((5, 136)))
    np.savez(tmp_path / "two.npz", a=FACES, b=FACES)
    (tmp_path / "text.npy").write_text("no array")
    (tmp_path / "text.npz").write_text("no array")
    with pytest.raises(ValueError, match=r"table.npy: must have one array.*got \(5, 136\)"):
        read_arrays(tmp_path / "table.npy")
    with pytest.raises(ValueError, match=r"two.npz: must have one array.*got a \(4, 68, 2\), b"):
        read_arrays(tmp_path / "two.npz")
    for name in ("text.npy", "text.npz"):
        assert landmarks.recognize(tmp_path / name) is None
        with pytest.raises(ValueError, match=f"{name}: is not a .npy or .npz file, or is damaged"):
            read_arrays(tmp_path / name)
    np.save(tmp_path / "none.npy", np.zeros((2, 68, 2)))
    with pytest.raises(ValueError, match=r"none.npy: none of 2 frames is left"):
        read_arrays(tmp_path / "none.npy")


def test_examples_in_docstrings():
    result = doctest.testmod(sys.modules[from_arrays.__module__])
    assert result.failed == 0 and result.attempted >= 4
