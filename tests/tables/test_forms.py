"""Files as the tools that users have write them: each is read right, or refused with a reason."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import io as scipy_io
from scipy import sparse

from fasttsne import tables
from fasttsne._text import with_closed_quotes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype(np.float32)
MOODS = ["sad", "glad", "sad", "glad", "mad", "sad"]
AGES = [18, 30, 31, 45, 60, 77]


def same(table, expected=X):
    np.testing.assert_array_equal(table.X, expected)
    return table


def text_of(array, separator=",", decimal="."):
    return [separator.join(str(v).replace(".", decimal) for v in row) for row in array]


def save(path, lines, encoding="utf-8", newline="\n"):
    path.write_bytes((newline.join(lines) + newline).encode(encoding))
    return path


# ---- Text: spreadsheets, pandas, R ------------------------------------------------------------


def test_excel_csv_of_half_of_europe(tmp_path):
    # Excel with German settings: semicolons, decimal commas, Windows-1252, CRLF.
    rows = [f"{row};{mood}" for row, mood in zip(text_of(X, ";", ","), MOODS, strict=True)]
    path = save(tmp_path / "x.csv", ["Größe;b;c;Gefühl", *rows], "cp1252", "\r\n")
    table = same(tables.read(path, label_column="Gefühl"))
    assert [table.label_names[i] for i in table.labels] == MOODS
    assert table.label_title == "Gefühl"
    (note,) = table.notes
    assert "semicolons, decimal commas, Windows-1252" in note


def test_excel_unicode_text(tmp_path):
    # "Unicode text" of Excel: tabs, UTF-16 with a byte order mark, CRLF.
    path = save(tmp_path / "x.txt", ["a\tb\tc", *text_of(X, "\t")], "utf-16", "\r\n")
    assert "tabs, UTF-16" in same(tables.read(path)).notes[0]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(tmp_path, encoding):
    same(tables.read(save(tmp_path / "x.csv", ["a,b,c", *text_of(X)], encoding)))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ", "   "])
@pytest.mark.parametrize("kind", [".csv", ".tsv", ".txt", ".dat"])
def test_separators(tmp_path, separator, kind):
    for decimal in {".", ","} - {separator}:
        for header in ([], [separator.join("abc")]):
            path = save(tmp_path / f"x{kind}", [*header, *text_of(X, separator, decimal)])
            same(tables.read(path))


def test_numbers_that_commas_could_cut(tmp_path):
    # Cut at commas, each row has three cells, two of them numbers.
    rows = [f"a;{a};{b}" for a, b in (("1,5", "2"), ("3,5", "4"), ("5,5", "6"))]
    table = tables.read(save(tmp_path / "x.csv", rows), name_column=0)
    assert table.X.tolist() == [[1.5, 2], [3.5, 4], [5.5, 6]] and table.names == ["a"] * 3


def test_texts_with_separators_in_them(tmp_path):
    rows = [f'"{mood}; {mood}, x",{row}' for row, mood in zip(text_of(X), MOODS, strict=True)]
    table = same(tables.read(save(tmp_path / "x.csv", rows), label_column=0))
    assert table.label_names[table.labels[1]] == "glad; glad, x"


@pytest.mark.parametrize("kind", [".csv.gz", ".tsv.gz", ".txt.gz", ".vec.gz"])
def test_gzip(tmp_path, kind):
    separator = "," if kind.startswith(".csv") else " " if ".vec" in kind else "\t"
    lines = text_of(X, separator)
    if ".vec" in kind:
        lines = [f"w{i} {line}" for i, line in enumerate(lines)]
    path = tmp_path / f"x{kind}"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    same(tables.read(path))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"x\..*gz: is not a .gz file, or is damaged"):
        tables.read(path)


def test_pandas_with_its_index(tmp_path):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.to_csv(tmp_path / "x.csv")
    assert "column 0, which has no name" in same(tables.read(tmp_path / "x.csv")).notes[0]
    # Written, read and written again.
    pd.read_csv(tmp_path / "x.csv").to_csv(tmp_path / "y.csv", index=False)
    assert "'Unnamed: 0'" in same(tables.read(tmp_path / "y.csv")).notes[0]
    kept = tables.read(tmp_path / "y.csv", columns=["*"]).X
    np.testing.assert_array_equal(kept, np.column_stack([np.arange(6), X]))
    frame.rename_axis("id").to_csv(tmp_path / "z.csv", sep=";", decimal=",")
    assert "left out 'id'" in same(tables.read(tmp_path / "z.csv")).notes[1]


def test_pandas_without_names_of_columns(tmp_path):
    # The names are 0, 1, 2: not a point.
    pd.DataFrame(X).to_csv(tmp_path / "x.csv", index=False)
    assert "--header no" in same(tables.read(tmp_path / "x.csv")).notes[0]
    pd.DataFrame(X).to_csv(tmp_path / "y.csv")
    same(tables.read(tmp_path / "y.csv"))
    frame = pd.DataFrame({**dict(enumerate(X.T)), 3: MOODS})
    frame.to_csv(tmp_path / "z.csv", index=False)
    table = same(tables.read(tmp_path / "z.csv", label_column=3))
    assert [table.label_names[i] for i in table.labels] == MOODS
    as_data = tables.read(tmp_path / "x.csv", header=False).X
    np.testing.assert_array_equal(as_data, np.concatenate([[[0, 1, 2]], X]))


@pytest.mark.parametrize(
    ("lines", "options", "expected"),
    [
        (
            ["0,1,2,label", ".1,.2,.3,x", ".4,.5,.6,y"],
            {"label_column": -1},
            [".1,.2,.3", ".4,.5,.6"],
        ),
        (["label,0,1", "x,.1,.2", "y,.4,.5"], {"label_column": 0}, [".1,.2", ".4,.5"]),
        (
            ["country,1990,1991", "DE,1.5,2.7", "FR,2,3.1"],
            {"label_column": 0},
            ["1.5,2.7", "2,3.1"],
        ),
        (["400.5,401,401.5,c", "1,2,4,x", "3,1,2,y"], {"label_column": 3}, ["1,2,4", "3,1,2"]),
        ([",0,1,label", "0,.1,.2,x", "1,.4,.5,y"], {"label_column": -1}, [".1,.2", ".4,.5"]),
        # A row of data, though texts stand in columns that are no data.
        (
            ["5.1,3.5,a", "4.9,3,a", "4.7,3.2,b"],
            {"drop_columns": [2]},
            ["5.1,3.5", "4.9,3", "4.7,3.2"],
        ),
        (
            ["5.1,3.5,a", "4.9,3,a", "4.7,3.2,b"],
            {"columns": [0, 1]},
            ["5.1,3.5", "4.9,3", "4.7,3.2"],
        ),
        (["1,2,4,x", "3,1,2,y"], {"label_column": 3}, ["1,2,4", "3,1,2"]),
        (["1,2,3,x", "3,4,5,y"], {"label_column": 3}, ["1,2,3", "3,4,5"]),
    ],
)
def test_first_rows_of_numbers(tmp_path, lines, options, expected):
    table = tables.read(save(tmp_path / "x.csv", lines), **options)
    expected = expected or [".1,.2,.3", ".4,.5,.6"]
    np.testing.assert_array_equal(
        table.X, np.array([row.split(",") for row in expected], np.float32)
    )
    if table.labels is not None:
        assert list(table.label_names.values()) == sorted(table.label_names.values())
        assert len(table.labels) == len(expected)


def test_years_above_a_table_in_a_txt_are_no_word(tmp_path):
    lines = ["country 1990 1991", "DE 1.5 2.7", "FR 2 3.1"]
    table = tables.read(save(tmp_path / "x.txt", lines), label_column=0)
    assert table.X.shape == (2, 2)
    named = ["setosa 5.1 3.5", "virg 4.9 3.0", "setosa 5 3"]
    table = tables.read(save(tmp_path / "x.txt", named), label_column=0)
    assert table.X.shape == (3, 2) and table.labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize("last", [",", ""])
def test_separators_at_the_ends_of_rows(tmp_path, last):
    path = save(tmp_path / "x.csv", ["a,b,c", *(row + last for row in text_of(X))])
    same(tables.read(path))


def test_one_column_with_decimal_commas(tmp_path):
    assert tables.read(save(tmp_path / "x.csv", ["a", "1,5", "3,5"])).X.tolist() == [[1.5], [3.5]]


def test_points_among_decimal_commas_are_refused(tmp_path):
    path = save(tmp_path / "x.csv", ["a;b", *["1,5;2,5"] * 120, "12.345;1,5"])
    with pytest.raises(ValueError, match=r"line 122, column 0 \(a\): '12\.345' is not a finite"):
        tables.read(path)
    dated = save(tmp_path / "y.csv", ["day;a;b", "01.02;1,5;2,5", "02.02;3,5;1"])
    assert tables.read(dated, drop_columns=["day"]).X.tolist() == [[1.5, 2.5], [3.5, 1]]


def test_first_lines_of_excel_and_numpy(tmp_path):
    same(tables.read(save(tmp_path / "x.csv", ["sep=;", "a;b;c", *text_of(X, ";")])))
    same(tables.read(save(tmp_path / "x.csv", ["sep=,", *text_of(X)])))
    same(tables.read(save(tmp_path / "x.csv", ["a,b,c", *text_of(X), ",,"])))
    np.savetxt(tmp_path / "x.txt", X, header="a b c")
    same(tables.read(tmp_path / "x.txt"))
    np.savetxt(tmp_path / "x.csv", X, header="a,b,c", delimiter=",")
    same(tables.read(tmp_path / "x.csv"))


def test_a_first_column_that_counts_all_rows_but_the_first(tmp_path):
    rows = [f"{i},{row}" for i, row in zip([7, 1, 2, 3, 4, 5], text_of(X), strict=True)]
    table = tables.read(save(tmp_path / "x.csv", rows))
    assert table.X[:, 0].tolist() == [7, 1, 2, 3, 4, 5] and table.notes == ()


@pytest.mark.parametrize("name", ["X", "PassengerId", "No."])
def test_a_named_column_that_counts_the_rows(tmp_path, name):
    long = np.concatenate([X, -X])
    rows = [f"{i},{row}" for i, row in enumerate(text_of(long), 1)]
    table = same(tables.read(save(tmp_path / "x.csv", [f"{name},a,b,c", *rows])), long)
    assert f"left out '{name}'" in table.notes[0]


def test_signs_of_missing_labels(tmp_path):
    ages = [str(20 + i % 60) for i in range(120)]
    ages[7], ages[9] = "?", "NA"
    rows = [f"{i % 7},{i % 5},{age}" for i, age in enumerate(ages)]
    labels = tables.read(save(tmp_path / "x.csv", ["a,b,age", *rows]), label_column="age").labels
    assert np.flatnonzero(np.isnan(labels)).tolist() == [7, 9]
    rows = [f"{i % 7},{i % 5},{'Na' if i % 2 else 'NaN'}" for i in range(6)]
    table = tables.read(save(tmp_path / "x.csv", ["a,b,c", *rows]), label_column="c")
    assert table.label_names == {0: "Na"} and table.labels.tolist() == [-1, 0] * 3


def test_negative_labels_are_told(tmp_path):
    path = save(tmp_path / "x.csv", ["a,b,y", "4,2,-1", "2,3,1", "3,1,-1"])
    table = tables.read(path, label_column="y")
    assert table.labels.tolist() == [-1, 1, -1]
    assert table.notes == ("2 rows have no label, or a negative one",)


def test_numbers_that_count_are_data(tmp_path):
    grid = np.arange(12).reshape(4, 3)
    path = save(tmp_path / "x.csv", text_of(grid))
    np.testing.assert_array_equal(tables.read(path).X, grid)
    as_names = tables.read(path, header=True).X
    np.testing.assert_array_equal(as_names, grid[1:])


def test_a_first_column_that_counts_the_rows(tmp_path):
    # pandas with header=False
    pd.DataFrame(X).to_csv(tmp_path / "x.csv", header=False)
    assert "counts the rows" in same(tables.read(tmp_path / "x.csv")).notes[0]
    kept = tables.read(tmp_path / "x.csv", columns=[0, 1, 2, 3]).X
    np.testing.assert_array_equal(kept[:, 1:], X)


@pytest.mark.parametrize("quote", ['"', ""])
def test_r_write_table(tmp_path, quote):
    # The header of write.table has one name less than the rows have cells.
    q = quote
    lines = [" ".join(f"{q}V{i}{q}" for i in range(3)) + f" {q}mood{q}"]
    for i, (row, mood) in enumerate(zip(text_of(X, " "), MOODS, strict=True)):
        lines.append(f"{q}r{i}{q} {row} {q}{mood}{q}")
    lines[3] = lines[3].replace(f"{q}sad{q}", "NA")
    table = same(tables.read(save(tmp_path / "x.txt", lines), label_column="mood"))
    names = [table.label_names.get(i) for i in table.labels]
    assert names == [*MOODS[:2], None, *MOODS[3:]]
    named = tables.read(tmp_path / "x.txt", label_column="mood", name_column=0)
    assert named.names == [f"r{i}" for i in range(6)]


def test_r_write_csv2(tmp_path):
    lines = ['"";"a";"b";"c"', *(f'"{i}";{r}' for i, r in enumerate(text_of(X, ";", ","), 1))]
    same(tables.read(save(tmp_path / "x.csv", lines)))


def test_numpy_savetxt(tmp_path):
    np.savetxt(tmp_path / "x.txt", X)
    np.testing.assert_array_equal(tables.read(tmp_path / "x.txt").X, X)


def test_word_vectors_in_a_txt_are_recognised(tmp_path):
    lines = [f"w{i} {row}" for i, row in enumerate(text_of(X, " "))]
    table = same(tables.read(save(tmp_path / "x.txt", lines)))
    assert table.names == [f"w{i}" for i in range(6)]


# ---- Columns ----------------------------------------------------------------------------------


@pytest.fixture
def people(tmp_path):
    frame = pd.DataFrame(X, columns=["AU01_r", "AU02_r", "pose"])
    frame["age (years)"], frame["mood"], frame["score"] = AGES, MOODS, np.linspace(-1, 1, 6)
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_parquet(tmp_path / "x.parquet")
    frame.to_feather(tmp_path / "x.feather")
    return tmp_path


@pytest.mark.parametrize("kind", [".csv", ".parquet", ".feather"])
def test_columns_by_name_pattern_and_index(people, kind):
    def read(**options):
        return tables.read(people / f"x{kind}", **options)

    assert read(columns=["AU*_r"]).X.shape == (6, 2)
    np.testing.assert_array_equal(read(columns=["pose", 0]).X, X[:, [2, 0]])
    table = same(read(drop_columns=["age*", "score"], label_column="mood"))
    assert [table.label_names[i] for i in table.labels] == MOODS
    assert [*read(columns=[0], label_column=-2).labels] == [*table.labels]
    with pytest.raises(ValueError, match="columns: no column is like 'BU"):
        read(columns=["BU*"])
    with pytest.raises(ValueError, match=r"columns must be one of .*; got 'nope'"):
        read(columns=["nope"])
    with pytest.raises(ValueError, match="'mood' cannot be data and labels"):
        read(columns=["mood"], label_column="mood")
    with pytest.raises(ValueError, match=r"column .*mood"):
        read()


@pytest.mark.parametrize("kind", [".csv", ".parquet", ".feather"])
def test_numbers_on_a_scale(people, kind):
    path = people / f"x{kind}"
    table = tables.read(path, columns=["AU*", "pose"], color_column="age (years)")
    assert table.labels.dtype == np.float64 and table.labels.tolist() == AGES
    assert table.label_names is None and table.label_title == "age (years)"
    score = tables.read(path, columns=["AU*"], label_column="score")
    assert score.labels.dtype == np.float64
    np.testing.assert_allclose(score.labels, np.linspace(-1, 1, 6))
    with pytest.raises(ValueError, match=r"mood.* must hold numbers"):
        tables.read(path, columns=["AU*"], color_column="mood")
    # A column can be data and the scale.
    both = tables.read(path, columns=["pose", "score"], color_column="score")
    np.testing.assert_array_equal(both.X[:, 1], both.labels.astype(np.float32))


def test_many_whole_numbers_are_a_scale(tmp_path):
    for count, kind in ((40, "i"), (41, "f")):
        rows = [f"{i},{i % 7},{i % count}" for i in range(100)]
        table = tables.read(save(tmp_path / "x.csv", ["a,b,age", *rows]), label_column="age")
        assert table.labels.dtype.kind == kind
        assert table.labels.tolist() == [i % count for i in range(100)]


def test_transpose(tmp_path):
    # Genes in the rows, as R users keep them: names of rows and of columns are no data.
    pd.DataFrame(X.T, index=["g1", "g2", "g3"], columns=list("abcdef")).to_csv(tmp_path / "x.csv")
    same(tables.read(tmp_path / "x.csv", transpose=True))
    np.save(tmp_path / "x.npy", X.T)
    same(tables.read(tmp_path / "x.npy", transpose=True))
    named = ["gene,c1,c2,c3,kind", "TP53,1,2,3,x", "ACTB,4,5,6,y"]
    path = save(tmp_path / "y.csv", named)
    table = tables.read(path, transpose=True, drop_columns=["gene", "kind"])
    assert table.X.tolist() == [[1, 4], [2, 5], [3, 6]]
    path = save(tmp_path / "z.csv", ["gene,c1,c2,c3", "TP53,1,2,3", "ACTB,4,5,6"])
    assert tables.read(path, transpose=True).X.tolist() == [[1, 4], [2, 5], [3, 6]]


def test_rows_of_one_process_are_settled_as_of_all(tmp_path):
    values = X.copy()
    values[1, 2] = np.nan
    np.save(tmp_path / "x.npy", values)

    def some(n):
        return slice(3, n)

    for options in ({"missing": "mean"}, {"missing": "drop-columns"}, {"missing": "drop-rows"}):
        whole = tables.read(tmp_path / "x.npy", **options).X
        part = tables.read(tmp_path / "x.npy", rows=some, **options).X
        np.testing.assert_array_equal(part, whole[3:])


# ---- Missing values ---------------------------------------------------------------------------


@pytest.fixture(params=[".csv", ".npy", ".npz", ".parquet", ".feather", ".h5ad"])
def gaps(request, tmp_path):
    """A table in which two values are missing, and its columns."""
    kind = request.param
    values = X.copy()
    values[1, 2] = values[4, 2] = np.nan
    frame = pd.DataFrame(values, columns=["a", "b", "c"])
    path = tmp_path / f"x{kind}"
    if kind == ".csv":
        frame.to_csv(path, index=False, na_rep="NA")
    elif kind == ".npy":
        np.save(path, values)
    elif kind == ".npz":
        np.savez(path, X=values, y=np.arange(6))
    elif kind == ".parquet":
        frame.to_parquet(path)
    elif kind == ".feather":
        frame.to_feather(path)
    else:
        anndata_of(values).write_h5ad(path)
    return path


def test_missing_values_are_counted_and_refused(gaps):
    expected = r"2 of 18 values are missing, in 2 rows and 1 columns, the first in (line 3|row 1)"
    with pytest.raises(ValueError, match=expected + r".*missing='drop-rows'.*--missing"):
        tables.read(gaps)


def test_missing_values_are_settled(gaps):
    table = tables.read(gaps, missing="drop-rows")
    np.testing.assert_array_equal(table.X, X[[0, 2, 3, 5]])
    assert "left out 2 rows" in table.notes[-1]
    if table.labels is not None:
        assert table.labels.tolist() == [0, 2, 3, 5]
    np.testing.assert_array_equal(tables.read(gaps, missing="drop-columns").X, X[:, :2])
    filled = tables.read(gaps, missing="mean").X
    np.testing.assert_array_equal(filled[:, :2], X[:, :2])
    np.testing.assert_allclose(filled[[1, 4], 2], X[[0, 2, 3, 5], 2].mean(), rtol=1e-6)


def test_nothing_left(tmp_path):
    path = save(tmp_path / "x.csv", ["a,b", "1,", ",2"])
    for missing in ("drop-rows", "drop-columns"):
        with pytest.raises(ValueError, match=f"nothing is left by missing='{missing}'"):
            tables.read(path, missing=missing)
    with pytest.raises(ValueError, match="column 1 has no value"):
        tables.read(save(tmp_path / "x.csv", ["a,b", "1,", "2,"]), missing="mean")


def test_missing_values_beside_labels(tmp_path):
    rows = [f"{row},{mood}" for row, mood in zip(text_of(X), MOODS, strict=True)]
    rows[2] = rows[2].replace(str(X[2, 0]), "")
    path = save(tmp_path / "x.csv", ["a,b,c,mood", *rows])
    table = tables.read(path, label_column="mood", name_column=None, missing="drop-rows")
    assert [table.label_names[i] for i in table.labels] == MOODS[:2] + MOODS[3:]


# ---- Columns of data frames -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_index_of_a_data_frame(tmp_path, kind):
    frame = pd.DataFrame(X, columns=["a", "b", "c"], index=[f"cell {i}" for i in range(6)])
    path = tmp_path / f"x.{kind}"
    getattr(frame, f"to_{kind}")(path)
    table = same(tables.read(path))
    assert "__index_level_0__" in table.notes[0]
    assert tables.read(path, name_column="__index_level_0__").names == [*frame.index]
    getattr(frame.rename_axis("barcode"), f"to_{kind}")(path)
    assert "barcode" in same(tables.read(path)).notes[0]


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_types_of_columns(tmp_path, kind):
    frame = pd.DataFrame({"a": [1, 2, None], "b": [True, False, True], "c": [1.5, 2, 3]})
    frame["day"] = pd.Series([1, 2, 1], dtype="category")
    frame["n"] = pd.array([1, None, 3], dtype="Int64")
    frame["flag"] = pd.array([True, None, False], dtype="boolean")
    path = tmp_path / f"x.{kind}"
    getattr(frame, f"to_{kind}")(path)
    table = tables.read(path, columns=["a", "b", "c"], missing="mean", label_column="day")
    np.testing.assert_array_equal(table.X, [[1, 1, 1.5], [2, 0, 2], [1.5, 1, 3]])
    assert table.label_names == {0: "1", 1: "2"} and table.labels.tolist() == [0, 1, 0]
    whole = tables.read(path, columns=["b", "n"], missing="drop-rows", label_column="flag")
    assert whole.X.tolist() == [[1, 1], [1, 3]]
    assert [whole.label_names[i] for i in whole.labels] == ["True", "False"]


@pytest.mark.parametrize("kind", [".parquet", ".feather", ".arrow"])
def test_damaged_columns(tmp_path, kind):
    path = tmp_path / f"x{kind}"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=rf"x\{kind}: is no (Parquet|Feather) file"):
        tables.read(path)


def test_infinite_numbers_in_columns(tmp_path):
    pd.DataFrame({"a": [1.0, 1e300], "b": [1, 2]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(
        ValueError, match=r"column 'a' must be finite in float32, got 1e\+300 in row 1"
    ):
        tables.read(tmp_path / "x.parquet")


# ---- Arrays, tensors, MATLAB ------------------------------------------------------------------


def test_npz_of_other_names(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, embeddings=X)
    assert "embeddings" in same(tables.read(path)).notes[0]
    np.savez(path, embeddings=X, moods=MOODS, ids=np.arange(6))
    table = same(tables.read(path, label_column="moods"))
    assert [table.label_names[i] for i in table.labels] == MOODS
    np.savez(path, a=X, b=2 * X)
    same(tables.read(path, key="b"), 2 * X)
    with pytest.raises(ValueError, match="must have an array named c, got a, b"):
        tables.read(path, key="c")


def test_labels_on_a_scale_in_an_npz(tmp_path):
    np.savez(tmp_path / "x.npz", X=X, y=np.linspace(0, 1, 6))
    assert tables.read(tmp_path / "x.npz").labels.tolist() == np.linspace(0, 1, 6).tolist()


def test_sparse_npz(tmp_path):
    dense = X * (X > 0)
    for form in ("csr", "csc", "coo"):
        sparse.save_npz(tmp_path / "x.npz", sparse.coo_matrix(dense).asformat(form))
        table = tables.read(tmp_path / "x.npz")
        assert sparse.issparse(table.X) and table.X.format == "csr"
        np.testing.assert_array_equal(table.X.toarray(), dense)
    with pytest.raises(ValueError, match="is a sparse array; missing applies to"):
        tables.read(tmp_path / "x.npz", missing="mean")


def test_torch(tmp_path):
    path = tmp_path / "x.pt"
    torch.save(torch.from_numpy(X), path)
    same(tables.read(path))
    torch.save({"embeddings": torch.from_numpy(X), "epoch": 3, "moods": MOODS}, path)
    table = same(tables.read(path, label_column="moods"))
    assert [table.label_names[i] for i in table.labels] == MOODS
    torch.save((torch.from_numpy(X).to(torch.bfloat16).requires_grad_(), torch.arange(6)), path)
    table = tables.read(path)
    np.testing.assert_allclose(table.X, X, rtol=2**-8)
    assert table.labels.tolist() == [0, 1, 2, 3, 4, 5]


def test_sparse_tensors(tmp_path):
    dense = torch.from_numpy(X * (X > 0))
    for tensor in (dense.to_sparse(), dense.to_sparse_csr()):
        torch.save(tensor, tmp_path / "x.pt")
        np.testing.assert_array_equal(tables.read(tmp_path / "x.pt").X.toarray(), dense.numpy())


class Bomb:
    def __reduce__(self):
        return print, ("bang",)


def test_torch_files_that_hold_programs_are_refused(tmp_path, capsys):
    path = tmp_path / "x.pth"
    torch.save({"X": Bomb()}, path)
    with pytest.raises(ValueError, match=r"x\.pth: .*holds other objects than tensors"):
        tables.read(path)
    assert "bang" not in capsys.readouterr().out
    torch.save(torch.nn.Linear(2, 2), path)
    with pytest.raises(ValueError, match="holds other objects than tensors"):
        tables.read(path)
    for content in (b"nothing", b"hello", b""):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is no file of torch"):
            tables.read(path)
    torch.save({"X": torch.eye(2, device="meta")}, path)
    with pytest.raises(ValueError, match=r"x\.pth: tensors must be dense or sparse .* on meta"):
        tables.read(path)
    torch.save(3, path)
    with pytest.raises(ValueError, match=r"must hold a tensor, a dict of tensors.* got int"):
        tables.read(path)


def test_safetensors(tmp_path):
    from safetensors.torch import save_file

    tensors = {"X": torch.from_numpy(X), "y": torch.arange(6), "other": torch.zeros(2)}
    save_file(tensors, tmp_path / "x.safetensors")
    assert same(tables.read(tmp_path / "x.safetensors")).labels.tolist() == [0, 1, 2, 3, 4, 5]
    (tmp_path / "x.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="is no file of safetensors"):
        tables.read(tmp_path / "x.safetensors")


def test_matlab(tmp_path):
    path = tmp_path / "x.mat"
    for form in ("4", "5"):
        scipy_io.savemat(path, {"fea": X.astype(float), "gnd": np.arange(1.0, 7)}, format=form)
        table = same(tables.read(path, label_column="gnd"))  # vectors are matrices in MATLAB
        assert table.labels.tolist() == [1, 2, 3, 4, 5, 6]
    scipy_io.savemat(path, {"X": sparse.csc_matrix(X * (X > 0)), "names": np.array(MOODS)})
    table = tables.read(path, name_column="names")
    assert table.names == MOODS and sparse.issparse(table.X)
    path.write_bytes(b"MATLAB 7.3 MAT-file" + b" " * 105 + b"\x00\x02IM" + b"\x89HDF" + b"\0" * 99)
    with pytest.raises(ValueError, match=r"MATLAB 7\.3, which is not read; save it with .*-v7"):
        tables.read(path)
    for content in (b"nothing", b"", bytes(200), b"hello world this is no mat"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.mat: (is no file of MATLAB|holds no array)"):
            tables.read(path)


# ---- Cells ------------------------------------------------------------------------------------


def anndata_of(values):
    import anndata

    obs = pd.DataFrame({"cell_type": pd.Categorical(MOODS), "n_genes": AGES})
    obs.index = [f"AAC{i}-1" for i in range(6)]
    obs["louvain"] = pd.Categorical(["0", "1", "0", None, "1", "0"])
    return anndata.AnnData(values, obs=obs)


def test_h5ad(tmp_path):
    data = anndata_of(sparse.csr_matrix(X * (X > 0)))
    path = tmp_path / "cells.h5ad"
    data.write_h5ad(path)
    table = tables.read(path, label_column="cell_type", name_column="obs_names")
    np.testing.assert_array_equal(table.X.toarray(), X * (X > 0))
    assert [table.label_names[i] for i in table.labels] == MOODS
    assert table.names[:2] == ["AAC0-1", "AAC1-1"]
    data.obsm["X_pca"], data.obsm["X_vae"] = X, 2 * X
    data.write_h5ad(path)
    assert "took X_pca" in same(tables.read(path)).notes[0]
    same(tables.read(path, use_rep="X_vae"), 2 * X)
    assert tables.read(path, label_column="louvain").labels.tolist() == [0, 1, 0, -1, 1, 0]
    assert tables.read(path, color_column="n_genes").labels.tolist() == AGES
    with pytest.raises(ValueError, match=r"use_rep must be one of X, X_pca, X_vae; got 'X_umap'"):
        tables.read(path, use_rep="X_umap")
    with pytest.raises(ValueError, match=r"label_column must be one of .*cell_type.* got 'nope'"):
        tables.read(path, label_column="nope")
    with pytest.raises(ValueError, match="'cell_type' of obs must hold numbers"):
        tables.read(path, color_column="cell_type")
    del data.obsm["X_pca"]
    data.X = None
    data.write_h5ad(path)
    with pytest.raises(ValueError, match="has no X; use_rep must be one of X_vae"):
        tables.read(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is no file of AnnData"):
        tables.read(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_10x_folder(tmp_path, zipped):
    # Cell Ranger writes genes in rows, cells in columns, and the barcodes of cells beside them.
    counts = (np.arange(18).reshape(6, 3) % 4).astype(np.int32)
    text = io.BytesIO()
    scipy_io.mmwrite(text, sparse.coo_matrix(counts.T))

    def write(name, content):
        path = tmp_path / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content) if zipped else content)
        return path

    path = write("matrix.mtx", text.getvalue())
    np.testing.assert_array_equal(tables.read(path, transpose=True).X.toarray(), counts)
    np.testing.assert_array_equal(tables.read(path).X.toarray(), counts.T)
    with pytest.raises(ValueError, match=r"has no barcodes\.tsv beside it"):
        tables.read(path, name_column=0)
    barcodes = write("barcodes.tsv", "".join(f"AAC{i}-1\n" for i in range(6)).encode())
    for source in (path, tmp_path):
        table = tables.read(source, name_column=0)
        np.testing.assert_array_equal(table.X.toarray(), counts)
        assert table.names[0] == "AAC0-1" and "its columns are the points" in table.notes[0]
    # GEO has such files with a prefix; and here without barcodes, but with the genes.
    (tmp_path / "s").mkdir()
    for name in ("matrix.mtx", "genes.tsv"):
        content = text.getvalue() if name == "matrix.mtx" else b"g1\ng2\ng3\n"
        (tmp_path / "s" / f"s1_{name}").write_bytes(content)
    table = tables.read(tmp_path / "s" / "s1_matrix.mtx")
    np.testing.assert_array_equal(table.X.toarray(), counts)
    assert "its columns are the points" in table.notes[0]
    write("barcodes.tsv", b"AAC\n")
    with pytest.raises(ValueError, match=rf"{barcodes.name}: has 1 rows, and the matrix"):
        tables.read(path)


def test_damaged_mtx(tmp_path):
    path = tmp_path / "x.mtx"
    for content in (
        b"",
        b"nothing",
        b"%%MatrixMarket matrix coordinate real general\n3 3 9\n1 1 1\n",
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.mtx: is no file of Matrix Market"):
            tables.read(path)


def test_a_matrix_that_does_not_fit_into_memory(tmp_path):
    path = tmp_path / "x.mtx"
    path.write_bytes(b"%%MatrixMarket matrix array real general\n2000000 2000000\n1\n1\n3\n")
    with pytest.raises(ValueError, match=r"x\.mtx: .*needs 32000\.0 GB of memory"):
        tables.read(path)


def test_a_full_matrix_with_a_missing_value(tmp_path):
    path = tmp_path / "x.mtx"
    path.write_bytes(b"%%MatrixMarket matrix array real general\n2 2\n1\nnan\n3\n4\n")
    assert tables.read(path, missing="drop-rows").X.tolist() == [[1, 3]]


# ---- Packages that are not installed ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("x.parquet", "pyarrow"),
        ("x.feather", "pyarrow"),
        ("x.h5ad", "anndata"),
        ("x.safetensors", "safetensors"),
    ],
)
def test_missing_packages_are_named(tmp_path, monkeypatch, name, package):
    import sys

    for module in [m for m in sys.modules if m.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(
        ImportError, match=rf"needs {package}: pip install {package}, or fasttsne\[files\]"
    ):
        tables.read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "hint"), [("x.xlsx", "save the sheet as CSV"), ("x.pkl", "can run any program")]
)
def test_forms_that_are_not_read(tmp_path, name, hint):
    with pytest.raises(ValueError, match=rf"{name}: the input must end in one of \.npy.*{hint}"):
        tables.read(tmp_path / name)


@pytest.mark.parametrize("options", [{}, {"label_column": "name"}, {"drop_columns": ["name"]}])
@pytest.mark.parametrize("at", [2, 4])
@pytest.mark.parametrize("n", [4, 20_000])
def test_a_quote_that_is_never_closed(tmp_path, options, at, n):
    lines = ["a,b,name", '0,0,4" pipe', *(f"{i},{i * i},n{i % 2}" for i in range(n))]
    lines[at] = lines[at].replace(",n", ',"n')
    path = save(tmp_path / "x.csv", lines)
    with pytest.raises(ValueError, match=rf"x\.csv, line {at + 1}: opens a quote that is not"):
        tables.read(path, **options)


@pytest.mark.parametrize("name", ['"4"" pipe"', '4" pipe', '"two\nlines"', '"a, b"', '""', '"a"b'])
def test_quotes_that_are_closed_or_are_none(tmp_path, name):
    rows = [f"{i},{i * i},{name}" for i in range(4)]
    lines = ["a,b,name", *rows, '4,16,6" pipe', f"9,81,{name}", '10,100,"two\n"']
    table = tables.read(save(tmp_path / "x.csv", lines), drop_columns=["name"])
    np.testing.assert_array_equal(table.X[:, 0], [0, 1, 2, 3, 4, 9, 10])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(['"', "a", "S", "\n", " ", '""', "\r\n"]), max_size=24).map("".join),
    st.sampled_from([",", ";", "\t", " ", "|"]),
    st.booleans(),
)
def test_a_quote_is_open_where_the_parser_of_python_says_so(text, delimiter, skips_blanks):
    lines = text.replace("S", delimiter).splitlines(keepends=True)
    # One more line shows whether the last cell is open: it is then a part of that cell.
    reader = csv.reader([*lines, "end"], delimiter=delimiter, skipinitialspace=skips_blanks)
    *_, before_the_last, _ = [0, *(reader.line_num for _ in reader)]
    is_open = before_the_last < len(lines)
    checked = with_closed_quotes(lines, delimiter, "x.csv", skips_blanks=skips_blanks)
    if is_open:
        with pytest.raises(ValueError, match="opens a quote that is not closed"):
            list(checked)
    else:
        assert list(checked) == lines
