"""Reading landmark lists, and what the features must not depend on."""

from __future__ import annotations

import doctest
import statistics
import sys
from itertools import combinations
from itertools import pairwise as pairs

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist

from fasttsne import landmarks
from fasttsne.landmarks import LandmarkFrames, read_list, read_openface

COORDINATES = np.linspace(0, 135, 136).tolist()
LABELLED = ["pyfeat_news", "plsr_emotion_videos", "ytfaces_udacity", "ravdess_2frames"]


def write_list(folder, *rows):
    """Write a list; a row is (path, valence, arousal[, label]), its coordinates are added."""
    path = folder / "list.txt"
    lines = [" ".join(map(str, [*row, *COORDINATES])) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def make_frames(points, clip):
    n = len(points)
    clip = np.asarray(clip, dtype=np.int64)
    zeros = np.zeros(n, dtype=np.float32)
    names = [f"clip {i}" for i in range(clip.max() + 1)]
    return LandmarkFrames(
        points=np.asarray(points, dtype=np.float32),
        clip=clip,
        frame=np.arange(n),
        label=np.zeros(n, dtype=np.int64),
        label_names={},
        valence=zeros,
        arousal=zeros,
        image_path=[str(i) for i in range(n)],
        audio_path=[None] * len(names),
        clip_names=names,
    )


@pytest.fixture(scope="module")
def real(data_dir):
    """400 frames of 40 videos; their order is shuffled, so that clips are interleaved."""
    frames = read_list(data_dir / "landmarks/plsr_emotion_videos/list_plsr_emotion_videos.txt")
    return frames.select(np.random.default_rng(0).permutation(len(frames)))


# --- lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, n_clips",
    [
        ("pyfeat_news", 20),
        ("plsr_emotion_videos", 40),
        ("ytfaces_udacity", 2),
        ("ravdess_2frames", 1),
        ("openface_pyfeat_test", 1),
    ],
)
def test_list_holds_what_the_arrays_beside_it_hold(data_dir, name, n_clips):
    folder = data_dir / "landmarks" / name
    expected = np.load(folder / f"{name}.npz")
    frames = read_list(folder / f"list_{name}.txt", drop_neutral=False)

    assert len(frames) == len(expected["X"])
    assert frames.points.dtype == np.float32
    np.testing.assert_allclose(  # four decimals are printed
        frames.points.reshape(-1, 136), expected["X"], rtol=2e-7, atol=5.1e-5
    )
    assert frames.image_path == expected["path"].tolist()
    assert len(frames.clip_names) == n_clips
    parents = [path.rsplit("/", 1)[0] for path in frames.image_path]
    assert [frames.clip_names[i] for i in frames.clip] == parents
    if "label" in expected:
        np.testing.assert_array_equal(frames.label, expected["label"])
    else:
        assert (frames.label == 100).all()  # (0 + 10) * (0 + 10)
    if "valence" in expected:
        np.testing.assert_allclose(frames.valence, expected["valence"], atol=5.1e-5)
        np.testing.assert_allclose(frames.arousal, expected["arousal"], atol=5.1e-5)


def test_frame_numbers_end_the_file_names(data_dir):
    folder = data_dir / "landmarks/pyfeat_news"
    frames = read_list(folder / "list_pyfeat_news.txt")
    np.testing.assert_array_equal(frames.frame, np.load(folder / "pyfeat_news.npz")["frame"])


def test_frame_without_number_gets_its_position_in_the_clip(tmp_path):
    paths = ["a/x.png", "b/y.png", "a/f12", "a/z.png", "a/20250101120000123456789.png"]
    frames = read_list(write_list(tmp_path, *[(p, 0, 0, 0) for p in paths]))
    assert frames.frame.tolist() == [0, 0, 12, 2, 250101120000123456789 % 10**18]


def test_list_without_labels_makes_them_from_valence_and_arousal(tmp_path):
    rows = [("a/1.png", 0.5, -0.25), ("a/2.png", -0.99, 0.99), ("Ryerson/3.png", -9, -9)]
    for row in rows:
        frames = read_list(write_list(tmp_path, row))
        assert frames.label.tolist() == [int((row[1] + 10) * (row[2] + 10))]
        assert frames.label_names == {}


def test_label_names_follow_the_data_set(data_dir):
    news = read_list(data_dir / "landmarks/pyfeat_news/list_pyfeat_news.txt")
    assert [news.label_names[i] for i in (0, 4, 6)] == ["anger", "neutral", "surprise"]
    assert (news.label == 4).any()  # neutral is dropped for RAVDESS only
    folder = data_dir / "landmarks/ravdess_2frames"
    acted = read_list(folder / "list_ravdess_2frames.txt", drop_neutral=False)
    assert [acted.label_names[i] for i in (1, 2, 8)] == ["neutral", "calm", "surprised"]


def test_neutral_frames_of_ravdess_are_dropped_before_the_limits_count(tmp_path):
    folder = "Ryerson/Video/Actor_01"
    path = write_list(
        tmp_path,
        (f"{folder}/01-01-01-01-01-01-01.mp4/00001.jpg", 0, 0, 1),
        (f"{folder}/01-01-03-01-01-01-01.mp4/00001.jpg", 0, 0, 3),
        (f"{folder}/01-01-03-01-01-01-01.mp4/00002.jpg", 0, 0, 3),
    )
    frames = read_list(path, max_clips=1)
    assert frames.label.tolist() == [3, 3]
    assert frames.clip_names == [f"{folder}/01-01-03-01-01-01-01.mp4"]
    assert len(read_list(path, drop_neutral=False)) == 3


def test_only_neutral_frames_is_an_error_that_says_so(data_dir):
    path = data_dir / "landmarks/ravdess_2frames/list_ravdess_2frames.txt"
    with pytest.raises(ValueError, match=r"all 2 frames are neutral.*drop_neutral=False"):
        read_list(path)


@pytest.mark.parametrize(
    "image, root, audio",
    [
        (
            "Ryerson/Video/Actor_01/01-01-03-01-01-01-01.mp4/00001.jpg",
            None,
            "Ryerson/Audio/Actor_01/03-01-03-01-01-01-01.wav",
        ),
        (
            "Actor_02/02-01-03-01-01-01-02/00001.jpg",
            "/data/Video/Ryerson",
            "/data/Audio/Ryerson/Actor_02/03-01-03-01-01-01-02.wav",
        ),
        ("Ryerson/Video/Actor_01/rehearsal/00001.jpg", None, None),
        ("OMGEmotionChallenge/train/7.mp4/1.png", None, "OMGEmotionChallenge/wave/train/7.wav"),
        ("OMGEmotionChallenge/train/7/1.png", "/d", "/d/OMGEmotionChallenge/wave/train/7.wav"),
        ("OMGEmotionChallenge/1.png", None, None),
        ("other/Video/clip/1.png", "/d", None),
    ],
)
def test_audio_path(tmp_path, image, root, audio):
    frames = read_list(write_list(tmp_path, (image, 0, 0, 3)), root=root)
    assert frames.audio_path == [audio]
    assert [clip.audio_path for clip in frames.clips()] == [audio]


def test_root_goes_before_relative_image_paths_only(tmp_path):
    path = write_list(tmp_path, ("a/1.png", 0, 0, 0), ("/abs/1.png", 0, 0, 0))
    frames = read_list(path, root=tmp_path)
    assert frames.image_path == [str(tmp_path / "a/1.png"), "/abs/1.png"]
    assert frames.clip_names == ["a", "/abs"]


def test_limits_keep_the_first_clips_and_frames(tmp_path):
    paths = ["b/1", "a/1", "b/2", "c/1", "a/2", "b/3"]
    path = write_list(tmp_path, *[(p, 0, 0, 0) for p in paths])
    assert read_list(path, max_clips=2).image_path == ["b/1", "a/1", "b/2", "a/2", "b/3"]
    assert read_list(path, max_frames_per_clip=1).image_path == ["b/1", "a/1", "c/1"]
    both = read_list(path, max_clips=2, max_frames_per_clip=2)
    assert both.image_path == ["b/1", "a/1", "b/2", "a/2"]
    assert both.clip_names == ["b", "a"]


def test_normalize_divides_by_the_largest_magnitude_and_leaves_zeros(tmp_path):
    path = write_list(tmp_path, ("a/1", -4, 0, 0), ("a/2", 2, 0, 0), ("a/3", 8, 5, 0))
    frames = read_list(path, normalize=True, max_frames_per_clip=2)
    np.testing.assert_allclose(frames.valence, [-1, 0.5])
    np.testing.assert_array_equal(frames.arousal, [0, 0])
    np.testing.assert_array_equal(read_list(path).valence, [-4, 2, 8])


def test_white_space_and_empty_lines_do_not_matter(tmp_path):
    path = write_list(tmp_path, ("a/1", 0, 0, 7), ("a/2", 0, 0, 8))
    expected = read_list(path)
    text = path.read_text().replace(" ", "\t  ").replace("\n", "\r\n\r\n")
    path.write_bytes(("\ufeff\n" + text).encode())
    frames = read_list(path)
    assert frames.image_path == ["a/1", "a/2"]
    assert frames.label.tolist() == [7, 8]
    np.testing.assert_array_equal(frames.points, expected.points)


def _with(field, value, line="a/1.png 0 0 0"):
    tokens = line.split() + [str(c) for c in COORDINATES]
    tokens[field] = value
    return " ".join(tokens)


GOOD = _with(0, "a/1.png")
WITHOUT_LABEL = " ".join(GOOD.split()[:3] + GOOD.split()[4:])


@pytest.mark.parametrize(
    "lines, message",
    [
        ([], "list is empty"),
        (["", "  "], "list is empty"),
        ([GOOD, GOOD + " 1"], "line 2: 141 fields; a frame has 140"),
        ([GOOD, "", "a/1.png 0 0"], "line 3: 3 fields; a frame has 140"),
        ([GOOD, WITHOUT_LABEL], "line 2: 139 fields where line 1 has 140"),
        (["", WITHOUT_LABEL, GOOD], "line 3: 140 fields where line 2 has 139"),
        ([GOOD, _with(1, "high")], "line 2: valence is 'high', not a number"),
        ([GOOD, GOOD, _with(4, "1,5")], "line 3: x0 is '1,5', not a number"),
        ([GOOD, _with(139, "?")], "line 2: y67 is '[?]', not a number"),
        ([_with(2, "nan")], "line 1: arousal is 'nan', not a finite"),
        ([GOOD, _with(7, "-inf")], "line 2: y1 is '-inf', not a finite"),
        ([GOOD, _with(7, "1e39")], "line 2: y1 is '1e39', not a finite float32"),
        ([GOOD, _with(3, "1.5")], "line 2: label is 1.5, not a whole number"),
        ([GOOD, _with(3, "1e17")], "line 2: label is 1e[+]17, not a whole number"),
        ([_with(0, "Ryerson/1.png")], "line 1: label 0 is none of: 1 neutral, 2 calm"),
        ([_with(3, "7", "OMGEmotionChallenge/1 0 0 0")], "line 1: label 7 is none of: 0 anger"),
        ([GOOD, _with(3, "1", "Ryerson/1 0 0 0")], "line 2: image path 'Ryerson/1' belongs to an"),
    ],
)
def test_malformed_list_names_file_line_and_field(tmp_path, lines, message):
    path = tmp_path / "odd.txt"
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=f"odd.txt.*{message}"):
        read_list(path)


def test_malformed_line_far_into_a_long_list_is_found(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("\n".join([GOOD] * 5000 + [_with(70, "x")] + [GOOD] * 10))
    with pytest.raises(ValueError, match="line 5001: x33 is 'x'"):
        read_list(path)


@pytest.mark.parametrize("name", ["max_clips", "max_frames_per_clip"])
@pytest.mark.parametrize(
    "value, error, message",
    [
        (-1, ValueError, "0 or more, got -1"),
        (1.5, TypeError, "an integer, got 1.5"),
        (True, TypeError, "an integer, got True"),
    ],
)
def test_bad_limits_are_refused_before_the_file_is_opened(name, value, error, message):
    with pytest.raises(error, match=f"{name} must be.*{message}"):
        read_list("no such file", **{name: value})


def test_missing_list_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_list(tmp_path / "none.txt")


def test_images_are_loaded_on_request_only(tmp_path):
    image = pytest.importorskip("PIL.Image")
    red = np.zeros((3, 5, 3), dtype=np.uint8)
    red[..., 0] = 200
    image.fromarray(red).save(tmp_path / "1.png")
    image.fromarray(red[..., 0]).save(tmp_path / "2.png")  # grey
    path = write_list(tmp_path, ("1.png", 0, 0, 0), ("2.png", 0, 0, 0), ("3.png", 0, 0, 0))

    assert read_list(path, root=tmp_path).images is None
    frames = read_list(path, root=tmp_path, max_frames_per_clip=2, load_images=True)
    np.testing.assert_array_equal(frames.images[0], red)
    np.testing.assert_array_equal(frames.images[1], np.repeat(red[..., :1], 3, axis=2))
    np.testing.assert_array_equal(frames.select([1]).images[0], frames.images[1])
    with pytest.raises(FileNotFoundError, match=r"list.txt, line 3: no image file .*3\.png"):
        read_list(path, root=tmp_path, load_images=True)


# --- OpenFace -----------------------------------------------------------------------------------

POINT_COLUMNS = [f"{axis}_{i}" for axis in "xy" for i in range(68)]


def write_openface(folder, rows, columns=("frame", "face_id", "confidence", "success")):
    """Write a CSV; a row has the leading columns, x_i is 2 i and y_i is 2 i + 1."""
    xy = np.arange(136).reshape(68, 2).T.ravel().tolist()
    path = folder / "video.csv"
    header = ", ".join([*columns, *POINT_COLUMNS, "AU01_r"])
    path.write_text("\n".join([header, *(", ".join(map(str, [*row, *xy, 9])) for row in rows)]))
    return path


def test_openface_csv_holds_what_the_array_beside_it_holds(data_dir):
    folder = data_dir / "landmarks/openface_pyfeat_test"
    frames = read_openface(folder / "openface.csv")
    expected = np.load(folder / "openface_pyfeat_test.npz")["X"]
    np.testing.assert_array_equal(frames.points.reshape(-1, 136), expected)
    np.testing.assert_array_equal(frames.frame, np.arange(1, 101))
    assert frames.clip_names == ["openface"]
    assert frames.image_path[0] == "openface/00001"


def test_openface_keeps_tracked_frames_and_makes_a_clip_of_each_face(tmp_path):
    rows = [(1, 5, 0.9, 1), (1, 2, 0.8, 1), (2, 5, 0.1, 0), (2, 2, 0.3, 1), (3, 5, 0.9, 1)]
    with pytest.warns(UserWarning, match="1 of 5 frames are left out: 1 with success 0"):
        frames = read_openface(write_openface(tmp_path, rows))
    assert frames.clip_names == ["video/face_5", "video/face_2"]
    assert frames.clip.tolist() == [0, 1, 1, 0]
    assert frames.frame.tolist() == [1, 1, 2, 3]
    np.testing.assert_array_equal(frames.points[0].ravel(), np.arange(136))

    with pytest.warns(UserWarning, match="1 with success 0, 2 with confidence below 0.85"):
        confident = read_openface(write_openface(tmp_path, rows), min_confidence=0.85)
    assert confident.frame.tolist() == [1, 3]
    assert confident.clip_names == ["video"]


def test_openface_does_not_read_the_points_of_lost_frames(tmp_path):
    path = write_openface(tmp_path, [(1, 0, 0.9, 1), (2, 0, 0, 0)])
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace(", 7,", ", -nan(ind),")
    path.write_text("\n".join(lines))
    with pytest.warns(UserWarning, match="1 of 2 frames are left out"):
        assert read_openface(path).frame.tolist() == [1]


@pytest.mark.parametrize(
    "edit, message",
    [
        (lambda text: text.replace("y_67, ", ""), "lacks the column 'y_67';"),
        (lambda text: text.replace("frame", "no"), "lacks the column 'frame';"),
        (lambda text: text.replace("confidence", "no"), "lacks the column 'confidence';"),
        (lambda text: text.removesuffix(", 9"), "line 2: 140 fields where the header has 141"),
        (lambda text: text.replace(", 6,", ", six,"), "line 2: x_3 is 'six', not a number"),
        (lambda text: text.replace(", 7,", ", nan,"), "line 2: y_3 is 'nan', not a finite"),
        (lambda text: text.replace("0.9", "?"), "line 2: confidence is '[?]', not a number"),
    ],
)
def test_malformed_openface_csv(tmp_path, edit, message):
    path = write_openface(tmp_path, [(77, 0, 0.9, 1)])
    path.write_text(edit(path.read_text()))
    with pytest.raises(ValueError, match=f"video.csv.*{message}"):
        read_openface(path)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_openface_confidence_must_lie_in_0_to_1(confidence):
    with pytest.raises(ValueError, match="min_confidence must lie in"):
        read_openface("no such file", min_confidence=confidence)


# --- clips --------------------------------------------------------------------------------------


def test_clips_average_their_frames_wherever_these_are(tmp_path):
    rng = np.random.default_rng(1)
    rows = [
        (f"{rng.choice(['a', 'b', 'c'])}/{i}.png", *rng.normal(size=2), rng.integers(9))
        for i in range(40)
    ]
    rows += [("even/1.png", 0, 0, 8), ("even/2.png", 0, 0, 2)]
    frames = read_list(write_list(tmp_path, *rows))
    clips = list(frames.clips())
    assert [clip.name for clip in clips] == list(
        dict.fromkeys(row[0].split("/")[0] for row in rows)
    )
    for clip in clips:
        mine = [row for row in rows if row[0].startswith(clip.name + "/")]
        assert [frames.image_path[i] for i in clip.rows] == [row[0] for row in mine]
        assert clip.valence == pytest.approx(statistics.mean(row[1] for row in mine), rel=1e-6)
        assert clip.arousal == pytest.approx(statistics.mean(row[2] for row in mine), rel=1e-6)
        assert clip.label == statistics.median_low(int(row[3]) for row in mine)


def test_select_keeps_rows_together_and_renumbers_clips(data_dir):
    frames = read_list(data_dir / "landmarks/pyfeat_news/list_pyfeat_news.txt")
    mask = np.isin(frames.clip, [3, 17]) & (frames.arousal > np.median(frames.arousal))
    some = frames.select(mask)
    assert 0 < len(some) == mask.sum() < len(frames)
    np.testing.assert_array_equal(some.points, frames.points[mask])
    np.testing.assert_array_equal(some.label, frames.label[mask])
    assert some.image_path == [p for p, keep in zip(frames.image_path, mask, strict=True) if keep]
    for clip in some.clips():
        assert all(some.image_path[i].startswith(clip.name + "/") for i in clip.rows)
        assert clip.audio_path == frames.audio_path[frames.clip_names.index(clip.name)]
    assert len(some.audio_path) == len(some.clip_names) == len(np.unique(frames.clip[mask]))
    assert some.label_names == frames.label_names

    assert frames.select([5, 2]).image_path == [frames.image_path[5], frames.image_path[2]]
    none = frames.select([])
    assert len(none) == 0 and list(none.clips()) == []


@pytest.mark.parametrize(
    "mask, error, message",
    [
        ([True], ValueError, r"shape \(400,\), got \(1,\)"),
        ([0, 400], ValueError, "rows from 0 to 399"),
        ([-1], ValueError, "rows from 0 to 399"),
        ([0.5], TypeError, "boolean or integer, got float64"),
    ],
)
def test_select_refuses_what_is_no_mask(real, mask, error, message):
    with pytest.raises(error, match=message):
        real.select(mask)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"points": np.zeros((3, 67, 2), np.float32)}, r"\(n, 68, 2\), got \(3, 67, 2\)"),
        ({"label": np.zeros(2, np.int64)}, "label must have one entry per frame: 3 .* got 2"),
        ({"image_path": []}, "image_path must have one entry per frame"),
        ({"audio_path": []}, "audio_path must have one entry per clip: 2 expected, got 0"),
        ({"clip": np.array([0, 1, 2])}, "clip must index clip_names, 0 to 1, got 0 to 2"),
    ],
)
def test_frames_must_fit_together(change, message):
    frames = make_frames(np.zeros((3, 68, 2)), [0, 0, 1])
    with pytest.raises(ValueError, match=message):
        LandmarkFrames(**{**vars(frames), **change})


# --- features -----------------------------------------------------------------------------------


def moved(points, angle, scale, shift):
    """Turn, scale and shift each frame by its own amounts: (n,), (n,), (n, 2)."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]]).transpose(2, 0, 1)
    return scale[:, None, None] * (points @ turn) + shift[:, None]


def random_motion(n, seed, spread=100.0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-np.pi, np.pi, n), rng.uniform(0.1, 50, n), rng.normal(size=(n, 2)) * spread


@pytest.mark.parametrize(
    "name, columns",
    [
        ("raw", 136),
        ("nose", 67),
        ("procrustes", 136),
        ("pairwise", 2278),
        ("actions", 18),
        ("expression", 272),
    ],
)
def test_features_are_float32_of_the_documented_width(real, name, columns):
    X = landmarks.features(real, name)
    assert X.dtype == np.float32
    assert X.shape == (400, columns)
    assert name in landmarks.FEATURES
    assert np.isfinite(X).all()
    assert (X.std(axis=0) > 0).mean() > 0.98
    assert len(set(landmarks.column_names(name))) == columns
    assert len(set(landmarks.column_names(name, clips=True))) == 4 * columns


def test_unknown_features_are_refused_with_the_known_names(real):
    with pytest.raises(ValueError, match="pairwise, actions, expression; got 'eyes'"):
        landmarks.features(real, "eyes")
    with pytest.raises(ValueError, match="actions, expression; got 'eyes'"):
        landmarks.column_names("eyes")
    with pytest.raises(ValueError, match="group is only for the features 'expression'"):
        landmarks.features(real, "raw", group=real.label)


@pytest.mark.parametrize("name", ["raw", "nose", "procrustes", "pairwise", "actions"])
@pytest.mark.parametrize(
    "points, message",
    [
        (np.zeros((5, 136)), r"shape \(n, 68, 2\), got \(5, 136\)"),
        (np.zeros((0, 68, 2)), "at least one frame"),
        (np.full((1, 68, 2), "a"), "real numbers, got <U1"),
        (np.where(np.arange(136).reshape(1, 68, 2) == 9, np.nan, 0), "point 4 of frame 0 is .*nan"),
    ],
)
def test_bad_points_are_refused(name, points, message):
    with pytest.raises(ValueError, match=message):
        getattr(landmarks, name)(points)


def test_raw_is_the_points(real):
    X = landmarks.raw(real.points)
    np.testing.assert_array_equal(X[:, 2 * 40], real.points[:, 40, 0])
    np.testing.assert_array_equal(X[:, 2 * 40 + 1], real.points[:, 40, 1])


def test_nose_is_the_distance_to_point_30(real):
    X = landmarks.nose(real.points)
    for column, point in ((0, 0), (29, 29), (30, 31), (66, 67)):
        expected = np.hypot(*(real.points[:, point] - real.points[:, 30]).T)
        np.testing.assert_allclose(X[:, column], expected, rtol=1e-5)
    angle, _, shift = random_motion(400, 0, spread=0.2)
    same = landmarks.nose(moved(real.points, angle, np.ones(400), shift))
    np.testing.assert_allclose(same, X, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_procrustes_does_not_depend_on_how_a_frame_was_moved_scaled_or_turned(real, seed):
    X = landmarks.procrustes(real.points)
    same = landmarks.procrustes(moved(real.points.astype(np.float64), *random_motion(400, seed)))
    np.testing.assert_allclose(same, X, atol=2e-6)


def test_procrustes_shapes_are_centred_of_size_one_with_level_eyes(real):
    X = landmarks.procrustes(real.points).reshape(-1, 68, 2)
    np.testing.assert_allclose(X.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(X, axis=(1, 2)), 1, atol=1e-6)
    eyes = X[:, landmarks.LEFT_EYE].mean(axis=(0, 1)) - X[:, landmarks.RIGHT_EYE].mean(axis=(0, 1))
    assert eyes[0] > 0.1
    assert abs(eyes[1]) < 1e-3
    assert X[:, 8, 1].mean() > 0.1  # the chin is down


def test_procrustes_keeps_the_differences_between_shapes(real):
    """Aligned frames are as far apart as optimal rotation leaves them, not nearer."""
    X = landmarks.procrustes(real.points).reshape(-1, 68, 2).astype(np.float64)
    raw = real.points[:20].astype(np.float64)
    raw -= raw.mean(axis=1, keepdims=True)
    raw /= np.linalg.norm(raw, axis=(1, 2), keepdims=True)
    for i, j in combinations(range(20), 2):
        turn, _ = orthogonal_procrustes(raw[i], raw[j])
        least = np.linalg.norm(raw[i] @ turn - raw[j])
        distance = np.linalg.norm(X[i] - X[j])
        assert least - 1e-6 <= distance <= 1.2 * least + 1e-6


def test_procrustes_mean_equals_the_alternating_algorithm(real):
    """Oracle: rotate and scale every frame onto the mean (real SVD), average, repeat."""
    points = real.points[:60].astype(np.float64)
    shapes = points - points.mean(axis=1, keepdims=True)
    shapes /= np.linalg.norm(shapes, axis=(1, 2), keepdims=True)
    mean = shapes[0]
    for _ in range(50):
        fitted = []
        for shape in shapes:
            u, singular, vt = np.linalg.svd(shape.T @ mean)
            sign = np.sign(np.linalg.det(u @ vt))
            turn = u @ np.diag([1, sign]) @ vt
            fitted.append(shape @ turn * (singular[0] + sign * singular[1]))
        mean = np.mean(fitted, axis=0)
        mean /= np.linalg.norm(mean)
    aligned = np.array([f / np.linalg.norm(f) for f in fitted])

    X = landmarks.procrustes(points).reshape(-1, 68, 2)
    turn, _ = orthogonal_procrustes(aligned.reshape(-1, 2), X.reshape(-1, 2))
    assert np.linalg.det(turn) > 0
    np.testing.assert_allclose(aligned @ turn, X, atol=1e-6)


def test_procrustes_never_mirrors(real):
    points = real.points.copy()
    points[7, :, 0] *= -1
    X = landmarks.procrustes(points)
    others = np.delete(landmarks.procrustes(real.points), 7, axis=0)
    assert np.linalg.norm(X[7] - landmarks.procrustes(real.points)[7]) > 0.1
    assert np.linalg.norm(X[7] - others.mean(axis=0)) > 0.5


@pytest.mark.parametrize("value", [0.0, 0.1, 12345.678])
def test_frames_without_extent_become_zeros_and_disturb_no_other(real, value):
    points = np.concatenate([real.points[:50], np.full((3, 68, 2), value, np.float32)])
    for function in (
        landmarks.nose,
        landmarks.procrustes,
        landmarks.pairwise,
        landmarks.actions,
    ):
        X = function(points)
        np.testing.assert_array_equal(X[50:], 0)
        np.testing.assert_allclose(X[:50], function(real.points[:50]), atol=1e-6)
    np.testing.assert_array_equal(landmarks.procrustes(points[50:]), 0)


def test_pairwise_is_all_distances_over_the_distance_between_the_eyes(data_dir):
    path = data_dir / "landmarks/ytfaces_udacity/list_ytfaces_udacity.txt"
    points = read_list(path).points
    X = landmarks.pairwise(points)
    for i in (0, 255, 256, 2047, 2048, 4231):  # both sides of block borders
        p = points[i].astype(np.float64)
        between_eyes = np.linalg.norm(p[36:42].mean(axis=0) - p[42:48].mean(axis=0))
        np.testing.assert_allclose(X[i], pdist(p) / between_eyes, rtol=1e-6)


def test_pairwise_does_not_depend_on_how_a_frame_was_moved_scaled_or_turned(real):
    same = landmarks.pairwise(moved(real.points.astype(np.float64), *random_motion(400, 3)))
    np.testing.assert_allclose(same, landmarks.pairwise(real.points), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("function", [landmarks.pairwise, landmarks.actions])
@pytest.mark.parametrize("gap", [0, 1e-30, 1e-9])
def test_distances_over_that_of_coinciding_eyes_are_zeros(real, gap, function):
    points = real.points[:2].astype(np.float64)
    points[0, 36:42], points[0, 42:48] = 0, gap
    X = function(points)
    np.testing.assert_array_equal(X[0], 0)
    assert np.abs(X[1]).min() > 0


def test_block_borders_leave_no_trace(data_dir):
    path = data_dir / "landmarks/ytfaces_udacity/list_ytfaces_udacity.txt"
    points = read_list(path).points
    assert len(points) > 2 * 2048
    order = np.random.default_rng(0).permutation(len(points))
    for function in (landmarks.nose, landmarks.procrustes, landmarks.actions):
        X = function(points)
        assert (np.linalg.norm(X, axis=1) > 0).all()
        np.testing.assert_allclose(function(points[order]), X[order], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("by", ["clip", "person"])
def test_expression_is_deviation_from_the_group_and_velocity_in_the_clip(real, by):
    people = np.array([f"person {i % 7}" for i in real.clip])
    X = landmarks.expression(real.points, real.clip, None if by == "clip" else people)
    group = real.clip if by == "clip" else people
    shape = landmarks.procrustes(real.points).astype(np.float64)
    last = {}
    for i in range(len(real)):
        mean = shape[group == group[i]].mean(axis=0)
        np.testing.assert_allclose(X[i, :136], shape[i] - mean, atol=1e-6)
        before = last.get(real.clip[i])
        velocity = np.zeros(136) if before is None else shape[i] - shape[before]
        np.testing.assert_allclose(X[i, 136:], velocity, atol=1e-6)
        last[real.clip[i]] = i
    assert len(last) == 40
    assert np.abs(X[:, 136:]).max() > 1e-3


@pytest.mark.parametrize("name", ["clip", "group"])
def test_expression_wants_ids_for_every_frame(real, name):
    ids = {"clip": real.clip, name: real.clip[:-1]}
    with pytest.raises(ValueError, match=rf"{name} must have shape \(400,\).*got \(399,\)"):
        landmarks.expression(real.points, **ids)


@pytest.mark.parametrize("name", ["raw", "expression"])
def test_clip_features_are_mean_spread_range_and_speed(real, name):
    frames = real.select(np.flatnonzero((real.clip > 0) | (np.cumsum(real.clip == 0) == 1)))
    alone = np.bincount(frames.clip).argmin()
    group = frames.label if name == "expression" else None
    X, clips = landmarks.clip_features(frames, name, group)
    F = landmarks.features(frames, name, group).astype(np.float64)
    f = F.shape[1]
    assert X.shape == (40, 4 * f) and X.dtype == np.float32
    assert [clip.name for clip in clips] == frames.clip_names
    for i in (0, 1, 39, alone):
        rows = np.flatnonzero(frames.clip == i)
        mean, spread, extent, speed = X[i].reshape(4, f)
        np.testing.assert_allclose(mean, F[rows].mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(spread, F[rows].std(axis=0), atol=1e-6)
        np.testing.assert_allclose(extent, F[rows].max(axis=0) - F[rows].min(axis=0), atol=1e-6)
        steps = [np.abs(F[b] - F[a]) for a, b in pairs(rows)]
        np.testing.assert_allclose(speed, np.mean(steps, axis=0) if steps else 0, atol=1e-6)
    assert len(clips[alone].rows) == 1


def test_contours_draw_every_point_once():
    points = np.concatenate([np.arange(68)[points] for points, _ in landmarks.CONTOURS.values()])
    np.testing.assert_array_equal(np.sort(points), np.arange(68))
    parts = (landmarks.JAW, landmarks.BROWS, landmarks.NOSE, landmarks.EYES, landmarks.LIPS)
    np.testing.assert_array_equal(np.r_[parts], np.arange(68))


def test_examples_in_docstrings():
    result = doctest.testmod(sys.modules[LandmarkFrames.__module__])
    assert result.failed == 0 and result.attempted >= 4
