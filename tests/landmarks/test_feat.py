"""Tables of py-feat, as ``Fex.to_csv`` writes them."""

from __future__ import annotations

import numpy as np
import pytest
from trackers import FEX_1, FEX_2, NEW_EMOTIONS, OLD_EMOTIONS, XY, face, row, table

from fasttsne import landmarks
from fasttsne.landmarks import OMG_LABELS, read_feat


def seen(frame, strongest, seed=0, *, header=FEX_1, source="video/001.mp4", **fields):
    """Return a row in which one emotion is stronger than the others."""
    emotions = dict.fromkeys([*OLD_EMOTIONS, *NEW_EMOTIONS], 0.05)
    known = {"FaceScore": 0.999, **emotions, "frame": frame, "input": source, **fields}
    return row(header, seed, **{**known, strongest: 0.7})


def empty(frame, source="video/001.mp4"):
    """Return the row of a frame without a face: pandas writes NaN as nothing."""
    return [str(frame), *[""] * (len(FEX_1) - 2), source]


@pytest.mark.parametrize("header, names", [(FEX_1, OLD_EMOTIONS), (FEX_2, NEW_EMOTIONS)])
def test_the_label_is_the_strongest_emotion(tmp_path, header, names):
    path = tmp_path / "fex.csv"
    path.write_text(table(header, *(seen(i, n, i, header=header) for i, n in enumerate(names))))
    for read in (read_feat, landmarks.read):
        frames = read(path)
        same = {"happiness": "happy", "sadness": "sad"}
        assert frames.label_name == [same.get(n.lower(), n.lower()) for n in names]
        assert frames.label_names == OMG_LABELS
        np.testing.assert_array_equal(frames.points, np.float32([face(i) for i in range(7)]))
        assert frames.frame.tolist() == list(range(7))
        assert frames.clip_names == ["001"] and frames.image_path[3] == "001/00003"
    assert landmarks.recognize(path) == "py-feat table"


def test_valence_and_arousal_where_there_are_some(tmp_path):
    path = tmp_path / "fex.csv"
    path.write_text(table(FEX_2, seen(0, "Sad", header=FEX_2, valence=-0.25, arousal=0.125)))
    frames = read_feat(path)
    assert frames.valence.tolist() == [-0.25] and frames.arousal.tolist() == [0.125]
    path.write_text(table(FEX_1, seen(0, "anger")))
    assert read_feat(path).valence.tolist() == [0]


def test_frames_without_a_face_are_dropped_and_counted(tmp_path):
    path = tmp_path / "fex.csv"
    lost = seen(3, "fear", None, **dict.fromkeys(XY, 0))
    path.write_text(
        table(FEX_1, empty("0.0"), seen("1.0", "anger"), seen("2.0", "fear", FaceScore=0.3), lost)
    )
    with pytest.warns(UserWarning, match="3 of 4 .*: 1 with a FaceScore below 0.5, 2 without a"):
        frames = read_feat(path, min_confidence=0.5)
    assert frames.frame.tolist() == [1] and frames.label_name == ["anger"]
    path.write_text(table(FEX_1, empty(0), empty(1)))
    with pytest.raises(ValueError, match="none of 2 frames is left: 2 without a face"):
        read_feat(path)


def test_several_faces_in_a_frame_are_clips_of_their_own(tmp_path):
    path = tmp_path / "fex.csv"
    rows = [seen(i // 2, "fear", i) for i in range(4)] + [seen(0, "fear", source="b\\solo.mp4")]
    path.write_text(table(FEX_1, *rows))
    frames = read_feat(path)
    assert frames.clip_names == ["001/face_0", "001/face_1", "solo"]
    assert frames.clip.tolist() == [0, 1, 0, 1, 2]

    rows = [
        seen(i, "Fear", header=FEX_2, Identity=f"Person_{p}") for i, p in enumerate((1, 0), 5)
    ] + [seen(i, "Fear", header=FEX_2, Identity=f"Person_{p}") for i, p in enumerate((0, 1), 5)]
    path.write_text(table(FEX_2, *rows))
    frames = read_feat(path)
    assert frames.clip_names == ["001/Person_1", "001/Person_0"]
    assert frames.clip.tolist() == [0, 1, 1, 0]

    path.write_text(path.read_text().replace("Person_1", "Person_0"))
    assert read_feat(path).clip_names == ["001/face_0", "001/face_1"]


def test_pictures_are_those_of_the_input(tmp_path):
    path = tmp_path / "fex.csv"
    pictures = ["set/a.jpg", "set\\b.JPG", "c.png"]
    path.write_text(table(FEX_1, *(seen(i, "fear", source=p) for i, p in enumerate(pictures))))
    frames = landmarks.read(path, root="/data")
    assert frames.image_path == ["/data/set/a.jpg", "/data/set/b.JPG", "/data/c.png"]
    assert frames.clip_names == ["set", "fex"]


def test_videos_of_the_same_name_keep_their_folders(tmp_path):
    path = tmp_path / "fex.csv"
    path.write_text(
        table(FEX_1, seen(0, "fear", source="a/1.mp4"), seen(0, "fear", source="b/1.mp4"))
    )
    assert read_feat(path).clip_names == ["a/1", "b/1"]


def test_478_points_are_mapped(tmp_path):
    path = tmp_path / "mesh.csv"
    mesh = np.random.default_rng(0).uniform(100, 500, (478, 3)).round(3)
    header = ["frame", "FaceRectX", "FaceScore", *(f"{a}_{i}" for a in "xyz" for i in range(478))]
    path.write_text(table(header, ["0", "1", "0.9", *map(str, mesh.T.ravel())]))
    expected = landmarks.mediapipe_to_68(mesh[None])
    np.testing.assert_allclose(landmarks.read(path).points, expected, rtol=1e-6)
    assert read_feat(path).label_names == {}


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "the first line is empty"),
        (table(FEX_1), "has no frames"),
        (table(FEX_1).replace("y_67,", ""), "lacks the column 'y_67'; a table of py-feat"),
        (table(FEX_1, seen("x", "fear")), "line 2: frame is 'x', not a number"),
        (table(FEX_1, seen(0, "fear", anger="?")), "line 2: anger is '[?]', not a number"),
        (table(FEX_1, seen(0, "fear", None, **{"x_0": ""})), "line 2: x_0 is '', not a number"),
    ],
)
def test_errors_name_line_and_column(tmp_path, text, message):
    path = tmp_path / "fex.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"fex.csv.*{message}"):
        read_feat(path)
