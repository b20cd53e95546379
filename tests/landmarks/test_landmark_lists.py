"""Landmark lists as users have them: other separators, spaces, layouts, failed frames, pictures."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from trackers import face

from fasttsne import landmarks
from fasttsne.landmarks import read_list


def line(path, seed=0, label=3, valence=0.25, arousal=-0.5, points=None):
    """Return a line of a list; without a label if it is None."""
    xy = (face(seed) if points is None else points).ravel().tolist()
    return " ".join(map(str, [path, valence, arousal, *([] if label is None else [label]), *xy]))


def write(folder, *lines, name="list.txt"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_backslashes_separate_folders_too(tmp_path):
    clips = [f"Ryerson\\Video\\Actor_01\\01-01-0{i}-01-01-01-01.mp4" for i in (3, 4)]
    path = write(tmp_path, *(line(rf"{c}\{i:05d}.jpg", i) for c in clips for i in (1, 2)))
    frames = read_list(path)
    assert frames.clip_names == [c.replace("\\", "/") for c in clips]
    assert frames.frame.tolist() == [1, 2, 1, 2]
    assert frames.image_path[0] == "Ryerson/Video/Actor_01/01-01-03-01-01-01-01.mp4/00001.jpg"
    assert frames.audio_path[0] == "Ryerson/Audio/Actor_01/03-01-03-01-01-01-01.wav"
    assert frames.person.tolist() == ["01"] * 4
    mixed = read_list(write(tmp_path, line(r"a\b/1.png")), root="/data")
    assert mixed.clip_names == ["a/b"] and mixed.image_path == ["/data/a/b/1.png"]


@pytest.mark.parametrize(
    "image, root, audio",
    [
        (
            "v/u/0001.png",
            "D:/OMGEmotionChallenge-master/omg_TrainVideos/preproc/frames",
            "D:/OMGEmotionChallenge-master/omg_TrainVideos/preproc/wave/v/u.wav",
        ),
        (
            r"v\u\0001.png",
            "D:\\OMGEmotionChallenge\\omg_TrainVideos\\preproc\\frames",
            "D:/OMGEmotionChallenge/omg_TrainVideos/preproc/wave/v/u.wav",
        ),
        ("frames/OMGEmotionChallenge/a/b/1.png", None, "frames/OMGEmotionChallenge/wave/a/b.wav"),
        (
            "OMGEmotionChallenge/frames/frames/u/1.png",
            None,
            "OMGEmotionChallenge/frames/wave/u.wav",
        ),
    ],
)
def test_sound_of_omg_is_in_wave_where_the_pictures_are_in_frames(tmp_path, image, root, audio):
    assert read_list(write(tmp_path, line(image)), root=root).audio_path == [audio]


@pytest.mark.parametrize("label", [3, None])
@pytest.mark.parametrize("name", ["my clips/a b/1.png", "my clip/1.png", "take 2 of 3/f 4.jpg"])
def test_image_paths_may_contain_spaces(tmp_path, name, label):
    path = write(tmp_path, line(name, 0, label), line(name, 1, label))
    frames = landmarks.read(path)
    assert frames.image_path == [name] * 2
    np.testing.assert_array_equal(frames.points, np.float32([face(0), face(1)]))
    assert frames.valence.tolist() == [0.25] * 2
    assert landmarks.recognize(path) == "landmark list"


@pytest.mark.parametrize("first", ["the 0.1 0.2 0.3", "400000 300", "a,b,c", "the " + "1 " * 300])
def test_the_error_for_a_text_that_is_no_list_hints_at_word_vectors(tmp_path, first):
    path = write(tmp_path, first, "of 0.3 0.1 0.2", name="glove.txt")
    assert landmarks.recognize(path) is None
    for read in (read_list, landmarks.read):
        with pytest.raises(ValueError, match=r"line 1: .* a frame has 140.*--name-column 0.*=0"):
            read(path)
    with pytest.raises(ValueError, match=r"line 2: 3 fields.* 139$"):
        read_list(write(tmp_path, line("a/1"), "a/2 0 0"))


def test_frames_without_a_face_are_dropped_and_counted(tmp_path):
    path = write(
        tmp_path,
        line("a/1", 1),
        line("c/2", label=0, points=np.zeros((68, 2))),
        line("b/3", points=np.full((68, 2), -1)),
        line("a/4", 4),
    )
    with pytest.warns(UserWarning) as warned:
        frames = read_list(path)
    assert [str(w.message) for w in warned] == [
        f"{path}: 2 of 4 frames are left out: 2 without a face (all points 0, -1 or missing)"
    ]
    assert frames.image_path == ["a/1", "a/4"] and frames.clip_names == ["a"]
    write(tmp_path, line("a/1", points=np.zeros((68, 2))), line("a/2"), line("a/3", label=1.5))
    with pytest.warns(UserWarning), pytest.raises(ValueError, match=r"line 3: label is 1\.5, not"):
        read_list(path)
    path.write_text(line("a/1", points=np.zeros((68, 2))))
    with pytest.raises(ValueError, match=r"list.txt: none of 1 frames is left: 1 without a face"):
        read_list(path)


def test_compressed_lists(tmp_path):
    path = tmp_path / "list.txt.gz"
    path.write_bytes(gzip.compress(("\ufeff" + line("a/1.png") + "\r\n").encode()))
    assert landmarks.recognize(path) == "landmark list"
    assert landmarks.read(path).image_path == ["a/1.png"]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"list.txt.gz: is not a .gz file, or is damaged"):
        read_list(path)
    path.write_text(line("a/1.png"))
    with pytest.raises(ValueError, match=r"list.txt.gz: is not a .gz file, or is damaged"):
        read_list(path)


def test_pictures_are_read_upright(tmp_path):
    image = pytest.importorskip("PIL.Image")
    picture = image.new("RGB", (40, 20))
    picture.paste((255, 0, 0), (0, 0, 20, 20))  # the left half
    exif = image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it turned right by 90 degrees
    picture.save(tmp_path / "1.jpg", exif=exif, quality=95)
    path = write(tmp_path, line("1.jpg"))
    loaded = read_list(path, root=tmp_path, load_images=True)
    assert loaded.images[0].shape == (40, 20, 3)
    assert loaded.images[0][5, 10, 0] > 200 and loaded.images[0][35, 10, 0] < 50

    lazy = read_list(path, root=tmp_path)
    for later in (lazy.image(0), next(lazy.frames()).image(), next(loaded.frames()).image()):
        np.testing.assert_array_equal(later, loaded.images[0])
    (tmp_path / "1.jpg").unlink()
    np.testing.assert_array_equal(next(loaded.frames()).image(), loaded.images[0])
    with pytest.raises(FileNotFoundError):
        lazy.image(0)


def test_lists_choose_classes_before_limits(tmp_path):
    folder = "Ryerson/Video/Actor_01/01-01-0"
    lines = [line(f"{folder}{e}-01-01-01-01/{i}.jpg", label=e) for e in (1, 7, 8) for i in range(5)]
    frames = read_list(
        write(tmp_path, *lines),
        classes=["surprise", "disgusted"],
        every=2,
        max_clips=1,
        max_frames_per_clip=2,
    )
    assert frames.label_name == ["disgust"] * 2 and frames.frame.tolist() == [0, 2]
