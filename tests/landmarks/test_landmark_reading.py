"""`read`, `recognize` and `subset`; frames and clips one by one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from trackers import OPENFACE, XY, face, row, table

from fasttsne import landmarks
from fasttsne.datasets import make_landmark_frames
from fasttsne.landmarks import FORMS, read, recognize, subset

EMOTIONS = {1: "neutral", 3: "happy", 6: "fearful", 8: "surprised"}


@pytest.fixture
def frames():
    """Three clips of each emotion, of four frames each."""
    label = np.repeat([1, 3, 6, 8] * 3, 4)
    clip = [f"clip {i:02d}" for i in np.repeat(np.arange(12), 4)]
    points = np.array([face(i) for i in range(48)])
    return landmarks.from_arrays(
        points, clip=clip, label=label, label_names=EMOTIONS, person=np.repeat(list("abc"), 16)
    )


# --- subset -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "classes, kept",
    [
        (["happy"], [3]),
        (["Happiness", "SURPRISE"], [3, 8]),
        (["fear", " fearful "], [6]),
        (["neutral"], [1]),
    ],
)
def test_classes_are_chosen_by_any_word_for_an_emotion(frames, classes, kept):
    assert np.unique(subset(frames, classes=classes).label).tolist() == kept


def test_labels_without_names_are_chosen_by_their_digits(frames):
    bare = landmarks.from_arrays(frames.points, label=frames.label)
    assert np.unique(subset(bare, classes=["3", "8"]).label).tolist() == [3, 8]


def test_every_and_limits_come_in_this_order(frames):
    some = subset(frames, classes=["surprise"], every=2, max_clips=2, max_frames_per_clip=1)
    assert some.frame.tolist() == [12, 28]
    assert subset(frames, every=3, max_clips=1).frame.tolist() == [0, 3]
    assert len(subset(frames)) == 48
    assert subset(frames, drop_neutral=True, max_clips=1).frame.tolist() == [4, 5, 6, 7]
    assert subset(frames, max_clips=99, max_frames_per_clip=99).frame.tolist() == list(range(48))


@pytest.mark.parametrize(
    "options, error, message",
    [
        (
            {"classes": ["happy", "joy"]},
            ValueError,
            r"no frame is labelled \['joy'\]; there are: neutral, happy, fearful, surprised",
        ),
        ({"classes": []}, ValueError, "no frame is labelled.*there are: neutral"),
        ({"classes": "happy"}, TypeError, "classes must be a list of names, got the text 'happy'"),
        ({"every": 0}, ValueError, "every must be 1 or more, got 0"),
        ({"every": 1.5}, TypeError, "every must be an integer"),
        ({"max_clips": -1}, ValueError, "max_clips must be 0 or more"),
        ({"max_frames_per_clip": True}, TypeError, "max_frames_per_clip must be an integer"),
        ({"classes": ["neutral"], "drop_neutral": True}, ValueError, "all 12 frames are neutral"),
    ],
)
def test_bad_choices_are_refused(frames, options, error, message, tmp_path):
    with pytest.raises(error, match=message):
        subset(frames, **options)
    if "classes" not in options or error is TypeError:
        with pytest.raises(error, match=message):
            read(tmp_path / "no such file.txt", **options)


# --- frames and clips ---------------------------------------------------------------------------


def test_frames_come_one_by_one_with_all_that_is_known(frames):
    single = list(frames.frames())
    assert [f.row for f in single] == list(range(48))
    last = single[-1]
    np.testing.assert_array_equal(last.points, frames.points[47])
    assert (last.clip, last.number, last.label, last.label_name) == ("clip 11", 47, 8, "surprised")
    assert (last.person, last.audio_path, last.image_path) == ("c", None, "clip 11/00047")
    assert [f.row for f in frames.frames(3)] == [0, 1, 2]
    assert len(list(frames.frames(99))) == 48


def test_clips_come_with_names_and_persons(frames):
    clips = list(frames.clips())
    assert [c.label_name for c in clips] == ["neutral", "happy", "fearful", "surprised"] * 3
    assert [c.person for c in clips] == list("aaaabbbbcccc")
    assert [c.name for c in frames.clips(2)] == ["clip 00", "clip 01"]
    assert [f.row for f in frames.select(clips[5].rows).frames()] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="limit must be 0 or more"):
        list(frames.clips(-1))
    with pytest.raises(TypeError, match="limit must be an integer"):
        list(frames.frames(1.5))


def test_select_keeps_persons_and_frames_check_them(frames):
    assert frames.select([40, 3]).person.tolist() == ["c", "a"]
    with pytest.raises(ValueError, match=r"person must have one entry per frame: 48 .* got 1"):
        landmarks.LandmarkFrames(**{**vars(frames), "person": np.array(["a"])})


def test_persons_standardize_features(frames):
    X = landmarks.standardize(landmarks.features(frames, "actions"), frames.person)
    np.testing.assert_allclose(X[:16].mean(axis=0), 0, atol=1e-5)


def test_synthetic_frames_can_be_chosen():
    some = subset(make_landmark_frames(800), every=10, max_clips=3)
    assert len(some) == 30


def test_the_code_about_sources_in_the_guide(tmp_path, monkeypatch, capsys):
    page = Path(__file__).resolve().parents[2] / "docs" / "landmarks.md"
    section = page.read_text().partition("## Sources")[2].partition("\n## ")[0]
    image = pytest.importorskip("PIL.Image")
    monkeypatch.chdir(tmp_path)
    for folder in ("RAVDESS", "pictures"):
        (tmp_path / folder).mkdir()
    for emotion in (1, 7, 8):
        text = table(
            OPENFACE, *(row(OPENFACE, i, frame=i, success=1, confidence=0.9) for i in range(9))
        )
        (tmp_path / f"RAVDESS/01-01-0{emotion}-01-01-01-02.csv").write_text(text)
    image.new("RGB", (4, 3)).save(tmp_path / "pictures" / "1.png")
    numbers = " ".join(map(str, face().ravel()))
    (tmp_path / "list.txt").write_text(f"1.png 0.5 0.5 7 {numbers}\n")

    names = {"landmarks": landmarks}
    first, second = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    exec(first, names)
    assert names["frames"].label_name == ["disgust"] * 2 + ["surprised"] * 2
    exec(second, names)
    assert names["picture"].shape == (3, 4, 3)
    assert "7 None None 1" in capsys.readouterr().out


# --- read and recognize -------------------------------------------------------------------------


def openface(tmp_path, name="video.csv", **fields):
    path = tmp_path / name
    known = {"confidence": 0.9, "success": 1, **fields}
    path.write_text(table(OPENFACE, *(row(OPENFACE, i, frame=i, **known) for i in range(5))))
    return path


def test_read_applies_all_choices(tmp_path):
    path = openface(tmp_path)
    assert read(path, every=2, max_frames_per_clip=2).frame.tolist() == [0, 2]
    with pytest.raises(ValueError, match=r"video.csv: classes: no frame is labelled"):
        read(path, classes=["happy"])
    with pytest.raises(ValueError, match=r"none of 5 frames is left: 5 with confidence below 0.95"):
        read(path, min_confidence=0.95)
    with pytest.raises(FileNotFoundError, match=r"video.csv: no image file 'video/00000'"):
        read(path, load_images=True)


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"root": "/d"},
            r"root does not apply to this form \(OpenFace table\), only to: landmark list, R",
        ),
        ({"size": (4, 3)}, "size does not apply to this form .* only to: array of landmarks"),
        ({"min_confidence": 2}, r"min_confidence must lie in \[0, 1\], got 2"),
    ],
)
def test_parameters_that_do_not_apply_are_refused(tmp_path, options, message):
    path = openface(tmp_path)
    with pytest.raises(ValueError, match=message):
        read(path, **options)


def test_images_are_loaded_for_any_form(tmp_path):
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "a").mkdir()
    image.new("RGB", (6, 4), (9, 8, 7)).save(tmp_path / "a" / "1.png")
    points = "\n".join(f"{x} {y}" for x, y in face())
    (tmp_path / "a" / "1.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")
    frames = read(tmp_path / "a", load_images=True)
    assert frames.images[0].shape == (4, 6, 3)
    np.testing.assert_array_equal(frames.images[0][0, 0], [9, 8, 7])


@pytest.mark.parametrize(
    "name, content",
    [
        ("species.csv", "a,b,label\n1,2,x\n"),
        ("confident.csv", "confidence,b\n1,2\n"),
        ("points.csv", ",".join(XY) + "\n"),
        ("boxes.csv", "frame,FaceRectX,FaceRectY,FaceScore\n0,1,2,0.9\n"),
        ("empty.csv", ""),
        ("data.json", "[1, 2]"),
        ("film.json", '{"frames": [{"width": 3}]}'),
        ("cloud.pts", "2\n0.1 0.2 0.3 7\n1 2 3 9\n"),
        ("words.txt", "the 0.1 0.2\n"),
        ("empty.txt", "\n\n"),
        ("notes.md", "text"),
        ("broken.csv.gz", "not compressed"),
    ],
)
def test_other_files_hold_no_landmarks(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    assert recognize(path) is None
    if not name.endswith(".txt"):
        with pytest.raises(
            ValueError, match=f"{name}: has no landmarks in a form that is read: landmark list, "
        ):
            read(path)


def test_other_folders_hold_no_landmarks(tmp_path):
    np.save(tmp_path / "part.npy", np.zeros((3, 5)))
    assert recognize(tmp_path) is None
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    assert recognize(tmp_path) is None
    with pytest.raises(ValueError, match="has no landmarks in a form"):
        read(tmp_path)


def test_other_kinds_of_files_in_a_folder_do_not_hide_tables(tmp_path):
    (tmp_path / "about.json").write_text("{}")
    openface(tmp_path)
    assert recognize(tmp_path) == "OpenFace table"
    assert len(read(tmp_path)) == 5


def test_a_missing_file_is_a_missing_file(tmp_path):
    for name in ("none.txt", "none.csv", "none.json", "none.pts", "none.npy", "none.xyz"):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / name)


def test_a_folder_of_mixed_content_names_the_odd_file(tmp_path):
    openface(tmp_path, "a.csv")
    (tmp_path / "b.csv").write_text("species,length\nx,1\n")
    with pytest.raises(
        ValueError,
        match=r"b\.csv: the header lacks the column 'frame' and 137 more; a table of OpenFace",
    ):
        read(tmp_path)


@pytest.mark.parametrize(
    "name", ["openface_pyfeat_test/openface.csv", "pyfeat_news/list_pyfeat_news.txt"]
)
def test_real_files_are_read_as_by_their_own_readers(data_dir, name):
    path = data_dir / "landmarks" / name
    reader = landmarks.read_openface if name.endswith("csv") else landmarks.read_list
    np.testing.assert_array_equal(read(path).points, reader(path).points)
    assert recognize(path) in FORMS
