"""AFEW-VA's JSON and the ``.pts`` files of iBUG."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from trackers import face

from fasttsne import landmarks
from fasttsne.landmarks import read_afew_va, read_pts


def write_clip(folder, clip, frames, actor="Sigourney Weaver"):
    """Write ``001/001.json``; frames are (landmarks, valence, arousal)."""
    content = {"video_id": clip, "frames": {}}
    for i, (points, valence, arousal) in enumerate(frames):
        content["frames"][f"{i:05d}"] = {
            "landmarks": points,
            "valence": valence,
            "arousal": arousal,
        }
    if actor is not None:
        content["actor"] = actor
    path = folder / clip / f"{clip}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
    return path


def test_a_clip_of_afew_va(tmp_path):
    path = write_clip(tmp_path, "001", [(face(1).tolist(), -3.0, 7.0), (face(2).tolist(), 0, 10)])
    for read in (read_afew_va, landmarks.read):
        frames = read(path)
        np.testing.assert_array_equal(frames.points, np.float32([face(1), face(2)]))
        assert frames.valence.tolist() == [-3, 0] and frames.arousal.tolist() == [7, 10]
        assert frames.frame.tolist() == [0, 1] and frames.clip_names == ["001"]
        assert frames.image_path[1] == str(tmp_path / "001" / "00001.png")
        assert frames.person.tolist() == ["Sigourney Weaver"] * 2
        assert frames.label_names == {} and frames.label.tolist() == [0, 0]
    assert landmarks.recognize(path) == "AFEW-VA annotation"
    assert read_afew_va(path, root="/d").image_path[0] == "/d/001/00000.png"


def test_a_folder_of_afew_va_drops_and_counts_frames_without_a_face(tmp_path):
    zeros = np.zeros((68, 2)).tolist()
    write_clip(tmp_path, "010", [(face(3).tolist(), 1, 1), ([], 2, 2)])
    write_clip(tmp_path, "002", [(zeros, 0, 0), (face(4).tolist(), 4, 4)])
    with pytest.warns(UserWarning) as warned:
        frames = landmarks.read(tmp_path)
    assert len(warned) == 1 and "2 of 4 frames are left out: 2 without" in str(warned[0].message)
    assert frames.clip_names == ["002", "010"] and frames.valence.tolist() == [4, 1]
    assert frames.frame.tolist() == [1, 0]


def test_persons_are_known_only_if_all_are(tmp_path):
    write_clip(tmp_path, "001", [(face().tolist(), 0, 0)])
    write_clip(tmp_path, "002", [(face().tolist(), 0, 0)], actor=None)
    assert read_afew_va(tmp_path).person is None
    assert read_afew_va(tmp_path / "001").person.tolist() == ["Sigourney Weaver"]


def of_frame(**change):
    frame = {"landmarks": face().tolist(), "valence": 0, "arousal": 0, **change}
    return json.dumps({"video_id": "1", "frames": {"00007": frame}})


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "line 1, column 1: is not JSON"),
        ('{"frames": {\n"00000": }}', "line 2, column 10: is not JSON"),
        ("[1, 2]", "no annotation of AFEW-VA"),
        ('{"video_id": "1"}', "no annotation of AFEW-VA.*object 'frames'"),
        ('{"frames": {}}', "has no frames"),
        ('{"frames": {"one": {}}}', "the frame 'one' is not named by a number"),
        ('{"frames": {"00000": 5}}', "frame '00000': must hold landmarks.* got 5"),
        (of_frame(landmarks=face()[:66].tolist()), r"'00007': landmarks must be 68 pairs.*\(66, 2"),
        (of_frame(landmarks=[[1, 2]] * 67 + [[1]]), "'00007': landmarks must be 68 .* something"),
        (of_frame(valence=None), "frame '00007': valence must be a finite number, got None"),
        (of_frame(arousal="high"), "frame '00007': arousal must be a finite number, got 'high'"),
        (of_frame(landmarks=None), "none of 1 frames is left"),
    ],
)
def test_errors_of_afew_va_name_the_frame(tmp_path, text, message):
    path = tmp_path / "007.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"007.json.*{message}"):
        read_afew_va(path)


# --- .pts ---------------------------------------------------------------------------------------


def pts(points, n=None, version="version: 1"):
    lines = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points)
    return f"{version}\nn_points: {len(points) if n is None else n}\n{{\n{lines}\n}}\n"


@pytest.mark.parametrize("head", ["version: 1", "version: 1  ", "version:1"])
def test_a_pts_file_counts_pixels_from_one(tmp_path, head):
    path = tmp_path / "indoor_001.pts"
    path.write_bytes(pts(face(), version=head).replace("\n", "\r\n").encode())
    for read in (read_pts, landmarks.read):
        frames = read(path)
        np.testing.assert_allclose(frames.points, [face() - 1], rtol=1e-6)
        assert frames.frame.tolist() == [1] and frames.clip_names == [tmp_path.name]
    assert landmarks.recognize(path) == ".pts file"


def test_a_folder_of_pts_is_sorted_by_number_and_finds_its_pictures(tmp_path):
    for i in (10, 9, 2):
        (tmp_path / f"image_{i}.pts").write_text(pts(face(i)))
    (tmp_path / "image_2.png").touch()
    (tmp_path / "video").mkdir()
    (tmp_path / "video" / "left.pts.gz").write_bytes(gzip.compress(pts(face(1)).encode()))
    frames = landmarks.read(tmp_path)
    assert frames.frame.tolist() == [2, 9, 10, 0]
    np.testing.assert_allclose(frames.points, [face(i) - 1 for i in (2, 9, 10, 1)], rtol=1e-6)
    assert frames.clip_names == [tmp_path.name, "video"]
    assert frames.image_path[0] == str(tmp_path / "image_2.png")
    assert read_pts(tmp_path, root="/p").image_path[3] == "/p/video/left.jpg"


def test_pts_files_without_a_face_are_dropped_and_counted(tmp_path):
    (tmp_path / "1.pts").write_text(pts(face()))
    (tmp_path / "2.pts").write_text(pts(np.zeros((68, 2))))
    (tmp_path / "3.pts").write_text(pts(np.full((68, 2), -1)))
    with pytest.warns(UserWarning, match="2 of 3 frames are left out: 2 without a face"):
        assert read_pts(tmp_path).frame.tolist() == [1]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "is not a .pts file"),
        ("1 2\n3 4\n", "is not a .pts file, which has its points in lines between"),
        (pts(face()).replace("}", ""), "is not a .pts file"),
        (pts(face()[17:]), "has 51 points.*only faces of 68 points are read, not those of 51"),
        (pts(face()[:39]), "has 39 points"),
        (pts(face(), n=66), "has 68 points .*n_points: 66"),
        (pts(face()).replace("{\n", "{\n5 "), "line 4: 3 numbers; a point has two, x and y"),
        (pts(face()).replace("{\n", "{\nx").replace("xx", "x"), "line 4: x is 'x.*', not a num"),
        (pts(np.full((68, 2), np.nan)), "line 4: x is 'nan', not a finite"),
    ],
)
def test_errors_of_pts_name_the_line(tmp_path, text, message):
    path = tmp_path / "odd.pts"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"odd.pts.*{message}"):
        read_pts(path)
