"""Tables of OpenFace and of RAVDESS, as FeatureExtraction and FaceLandmarkImg write them."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest
from trackers import ONE_IMAGE, OPENFACE, RAVDESS, XY, face, row, table

from fasttsne import landmarks
from fasttsne.landmarks import RAVDESS_LABELS, read_openface, read_ravdess

ANGRY = "01-01-05-01-01-01-12"


def tracked(frame, seed=0, face_id=0, confidence=0.98, success=1):
    fields = {"frame": frame, "face_id": face_id, "confidence": confidence, "success": success}
    return row(OPENFACE, seed, **fields)


def test_a_table_of_a_video(tmp_path):
    path = tmp_path / "video.csv"
    path.write_text(table(OPENFACE, tracked(1, 1), tracked(2, 2)))
    frames = read_openface(path)
    np.testing.assert_array_equal(frames.points, np.float32([face(1), face(2)]))
    assert frames.frame.tolist() == [1, 2] and frames.clip_names == ["video"]
    assert frames.person is None and frames.label_names == {}


@pytest.mark.parametrize("delimiter", [",", ", ", "\t", ";"])
@pytest.mark.parametrize("name", ["v.csv", "v.tsv", "v.csv.gz", "v.tsv.gz", "V.CSV"])
def test_delimiters_line_ends_marks_and_compression_do_not_matter(tmp_path, name, delimiter):
    text = table(OPENFACE, tracked(1), tracked(2), delimiter=delimiter, end="\r\n")
    content = ("\ufeff" + text + "\r\n").encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    frames = read_openface(path)
    assert frames.frame.tolist() == [1, 2]
    assert frames.clip_names == [name.split(".")[0]]
    assert landmarks.recognize(path) == "OpenFace table"


def test_frames_that_failed_are_dropped_and_counted(tmp_path):
    path = tmp_path / "video.csv"
    rows = [
        tracked(1, confidence=0.5),
        tracked(2, success=0, confidence=0.02),
        tracked(3, success=0, confidence=0),
        tracked(4, confidence=0.4),
        row(OPENFACE, None, frame=5, confidence=0.9, success=1, **dict.fromkeys(XY, 0)),
        row(OPENFACE, None, frame=6, confidence=0.9, success=1, **dict.fromkeys(XY, "-1.0")),
        row(OPENFACE, None, frame=7, confidence=0.9, success=1, **dict.fromkeys(XY, "nan")),
    ]
    lost = zip(OPENFACE, rows[1], strict=True)
    rows[1] = [field if name not in XY else "-nan(ind)" for name, field in lost]
    path.write_text(table(OPENFACE, *rows))
    with pytest.warns(UserWarning) as warned:
        frames = read_openface(path, min_confidence=0.5)
    assert frames.frame.tolist() == [1]
    assert [str(w.message) for w in warned] == [
        f"{path}: 6 of 7 frames are left out: 2 with success 0, 1 with confidence below 0.5, "
        "3 without a face (all points 0, -1 or missing)"
    ]


def test_two_faces_in_a_frame_are_two_clips(tmp_path):
    path = tmp_path / "talk.csv"
    rows = [tracked(1, 1, 0), tracked(1, 2, 1), tracked(2, 3, 0), tracked(2, 4, 1)]
    path.write_text(table(OPENFACE, *rows))
    frames = read_openface(path)
    assert [clip.name for clip in frames.clips()] == ["talk/face_0", "talk/face_1"]
    assert [clip.rows.tolist() for clip in frames.clips()] == [[0, 2], [1, 3]]
    assert frames.image_path[1] == "talk/face_1/00001"


def test_a_table_of_one_image_has_neither_frames_nor_success(tmp_path):
    path = tmp_path / "group.csv"
    rows = [row(ONE_IMAGE, 1, face=0, confidence=0.975), row(ONE_IMAGE, 2, face=1, confidence=0.2)]
    path.write_text(table(ONE_IMAGE, *rows, delimiter=", "))
    frames = read_openface(path)
    np.testing.assert_array_equal(frames.points, np.float32([face(1), face(2)]))
    assert frames.clip_names == ["group"] and frames.frame.tolist() == [0, 1]
    with pytest.warns(UserWarning, match="1 of 2 frames are left out: 1 with confidence below 0.5"):
        assert len(landmarks.read(path, min_confidence=0.5)) == 1


def test_without_points_the_error_says_how_to_get_them_and_how_to_read_the_rest(tmp_path):
    path = tmp_path / "units.csv"
    header = [name for name in OPENFACE if name not in XY]
    path.write_text(table(header, row(header, None, frame=1)))
    assert landmarks.recognize(path) == "OpenFace table"
    for read in (read_openface, landmarks.read):
        with pytest.raises(ValueError, match=r"units.csv.*no 2-D landmarks.*-2Dfp.*--columns"):
            read(path)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "the first line is empty; it must name the columns"),
        (table(OPENFACE), "has no frames"),
        (table(OPENFACE, tracked(1, success=0)), "none of 1 frames is left: 1 with success 0"),
        (table(OPENFACE).replace("x_40,", ""), "lacks the column 'x_40'; a table of OpenFace"),
        (table(OPENFACE, tracked(1)[:-1]), "line 2: 713 fields where the header has 714"),
        (table(OPENFACE, tracked(1), tracked("two")), "line 3: frame is 'two', not a number"),
        (
            table(OPENFACE, tracked(1), row(OPENFACE, 0, frame=2, success=1)).replace(
                f",{face(0)[0, 0]},", ",,"
            ),
            "line 2: x_0 is '', not a number",
        ),
    ],
)
def test_errors_name_line_and_column(tmp_path, text, message):
    path = tmp_path / "odd.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape("odd.csv") + f".*{message}"):
        read_openface(path)


def test_a_folder_is_one_set_with_a_clip_for_each_file(tmp_path):
    (tmp_path / "b").mkdir()
    for name, seed in [("take10.csv", 10), ("take2.csv", 2), ("b/other.csv.gz", 3)]:
        text = table(OPENFACE, tracked(1, seed), tracked(2, seed)).encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    (tmp_path / ".hidden.csv").write_text("not a table")
    frames = read_openface(tmp_path)
    assert frames.clip_names == ["b/other", "take2", "take10"]
    np.testing.assert_array_equal(frames.points[::2], np.float32([face(3), face(2), face(10)]))
    assert landmarks.recognize(tmp_path) == "OpenFace table"


# --- RAVDESS ------------------------------------------------------------------------------------


def acted(frame, seed=0, confidence=0.98):
    return row(RAVDESS, seed, frame=frame, timestamp=0.033 * frame, confidence=confidence)


def test_ravdess_names_tell_emotion_actor_and_sound(tmp_path):
    folder = tmp_path / "Video" / "Actor_12"
    folder.mkdir(parents=True)
    path = folder / f"{ANGRY}.csv"
    path.write_text(table(RAVDESS, acted(1, 1), acted(2, 2)))
    for read in (read_ravdess, landmarks.read):
        frames = read(path)
        np.testing.assert_array_equal(frames.points, np.float32([face(1), face(2)]))
        assert frames.label_name == ["angry"] * 2 and frames.label_names == RAVDESS_LABELS
        assert frames.person.tolist() == ["12", "12"]
        assert frames.clip_names == [ANGRY]
        sound = tmp_path / "Audio" / "Actor_12" / "03-01-05-01-01-01-12.wav"
        assert frames.audio_path == [str(sound)]
    assert landmarks.recognize(path) == "RAVDESS landmark table"
    assert read_ravdess(path, root="Ryerson/Video/Actor_12").audio_path == [
        "Ryerson/Audio/Actor_12/03-01-05-01-01-01-12.wav"
    ]


def test_a_folder_of_ravdess_is_one_set(tmp_path):
    for name in ("01-01-01-01-01-01-01", "01-01-07-01-01-01-02", "01-02-03-01-01-01-01"):
        (tmp_path / f"{name}.csv").write_text(table(RAVDESS, acted(1), acted(2, confidence=0.1)))
    with pytest.warns(UserWarning) as warned:
        frames = read_ravdess(tmp_path, min_confidence=0.5)
    assert len(warned) == 1 and "3 of 6 frames are left out" in str(warned[0].message)
    assert frames.label_name == ["neutral", "disgust", "happy"]
    assert frames.person.tolist() == ["01", "02", "01"]
    assert [clip.person for clip in frames.clips()] == ["01", "02", "01"]
    kept = landmarks.read(tmp_path, drop_neutral=True, classes=["Neutral", "happiness"])
    assert [clip.label_name for clip in kept.clips()] == ["happy"]


@pytest.mark.parametrize("name", ["video", "01-01-03-01-01-01", "01-01-09-01-01-01-01"])
def test_other_names_are_refused(tmp_path, name):
    path = tmp_path / f"{name}.csv"
    path.write_text(table(RAVDESS, acted(1)))
    with pytest.raises(ValueError, match=f"{name}.*seven numbers.*third is the emotion: 01 neu"):
        read_ravdess(path)


def test_the_two_real_frames_are_those_of_the_list(data_dir, tmp_path):
    arrays = np.load(data_dir / "landmarks/ravdess_2frames/ravdess_2frames.npz")
    rows = []
    for frame, points in enumerate(arrays["X"].reshape(-1, 68, 2), 1):
        fields = {f"x_{i}": f"{x:.1f}" for i, x in enumerate(points[:, 0])}
        fields |= {f"y_{i}": f"{y:.1f}" for i, y in enumerate(points[:, 1])}
        rows.append(row(RAVDESS, None, frame=frame, confidence=0.98, **fields))
    path = tmp_path / "01-01-01-01-01-01-01.csv"
    path.write_text(table(RAVDESS, *rows))
    listed = landmarks.read(data_dir / "landmarks/ravdess_2frames/list_ravdess_2frames.txt")
    frames = landmarks.read(path)
    np.testing.assert_array_equal(frames.points, listed.points)
    assert frames.label.tolist() == listed.label.tolist()
    assert frames.person.tolist() == listed.person.tolist() == ["01", "01"]


def test_a_quote_that_is_never_closed(tmp_path):
    lines = table(OPENFACE, *map(tracked, (1, 2, 3)), delimiter=", ").splitlines()
    notes = ["note", "x", '"open', "y"]
    path = tmp_path / "v.csv"
    path.write_text("\n".join(f"{a}, {b}" for a, b in zip(lines, notes, strict=True)))
    with pytest.raises(ValueError, match=r"v\.csv, line 3: opens a quote that is not closed"):
        read_openface(path)
