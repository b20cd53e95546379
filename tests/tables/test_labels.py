"""Labels that are missing, in every form that users have them: one grey class everywhere."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pytest
import torch
from page_reader import Reader

from fasttsne import metrics, page, plot, tables
from fasttsne._labels import as_labels
from fasttsne.plot.coloring import color_by_labels
from fasttsne.plot.colors import UNLABELLED, hex_to_rgb

NAN = float("nan")
FORMS = [
    (["b", None, "a", NAN], ["b", "", "a", ""]),
    (["b", "", "a", np.nan], ["b", "", "a", ""]),
    (("b", None, "a", None), ["b", "", "a", ""]),
    (np.array(["b", None, "a", NAN], object), ["b", "", "a", ""]),
    (np.array(["b", "", "a", ""]), ["b", "", "a", ""]),
    ([7, None, 3, NAN], [7, -1, 3, -1]),
    (np.array([7, None, 3, -5], object), [7, -1, 3, -5]),
    (np.array([np.int8(7), NAN, np.int64(3), None], object), [7, -1, 3, -1]),
    ([True, None, False, NAN], [1, -1, 0, -1]),
    (torch.tensor([7, -1, 3, -2]), [7, -1, 3, -2]),
]
MIXED = [(["b", None, 3, NAN], ["b", "", "3", ""]), ([2.5, None, "a", ""], ["2.5", "", "a", ""])]


@pytest.mark.parametrize(("labels", "expected"), FORMS + MIXED)
def test_one_form(labels, expected):
    found = as_labels(labels, 4)
    assert found.dtype.kind == ("U" if isinstance(expected[0], str) else "i")
    assert found.tolist() == expected


@pytest.mark.parametrize("labels", [[2.5, None, -3.0, NAN], np.array([2.5, NAN, -3, None], object)])
def test_floats_stay_floats(labels):
    np.testing.assert_array_equal(as_labels(labels, 4), [2.5, NAN, -3, NAN])


@pytest.mark.parametrize("labels", [[None] * 4, [NAN] * 4, [""] * 4, [-1] * 4, [None, NAN, "", -1]])
def test_none_at_all(labels, tmp_path):
    coloring = color_by_labels(labels, None, 4)
    assert [text for text, _ in coloring.legend][-1] == "unlabelled"
    np.testing.assert_array_equal(coloring.rgb, np.tile(hex_to_rgb(UNLABELLED), (4, 1)))


def test_booleans_without_gaps_stay_booleans():
    assert as_labels([True, False], 2).dtype == as_labels(np.array([1, 0], bool), 2).dtype == bool
    assert as_labels(np.array([True, False], object), 2).dtype == bool


def test_refused():
    with pytest.raises(ValueError, match=r"labels must have shape \(3,\), got \(2,\)"):
        as_labels([1, 2], 3)
    with pytest.raises(TypeError, match="labels must be numbers or strings, got dtype complex128"):
        as_labels(np.zeros(3, complex), 3)


def of_pandas():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series
    return [
        series(["b", pandas.NA, "a", pandas.NA], dtype="string"),
        series(["b", None, "a", NAN], index=[9, 8, 7, 6]),
        series(["b", pandas.NaT, "a", pandas.NA], dtype=object),
        series(["b", None, "a", None], dtype="category"),
        pandas.Categorical(["b", None, "a", None]),
        series([7, pandas.NA, 3, pandas.NA], dtype="Int64"),
        pandas.Categorical([7, None, 3, None], categories=[3, 7]),
        series([True, pandas.NA, False, pandas.NA], dtype="boolean"),
        series([7, pandas.NA, 3, NAN], dtype=object),
    ]


def test_everywhere(tmp_path):
    Y = np.arange(8.0).reshape(4, 2)
    grey = hex_to_rgb(UNLABELLED)
    for labels in [form for form, _ in FORMS + MIXED] + of_pandas():
        codes, names = plot.classes(labels)
        assert (codes < 0).tolist() == [False, True, False, True] and len(names) == 2
        coloring = color_by_labels(labels, None, 4)
        assert [text for text, _ in coloring.legend] == [*names, "unlabelled"]
        assert [tuple(rgb) == grey for rgb in coloring.rgb.tolist()] == [False, True, False, True]
        page.write(tmp_path / "map.html", Y, labels)
        content = Reader((tmp_path / "map.html").read_text(encoding="utf-8"))
        assert content.json("meta")["classes"] == names
        assert content.array("codes").tolist() == [*codes[:1], 2, *codes[2:3], 2]


def test_measures_leave_them_out():
    rng = np.random.default_rng(0)
    Y = np.concatenate([rng.normal(size=(20, 2)), 9 + rng.normal(size=(20, 2))])
    labels = np.repeat(np.array(["a", "b"], object), 20)
    expected = metrics.label_accuracy(Y, labels.astype(str), k=3), metrics.silhouette(Y, labels)
    assert expected[0] == 1
    among = np.concatenate([Y, rng.normal(size=(30, 2))])
    for none in (None, NAN, ""):
        mixed = [*labels, *[none] * 30]
        assert (metrics.label_accuracy(among, mixed, k=3), metrics.silhouette(among, mixed)) == (
            pytest.approx(expected)
        )


def test_names_that_are_missing(tmp_path):
    pytest.importorskip("matplotlib")
    names = ["a", None, NAN, "b"]
    page.write(tmp_path / "map.html", np.arange(8.0).reshape(4, 2), names=names)
    content = Reader((tmp_path / "map.html").read_text(encoding="utf-8"))
    assert json.loads(content.block("names").text) == ["a", "", "", "b"]
    figure = plot.words(np.arange(8.0).reshape(4, 2), names)
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["a", "b"]


def test_dates_are_texts():
    assert as_labels([datetime(2020, 1, 2), None], 2).tolist() == ["2020-01-02 00:00:00", ""]


def test_an_infinite_label_is_no_class_anywhere(tmp_path):
    labels = np.array([1.0, np.inf, 2.0, -np.inf])
    coloring = color_by_labels(labels, {1: "one", 2: "two"}, 4)
    assert (coloring.rgb[[1, 3]] == hex_to_rgb(UNLABELLED)).all()
    tables.write(tmp_path / "y.csv", np.zeros((4, 2)), labels, label_names={1: "one", 2: "two"})
    rows = (tmp_path / "y.csv").read_text().split()[1:]
    assert [row.split(",")[2] for row in rows] == ["one", "", "two", ""]


def test_one_text_is_not_a_name_for_each_letter(tmp_path):
    Y = np.zeros((3, 2))
    for use in (
        lambda names: plot.words(Y, names),
        lambda names: page.write(tmp_path / "y.html", Y, names=names),
        lambda names: tables.write(tmp_path / "y.csv", Y, names=names),
    ):
        with pytest.raises(TypeError, match="names must be a sequence of str"):
            use("abc")
