"""Rows in the files of a folder."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fasttsne import tables

X = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)


def write_parquet(path, rows):
    pq.write_table(pa.table({f"c{i}": column for i, column in enumerate(rows.T)}), path)


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "a.npy", X[:40])
    write_parquet(tmp_path / "b.parquet", X[40:50])
    np.save(tmp_path / "c.npy", X[50:].astype(np.float64))
    (tmp_path / "notes.md").write_text("not data")
    return tmp_path


def test_rows_follow_one_another_in_the_order_of_names(folder):
    table = tables.read(folder)
    assert np.array_equal(table.X, X) and table.X.dtype == np.float32 and table.labels is None


@pytest.mark.parametrize("begin, end", [(0, 0), (0, 90), (39, 41), (45, 46), (10, 70), (90, 90)])
def test_some_rows(folder, tmp_path, begin, end):
    assert np.array_equal(tables.read(folder, rows=lambda n: slice(begin, end)).X, X[begin:end])
    np.save(tmp_path / "whole.npy", X)
    some = tables.read(tmp_path / "whole.npy", rows=lambda n: slice(begin, n - (90 - end)))
    assert np.array_equal(some.X, X[begin:end])


def test_only_the_rows_that_are_read_are_looked_at(folder):
    bad = X[50:].copy()
    bad[30, 2] = np.nan
    np.save(folder / "c.npy", bad)
    assert len(tables.read(folder, rows=lambda n: slice(0, 60)).X) == 60
    for rows in (None, lambda n: slice(60, n)):
        with pytest.raises(ValueError, match=r"c.npy: a value is missing in row 30, column 2"):
            tables.read(folder, rows=rows)


def test_columns_of_parquet_files_are_found_by_name(tmp_path):
    import pandas as pd

    index = pd.Index([7, 8], name="cell")
    pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=index).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"b": [7, 8], "id": [1, 2], "a": [5, 6]}).to_parquet(tmp_path / "2.parquet")
    assert tables.read(tmp_path).X.tolist() == [[1, 3], [2, 4], [5, 7], [6, 8]]
    pd.DataFrame({"b": [7, 8], "c": [5, 6]}).to_parquet(tmp_path / "3.parquet")
    with pytest.raises(ValueError, match=r"3\.parquet: must have the columns of .*, lacks 'a'"):
        tables.read(tmp_path)


def test_bad_folders_are_named(folder, tmp_path):
    with pytest.raises(ValueError, match="is a folder; label_column applies to a table of text"):
        tables.read(folder, label_column="y")
    np.save(folder / "b.npy", X[:, :3])
    with pytest.raises(ValueError, match=r"b.npy: must have 4 columns as a.npy has, got 3"):
        tables.read(folder)
    np.save(folder / "b.npy", X[0])
    with pytest.raises(ValueError, match=r"b.npy: the array must have shape .*got \(4,\)"):
        tables.read(folder)
    (folder / "b.npy").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"b.npy: is no NumPy file"):
        tables.read(folder)
    (folder / "b.npy").unlink()
    (folder / "b.parquet").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"b.parquet: is no Parquet file"):
        tables.read(folder)
    pq.write_table(pa.table({f"c{i}": ["x", "y"] for i in range(4)}), folder / "b.parquet")
    with pytest.raises(ValueError, match=r"b.parquet: column 'c0' must hold numbers"):
        tables.read(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty: must hold \.npy or \.parquet files"):
        tables.read(tmp_path / "empty")
