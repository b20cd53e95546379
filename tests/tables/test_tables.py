"""Reading tables, writing maps, and what happens to files that are not right."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fasttsne import landmarks, tables
from fasttsne.tables import features as feature_files

ROOT = Path(__file__).resolve().parents[2]
X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def write_text(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows_of(array, delimiter=","):
    return [delimiter.join(map(str, row)) for row in array]


# ---- Reading arrays ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
def test_npy(tmp_path, dtype):
    array = (np.arange(12).reshape(4, 3) % 7).astype(dtype)
    np.save(tmp_path / "x.npy", np.asfortranarray(array))
    table = tables.read(tmp_path / "x.npy")
    assert table.X.dtype == np.float32 and table.X.flags.c_contiguous
    np.testing.assert_array_equal(table.X, array.astype(np.float32))
    assert table.labels is None and table.label_names is None and table.features is None


@pytest.fixture
def mapping_all_files(monkeypatch):
    monkeypatch.setattr("fasttsne.tables.numpy_files._MAPPED_FROM", 0)
    monkeypatch.setattr("fasttsne.tables.arrays._ROWS_AT_ONCE", 2)


def test_a_large_npy_is_mapped(tmp_path, mapping_all_files):
    np.save(tmp_path / "x.npy", X.astype(np.float32))
    mapped = tables.read(tmp_path / "x.npy").X
    assert isinstance(mapped.base, np.memmap) and not mapped.flags.writeable
    np.testing.assert_array_equal(mapped, X.astype(np.float32))
    # Of other types a copy is made, as of files that are not mapped.
    np.save(tmp_path / "x.npy", np.asfortranarray(X.astype(np.float64)))
    copied = tables.read(tmp_path / "x.npy").X
    assert copied.dtype == np.float32 and copied.flags.c_contiguous
    np.testing.assert_array_equal(copied, X.astype(np.float32))


def test_npz_with_labels_and_names(tmp_path):
    np.savez(tmp_path / "x.npz", X=X, y=[2, 0, 1, 1, -1, 2], label_names=["a", "b", "c"], other=1)
    table = tables.read(str(tmp_path / "x.npz"))
    np.testing.assert_array_equal(table.X, X)
    assert table.labels.dtype == np.int64 and table.labels.tolist() == [2, 0, 1, 1, -1, 2]
    assert table.label_names == {0: "a", 1: "b", 2: "c"}


def test_npz_without_labels(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", X=X)
    table = tables.read(tmp_path / "x.npz")
    assert table.labels is None and table.label_names is None


def test_npz_with_labels_that_are_texts_or_whole_floats(tmp_path):
    np.savez(tmp_path / "x.npz", X=X, y=["b", "a", "b", "", "c", "a"])
    table = tables.read(tmp_path / "x.npz")
    assert table.labels.tolist() == [1, 0, 1, -1, 2, 0]
    assert table.label_names == {0: "a", 1: "b", 2: "c"}
    np.savez(tmp_path / "x.npz", X=X, y=np.array([1.0, 0, 2, 2, 1, 1]))
    assert tables.read(tmp_path / "x.npz").labels.tolist() == [1, 0, 2, 2, 1, 1]


class Bomb:
    """Unpickled, it leaves a trace."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (self.trace,)


@pytest.mark.parametrize("kind", [".npy", ".npz"])
@pytest.mark.parametrize("mapped", [False, True])
def test_pickles_are_refused_and_never_run(request, tmp_path, kind, mapped):
    if mapped:
        request.getfixturevalue("mapping_all_files")
    bomb = np.array([[Bomb(str(tmp_path / "trace"))]], dtype=object)
    path = tmp_path / f"x{kind}"
    if kind == ".npy":
        np.save(path, bomb, allow_pickle=True)
    else:
        np.savez(path, X=bomb)
    with pytest.raises(ValueError, match=r"pickled Python objects.*save a numeric array"):
        tables.read(path)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Bomb(str(tmp_path / "trace"))))
    with pytest.raises(ValueError, match="pickled Python objects"):
        tables.read(tmp_path / "raw.npy")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"a": X, "b": X},
            r"x\.npz: must have an array named X, or a single matrix.* got a, b; .*key",
        ),
        ({"X": X[0]}, r"X must have shape \(rows, columns\), got \(3,\)"),
        ({"X": np.zeros((4, 2, 2))}, r"got \(4, 2, 2\)"),
        ({"X": np.zeros((0, 3))}, r"got \(0, 3\)"),
        ({"X": X.astype(complex)}, "real numbers, got dtype complex128"),
        ({"X": X.astype(str)}, "real numbers, got dtype <U"),
        (
            {"X": np.where(X == X[4, 1], np.nan, X)},
            "1 of 18 values .* in row 4, column 1 of X; .*'drop-rows'",
        ),
        ({"X": np.where(X == X[2, 0], 1e300, X.astype(float))}, r"got 1e\+300 in row 2, column 0"),
        ({"X": X, "y": np.zeros(5, int)}, r"y must have shape \(6,\) as X has 6 rows, got \(5,\)"),
        ({"X": X, "y": np.full(6, 1j)}, "y must hold numbers or strings, got dtype complex128"),
        (
            {"X": X, "y": np.arange(6), "label_names": ["a"]},
            "got 1 names and the label 5",
        ),
    ],
)
def test_bad_arrays(tmp_path, mapping_all_files, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        tables.read(tmp_path / "x.npz")


@pytest.mark.parametrize("kind", [".npy", ".npz"])
@pytest.mark.parametrize("size", [0, 1, 60, 200])
@pytest.mark.parametrize("mapped", [False, True])
def test_damaged_files(request, tmp_path, kind, size, mapped):
    if mapped:
        request.getfixturevalue("mapping_all_files")
    path = tmp_path / f"x{kind}"
    np.save(path, X) if kind == ".npy" else np.savez(path, X=X)
    path.write_bytes(path.read_bytes()[: min(size, path.stat().st_size - 4)])
    with pytest.raises(ValueError, match=r"x\.np[yz]: is (damaged|no NumPy file)"):
        tables.read(path)


# ---- Reading text -----------------------------------------------------------------------------


def test_csv_without_header(tmp_path):
    table = tables.read(write_text(tmp_path / "x.csv", *rows_of(X)))
    np.testing.assert_array_equal(table.X, X)
    assert table.labels is None


def test_tsv_with_header_byte_order_mark_and_empty_lines(tmp_path):
    lines = ["a\tb\tc", "", *rows_of(X[:3], "\t"), "", *rows_of(X[3:], "\t"), ""]
    path = tmp_path / "x.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    np.testing.assert_array_equal(tables.read(path).X, X)


def with_labels(labels, at=1):
    rows = [row.split(",") for row in rows_of(X)]
    return [
        ",".join([*row[:at], label, *row[at:]]) for row, label in zip(rows, labels, strict=True)
    ]


@pytest.mark.parametrize("column", ["mood", 1, "1"])
def test_label_column_of_texts(tmp_path, column):
    labels = ["sad", '"very, very happy"', " sad ", "", "Ärger", "sad"]
    path = write_text(tmp_path / "x.csv", "u,mood,v,w", *with_labels(labels))
    table = tables.read(path, label_column=column)
    np.testing.assert_array_equal(table.X, X)
    assert table.label_names == {0: "sad", 1: "very, very happy", 2: "Ärger"}
    assert table.labels.tolist() == [0, 1, 0, -1, 2, 0]


@pytest.mark.parametrize("at", [0, 2, 3])
def test_label_column_of_numbers_without_header(tmp_path, at):
    path = write_text(tmp_path / "x.csv", *with_labels(["3", "7", "3", "-2", "7.0", "3"], at))
    table = tables.read(path, label_column=at)
    np.testing.assert_array_equal(table.X, X)
    assert table.labels.tolist() == [3, 7, 3, -2, 7, 3] and table.label_names is None


def test_label_column_with_missing_numbers(tmp_path):
    path = write_text(tmp_path / "x.csv", *with_labels(["3", "nan", "", "NaN", "7.0", "3"]))
    assert tables.read(path, label_column=1).labels.tolist() == [3, -1, -1, -1, 7, 3]
    np.savez(tmp_path / "x.npz", X=X, y=[3, np.nan, np.nan, -2, 7.0, 3])
    assert tables.read(tmp_path / "x.npz").labels.tolist() == [3, -1, -1, -2, 7, 3]
    np.savez(tmp_path / "x.npz", X=X, y=[3, np.inf, np.nan, -2, 7.0, 3])
    with pytest.raises(ValueError, match="y must hold finite numbers or strings"):
        tables.read(tmp_path / "x.npz")


def test_label_column_of_numbers_beyond_those_of_classes(tmp_path):
    ids = ["9007199254740993", "9007199254740992", "3", "3", "3", "3"]
    path = write_text(tmp_path / "x.csv", *with_labels(ids))
    assert tables.read(path, label_column=1).labels.tolist() == [int(text) for text in ids]
    ids[0] = "1e300"
    table = tables.read(write_text(tmp_path / "x.csv", *with_labels(ids)), label_column=1)
    assert table.label_names is None and table.labels.tolist() == [float(text) for text in ids]


def test_label_column_of_texts_without_header(tmp_path):
    path = write_text(tmp_path / "x.csv", *with_labels(list("abcabc")))
    assert tables.read(path, label_column=1).labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_row_index_of_pandas_is_left_out(tmp_path):
    rows = [f"{i},{row}" for i, row in enumerate(rows_of(X))]
    np.testing.assert_array_equal(tables.read(write_text(tmp_path / "x.csv", ",a,b,c", *rows)).X, X)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,b", "1,2", "3,4x"], r"x\.csv, line 3, column 1 \(b\): '4x' is not a finite number"),
        (["1,2", "", "3,oops"], "line 3, column 1: 'oops' is not"),
        (
            ["1,2", "3,"],
            "1 of 4 values are missing, in 1 rows and 1 columns, the first in line 2",
        ),
        (["1,2", "nan,4"], "the first in line 2, column 0; leave them out by missing='drop-rows'"),
        (["1,2", "3,-inf"], "line 2, column 1: '-inf' is not a finite"),
        (["1,2", "3,1e39"], "line 2, column 1: '1e39' is not a finite"),
        (["1,2", "3,4,5"], "line 2: has 3 columns, not 2"),
        (["a,b,c", "1,2"], "line 2: has 2 columns, not 3"),
        (["1:2", "3:4"], "'3:4' is not a finite number"),
        (["a,b"], "has no rows"),
        ([""], "is empty"),
        (['a,"b', "1,2"], r"x\.csv"),
    ],
)
def test_bad_text(tmp_path, lines, message):
    with pytest.raises(ValueError, match=message):
        tables.read(write_text(tmp_path / "x.csv", *lines))


def test_a_forgotten_label_column_is_hinted_at(tmp_path):
    path = write_text(tmp_path / "x.csv", "u,mood,v,w", *with_labels(["sad"] * 6))
    with pytest.raises(ValueError, match=r"line 2, column 1 \(mood\): 'sad'.*label column"):
        tables.read(path)


@pytest.mark.parametrize("column", ["nope", "4", 4, "-5", -5, "1.0"])
def test_unknown_label_column(tmp_path, column):
    path = write_text(tmp_path / "x.csv", "u,mood,v,w", *with_labels(["sad"] * 6))
    with pytest.raises(ValueError, match=r"columns u, mood, v, w or an index from 0 to 3; got"):
        tables.read(path, label_column=column)


def test_only_a_label_column(tmp_path):
    with pytest.raises(ValueError, match="no column of numbers"):
        tables.read(write_text(tmp_path / "x.csv", "a", "b"), label_column=0)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"1,2\n3,\xff\xfe\n")
    with pytest.raises(ValueError, match=r"x\.csv, line 2, column 1: 'ÿþ' is not a finite number"):
        tables.read(tmp_path / "x.csv")
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe1\x00,\x002\x00\n\x00\x00\xd8")
    with pytest.raises(ValueError, match=r"x\.csv.*not text"):
        tables.read(tmp_path / "x.csv")


# ---- Names of rows ----------------------------------------------------------------------------

WORDS = ["the", "say: ,", "Ärger", "", "x$y", "the"]


@pytest.mark.parametrize("column", ["word", 1, "1"])
def test_name_column_of_a_table(tmp_path, column):
    path = write_text(
        tmp_path / "x.csv",
        "u,word,v,w",
        *with_labels(['"say: ,"' if w == "say: ," else w for w in WORDS]),
    )
    table = tables.read(path, name_column=column)
    np.testing.assert_array_equal(table.X, X)
    assert table.names == WORDS and table.labels is None


def test_names_and_labels_without_header(tmp_path):
    rows = [
        f"{word},{row},{label}"
        for word, row, label in zip("abcdef", rows_of(X), "xyxyxy", strict=True)
    ]
    table = tables.read(write_text(tmp_path / "x.csv", *rows), label_column=4, name_column=0)
    np.testing.assert_array_equal(table.X, X)
    assert table.names == list("abcdef")
    assert [table.label_names[i] for i in table.labels] == list("xyxyxy")


def test_names_in_the_index_of_pandas(tmp_path):
    rows = [f"{word},{row}" for word, row in zip("abcdef", rows_of(X), strict=True)]
    table = tables.read(write_text(tmp_path / "x.csv", ",u,v,w", *rows), name_column=0)
    np.testing.assert_array_equal(table.X, X)
    assert table.names == list("abcdef")


def test_names_in_an_npz(tmp_path):
    np.savez(tmp_path / "x.npz", X=X, y=[0, 1, 0, 1, 0, 1], words=WORDS, numbers=np.arange(6))
    table = tables.read(tmp_path / "x.npz", name_column="words")
    assert table.names == WORDS and table.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert tables.read(tmp_path / "x.npz").names is None
    with pytest.raises(ValueError, match="must have an array named nope, got X, y, words"):
        tables.read(tmp_path / "x.npz", name_column="nope")
    with pytest.raises(ValueError, match=r"numbers must hold 6 strings.*\(6,\), dtype int64"):
        tables.read(tmp_path / "x.npz", name_column="numbers")
    np.savez(tmp_path / "x.npz", X=X, words=WORDS[:5])
    with pytest.raises(ValueError, match=r"words must hold 6 strings.*shape \(5,\)"):
        tables.read(tmp_path / "x.npz", name_column="words")


TOKENS = ["the", '"', "#", "2", ". . .", "non\xa0breaking\x85"]  # all of them occur in GloVe


def vectors_of(tokens):
    return [f"{token} {row}" for token, row in zip(tokens, rows_of(X, " "), strict=True)]


@pytest.mark.parametrize("kind", [".txt", ".vec"])
def test_word_vectors_of_glove(tmp_path, kind):
    path = write_text(tmp_path / f"x{kind}", *vectors_of(TOKENS))
    table = tables.read(path, name_column=0)
    assert table.X.dtype == np.float32 and table.names == TOKENS and table.labels is None
    np.testing.assert_array_equal(table.X, X)


def test_word_vectors_of_fasttext(tmp_path):
    lines = ["6 3", *(f"{line} " for line in vectors_of(TOKENS))]
    table = tables.read(write_text(tmp_path / "x.vec", *lines))
    assert table.names == TOKENS
    np.testing.assert_array_equal(table.X, X)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a 1 2", "b 3"], r"x\.vec, line 2: has 1 numbers, not 2"),
        (["a 1 2", "b 3 x"], "line 2: could not convert string to float: 'x'"),
        (["a 1 2", "", "b nan 1"], "line 3: 'nan' is not a finite number"),
        (["a 1 2", "b 3 1e39"], "line 2: '1e39' is not a finite number"),
        (["3 2", "a 1 2", "b 3 4"], "line 1 announces 3 words, found 2"),
        (["a", "b"], "has no word followed by numbers"),
        (["2 0", "a", "b"], "has no word followed by numbers"),
        ([""], "has no word followed by numbers"),
    ],
)
def test_bad_word_vectors(tmp_path, lines, message):
    with pytest.raises(ValueError, match=message):
        tables.read(write_text(tmp_path / "x.vec", *lines))


def test_bytes_that_are_no_word_vectors(tmp_path):
    (tmp_path / "x.vec").write_bytes(b"a 1 2\nb\xff 3 4\n")
    with pytest.raises(ValueError, match=r"x\.vec, after line .*not text"):
        tables.read(tmp_path / "x.vec")


def test_name_columns_that_do_not_apply(tmp_path, data_dir):
    np.save(tmp_path / "x.npy", X)
    openface = data_dir / "landmarks" / "openface_pyfeat_test" / "openface.csv"
    for path in (tmp_path / "x.npy", openface):
        with pytest.raises(ValueError, match="name_column applies to"):
            tables.read(path, name_column=0)
    path = write_text(tmp_path / "x.txt", *vectors_of(TOKENS))
    with pytest.raises(ValueError, match="name_column of word vectors must be 0, got 'word'"):
        tables.read(write_text(tmp_path / "x.vec", *vectors_of(TOKENS)), name_column="word")
    with pytest.raises(ValueError, match="is word vectors; features applies to landmarks only"):
        tables.read(path, features="raw", name_column=0)
    path = write_text(tmp_path / "x.csv", "u,word,v,w", *with_labels(list("abcdef")))
    with pytest.raises(ValueError, match=r"name_column must be one of .* got 'nope'"):
        tables.read(path, name_column="nope")


# ---- Landmarks --------------------------------------------------------------------------------


def test_landmark_list_of_real_data(data_dir):
    path = data_dir / "landmarks" / "plsr_emotion_videos" / "list_plsr_emotion_videos.txt"
    frames = landmarks.read_list(path)
    table = tables.read(path)
    np.testing.assert_array_equal(table.X, landmarks.features(frames, "procrustes"))
    assert table.features == "procrustes" and table.X.dtype == np.float32
    np.testing.assert_array_equal(table.labels, frames.label)
    raw = tables.read(path, features="raw")
    np.testing.assert_array_equal(raw.X, frames.points.reshape(len(frames.points), -1))


def test_every_line_of_a_landmark_list_is_a_row(data_dir):
    # All of these frames are neutral, which the reader of lists drops on its own.
    path = data_dir / "landmarks" / "ravdess_2frames" / "list_ravdess_2frames.txt"
    table = tables.read(path)
    assert len(table.X) == 2 and table.label_names[table.labels[0]] == "neutral"


def test_openface_csv_is_recognised(data_dir):
    path = data_dir / "landmarks" / "openface_pyfeat_test" / "openface.csv"
    table = tables.read(path, features="nose")
    expected = landmarks.features(landmarks.read_openface(path), "nose")
    np.testing.assert_array_equal(table.X, expected)
    assert table.labels is None and table.features == "nose"
    with pytest.raises(ValueError, match="is landmarks; label_column applies to"):
        tables.read(path, label_column=0)


def test_arguments_that_do_not_apply(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(ValueError, match="is an array; features applies to landmarks only"):
        tables.read(tmp_path / "x.npy", features="raw")
    with pytest.raises(ValueError, match="label_column applies to"):
        tables.read(tmp_path / "x.npy", label_column=0)
    with pytest.raises(ValueError, match="is a table of text; features applies to landmarks"):
        tables.read(write_text(tmp_path / "x.csv", *rows_of(X)), features="raw")
    with pytest.raises(ValueError, match=r"features must be one of raw, .*; got 'nope'"):
        tables.read(tmp_path / "missing.txt", features="nope")
    with pytest.raises(ValueError, match=r"missing must be one of drop-rows, .*; got 'zero'"):
        tables.read(tmp_path / "x.npy", missing="zero")
    with pytest.raises(ValueError, match="label_column and color_column must not both"):
        tables.read(tmp_path / "x.csv", label_column=0, color_column=1)
    with pytest.raises(ValueError, match="columns and drop_columns must not both"):
        tables.read(tmp_path / "x.csv", columns=[0], drop_columns=[1])
    with pytest.raises(ValueError, match="no labels or names where transpose"):
        tables.read(tmp_path / "x.csv", label_column=0, transpose=True)
    with pytest.raises(TypeError, match="nope"):
        tables.read(tmp_path / "x.csv", nope=1)


def test_missing_unknown_and_folders(tmp_path):
    with pytest.raises(ValueError, match=r"x\.xlsx: the input must end in one of \.npy"):
        tables.read(tmp_path / "x.xlsx")
    for name in ("x.npy", "x.npz", "x.csv", "x.tsv", "x.txt"):
        with pytest.raises(FileNotFoundError):
            tables.read(tmp_path / name)
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(ValueError, match=r"must hold .npy or .parquet files, and holds neither"):
        tables.read(tmp_path / "x.csv")


# ---- Writing ----------------------------------------------------------------------------------

Y = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)
LABELS = np.array([1, 0, -1, 5])
NAMES = {0: "calm", 1: 'so "so", ok'}
PARAMETERS = {"perplexity": 30.0, "input": "x.npy", "features": None}


def test_write_npy(tmp_path):
    tables.write(tmp_path / "y.NPY", Y, LABELS, PARAMETERS, 1.5)
    written = np.load(tmp_path / "y.NPY")
    assert written.dtype == Y.dtype
    np.testing.assert_array_equal(written, Y)


def test_write_npz(tmp_path):
    tables.write(tmp_path / "y.npz", Y, LABELS, PARAMETERS, 1.5, NAMES)
    with np.load(tmp_path / "y.npz") as written:
        np.testing.assert_array_equal(written["Y"], Y)
        np.testing.assert_array_equal(written["labels"], LABELS)
        assert written["label_names"].tolist() == ["calm", 'so "so", ok']
        assert json.loads(str(written["parameters"])) == PARAMETERS and written["kl"] == 1.5
    tables.write(tmp_path / "y.npz", Y)
    with np.load(tmp_path / "y.npz") as written:
        assert sorted(written.files) == ["Y", "parameters"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("m", [2, 3])
def test_write_csv_and_read_again(tmp_path, dtype, m):
    points = np.random.default_rng(2).normal(size=(4, m)).astype(dtype) * 1e-5
    tables.write(tmp_path / "y.csv", points)
    lines = (tmp_path / "y.csv").read_text().splitlines()
    assert lines[0] == ",".join(["y0", "y1", "y2"][:m])
    read = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    np.testing.assert_array_equal(read.astype(dtype), points)

    tables.write(tmp_path / "y.csv", points, LABELS, label_names=NAMES)
    table = tables.read(tmp_path / "y.csv", label_column="label")
    np.testing.assert_array_equal(table.X, points.astype(np.float32))
    names = [table.label_names.get(label) for label in table.labels.tolist()]
    assert names == ['so "so", ok', "calm", None, "5"]


def test_write_json(tmp_path):
    tables.write(tmp_path / "y.json", Y, LABELS, PARAMETERS, 1.5, ["calm", "happy"])
    written = json.loads((tmp_path / "y.json").read_text())
    assert written["parameters"] == PARAMETERS and written["kl"] == 1.5
    points = [entry["point"] for entry in written["points"]]
    np.testing.assert_array_equal(np.array(points, np.float32), Y)
    assert [entry["label"] for entry in written["points"]] == ["happy", "calm", None, 5]
    tables.write(tmp_path / "y.json", Y, kl=float("nan"))
    written = json.loads((tmp_path / "y.json").read_text())
    assert written["kl"] is None and "label" not in written["points"][0]


def test_write_names(tmp_path):
    words = ["a, b", "ä", "", "4"]
    for labels, columns in ((None, ["name"]), (LABELS, ["label", "name"])):
        tables.write(tmp_path / "y.csv", Y, labels, label_names=NAMES, names=words)
        lines = (tmp_path / "y.csv").read_text().splitlines()
        assert lines[0].split(",") == ["y0", "y1", *columns]
        label_column = "label" if labels is not None else None
        table = tables.read(tmp_path / "y.csv", label_column=label_column, name_column="name")
        np.testing.assert_array_equal(table.X, Y)
        assert table.names == words
    tables.write(tmp_path / "y.json", Y, LABELS, label_names=NAMES, names=words)
    points = json.loads((tmp_path / "y.json").read_text())["points"]
    assert [entry["name"] for entry in points] == words and points[1]["label"] == "calm"
    tables.write(tmp_path / "y.npz", Y, names=words)
    with np.load(tmp_path / "y.npz") as written:
        assert written["names"].tolist() == words
    with pytest.raises(ValueError, match="names must have length 4, one for each point, got 3"):
        tables.write(tmp_path / "y.csv", Y, names=words[:3])


MISSING = [
    (["b", None, "a", np.nan], ["b", None, "a", None]),
    (["b", "", "a", float("nan")], ["b", None, "a", None]),
    ([1, None, 0, np.nan], [1, None, 0, None]),
    (np.array([1, np.nan, 0.5, -0.5]), [1, None, 0.5, -0.5]),
    (np.array([1, None, 0, -3], object), [1, None, 0, None]),
    ([None] * 4, [None] * 4),
    ([np.nan] * 4, [None] * 4),
]


@pytest.mark.parametrize(("labels", "expected"), MISSING)
def test_write_labels_that_are_missing(tmp_path, labels, expected):
    tables.write(tmp_path / "y.json", Y, labels)
    points = json.loads((tmp_path / "y.json").read_text())["points"]
    assert [point["label"] for point in points] == expected
    tables.write(tmp_path / "y.csv", Y, labels)
    table = tables.read(tmp_path / "y.csv", label_column="label")
    is_scale = table.labels.dtype.kind == "f"
    is_missing = np.isnan(table.labels) if is_scale else table.labels < 0
    assert is_missing.tolist() == [label is None for label in expected]
    tables.write(tmp_path / "y.npz", Y, labels)
    with np.load(tmp_path / "y.npz") as written:  # no pickle
        assert written["labels"].shape == (4,)


def test_write_names_that_are_missing_or_no_utf8(tmp_path):
    names = [os.fsdecode(b"a\xff"), None, float("nan"), "ä"]
    tables.write(tmp_path / "y.csv", Y, names=names)
    assert tables.read(tmp_path / "y.csv", name_column="name").names == ["a?", "", "", "ä"]
    tables.write(tmp_path / "y.csv", Y, [0] * 4, label_names=names)
    assert "a?" in (tmp_path / "y.csv").read_text(encoding="utf-8")
    for kind in (".json", ".npz"):
        tables.write(tmp_path / f"y{kind}", Y, names=names)


def no_constant(name):
    raise ValueError(f"{name} is no JSON")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float64("nan")])
def test_json_holds_no_number_that_is_none(tmp_path, value):
    points = Y.copy()
    points[1, 0] = value
    parameters = {"a": value, "b": [value, {"c": (value, 1.5)}]}
    expected = {"a": None, "b": [None, {"c": [None, 1.5]}]}
    tables.write(tmp_path / "y.json", points, parameters=parameters, kl=value)
    written = json.loads((tmp_path / "y.json").read_text(), parse_constant=no_constant)
    assert written["parameters"] == expected and written["kl"] is None
    assert written["points"][1]["point"][0] is None
    tables.write(tmp_path / "y.npz", points, parameters=parameters, kl=value)
    with np.load(tmp_path / "y.npz") as file:
        assert json.loads(str(file["parameters"]), parse_constant=no_constant) == expected
    details = {"columns": ["a", "b"], "parameters": parameters}
    feature_files.write(tmp_path / "x.npz", Y, details)
    with np.load(tmp_path / "x.npz") as file:
        assert json.loads(str(file["parameters"]), parse_constant=no_constant) == expected


def test_features_without_a_label(tmp_path):
    details = {"columns": ["a", "b"], "y": np.array([1, -1, 0, -2]), "label_names": ["sad", "gay"]}
    feature_files.write(tmp_path / "x.csv", Y, details)
    table = tables.read(tmp_path / "x.csv", label_column="label")
    assert table.labels.tolist() == [0, -1, 1, -1] and table.label_names == {0: "gay", 1: "sad"}


@pytest.mark.parametrize("kind", tables.OUTPUTS)
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, MemoryError])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch, kind, error
):
    path = tmp_path / f"y{kind}"
    path.write_text("old")

    def fail(*arguments, **keywords):
        raise error("no space left")

    def fail_midway(file, *arguments, **keywords):
        file.write(b"half")
        raise error("no space left")

    monkeypatch.setattr(np, "save", fail_midway)
    monkeypatch.setattr(np, "savez", fail_midway)
    monkeypatch.setattr(tables.writing, "shortest_digits", fail)
    monkeypatch.setattr("pyarrow.parquet.write_table", fail)
    with pytest.raises(error):
        tables.write(path, Y)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_replacing_works_in_the_same_folder(tmp_path):
    path = tmp_path / "y.txt"
    path.write_text("old")
    with tables.replacing(path) as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".txt"
        temporary.write_text("new")
        assert path.read_text() == "old"
        renamed = temporary.stat().st_ino
    assert path.stat().st_ino == renamed  # a copy would be half there for a while
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_replacing_keeps_permissions_and_gives_the_usual_ones(tmp_path):
    path, plain = tmp_path / "y.npy", tmp_path / "plain"
    tables.write(path, Y)
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode
    for mode in (0o600, 0o640, 0o666, 0o751):
        path.chmod(mode)
        with tables.replacing(path) as temporary:
            assert temporary.stat().st_mode & 0o777 == 0o600  # nobody else may look meanwhile
            temporary.write_text("new")
        assert path.stat().st_mode & 0o777 == mode


def test_replacing_keeps_the_owner_where_it_may(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    path = tmp_path / "y.npy"
    path.touch()
    os.chown(path, 4242, 4243)
    tables.write(path, Y)
    assert (path.stat().st_uid, path.stat().st_gid) == (4242, 4243)


def test_a_protected_file_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "y.npy"
    path.write_text("old")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as for all but root
    for write in (tables.check_output, lambda path: tables.write(path, Y)):
        with pytest.raises(PermissionError, match=r"y\.npy: is protected against writing"):
            write(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from fasttsne import tables
with tables.replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_killed_processes_leave_is_removed(tmp_path):
    path = tmp_path / "fit.pt"
    path.write_text("old")
    others = [tmp_path / name for name in (".fit.01234567.pt", ".fit.fasttsne-0123.pt", ".x.pt")]
    for other in others:
        other.touch()
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, timeout=120)
        assert done.returncode == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) == 5  # not one more each time
    with tables.replacing(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def test_what_is_being_written_is_not_taken_for_left_over(tmp_path):
    """Two write to one name at once, as threads or processes do: the last one wins."""
    path = tmp_path / "fit.pt"
    with tables.replacing(path) as first:
        first.write_text("first")
        with tables.replacing(path) as second:
            tables.check_writable(path)
            second.write_text("second")
            assert first.read_text() == "first" and second.read_text() == "second"
        assert path.read_text() == "second"
    assert path.read_text() == "first" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stem", ["x" * 251, "ä" * 125, os.fsdecode(b"\xff" * 251), "😀" * 62])
def test_replacing_under_the_longest_names(tmp_path, stem):
    path = tmp_path / f"{stem}.npy"
    tables.write(path, Y)
    np.testing.assert_array_equal(np.load(path), Y)
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_follows_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "y.npy").touch()
    (tmp_path / "y.npy").symlink_to(tmp_path / "real" / "y.npy")
    tables.write(tmp_path / "y.npy", Y)
    assert (tmp_path / "y.npy").is_symlink()
    np.testing.assert_array_equal(np.load(tmp_path / "real" / "y.npy"), Y)


def test_check_output_leaves_nothing_behind(tmp_path):
    tables.check_output(tmp_path / "y.npz")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match=r"y\.png: the output must end in one of \.npy"):
        tables.check_output(tmp_path / "y.png")
    with pytest.raises(ValueError, match="the output must end in"):
        tables.write(tmp_path / "y.png", Y)
    with pytest.raises(OSError, match="there is no folder"):
        tables.check_output(tmp_path / "missing" / "y.npz")
    (tmp_path / "y.npz").mkdir()
    with pytest.raises(OSError, match="is a folder"):
        tables.check_output(tmp_path / "y.npz")


def test_check_output_where_nothing_can_be_written(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match=r"y\.npz: cannot be written \(Permission denied\)"):
        tables.check_output(tmp_path / "y.npz")
