"""Maps drawn by datamapplot: what it is given, and what it makes of it."""

import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from fasttsne import plot

RNG = np.random.default_rng(0)
CENTERS = 40 * np.array([[0, 1], [1, -1], [-1, -1]])
LABELS = np.repeat([0, 1, 2, -1], [30, 30, 30, 10])
Y = (8 * RNG.normal(size=(100, 2)) + CENTERS[LABELS]).astype(np.float32)
NAMES = ["sad", "$5 or $6", "surprised"]


@pytest.fixture(scope="module", autouse=True)
def settings(tmp_path_factory):
    """Keep the file of settings that datamapplot writes when it is imported out of the home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("settings")))
        import datamapplot  # noqa: F401
    yield


@pytest.fixture(autouse=True)
def closed():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def texts(ax):
    return {text.get_text() for text in ax.texts if text.get_text()}


def points(ax):
    """Return the places and colours of the points that are drawn."""
    (drawn,) = [c for c in ax.collections if len(c.get_offsets()) == len(Y)]
    return np.asarray(drawn.get_offsets()), [to_hex(color) for color in drawn.get_facecolors()]


def picture(fig):
    fig.canvas.draw()
    return np.asarray(fig.canvas.buffer_rgba()).astype(float)


@pytest.mark.slow
def test_each_class_is_named_and_noise_is_grey(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a picture must not need the network")

    monkeypatch.setattr("requests.get", refuse)
    fig, ax = plot.datamap(Y, LABELS, NAMES, title="Faces", figsize=(4, 4))
    assert texts(ax) == {"sad", r"\$5 or \$6", "surprised"} and ax.figure is fig
    places, colors = points(ax)
    np.testing.assert_array_equal(places, Y)
    of_class = [{colors[row] for row in np.flatnonzero(LABELS == label)} for label in (0, 1, 2, -1)]
    assert [len(own) for own in of_class] == [1, 1, 1, 1] and of_class[3] == {"#999999"}
    assert len(set.union(*of_class)) == 4
    assert "Faces" in {text.get_text() for text in [ax.title, fig._suptitle] if text}
    assert picture(fig).std() > 0


@pytest.mark.slow
def test_the_glow_is_as_wide_on_a_map_of_any_scale():
    about = {"labels": LABELS, "label_names": NAMES, "figsize": (3, 3)}
    small, large = (picture(plot.datamap(scale * Y, **about)[0]) for scale in (0.25, 2))
    bare = picture(plot.datamap(Y, **about, add_glow=False)[0])
    of_glow = np.abs(bare - large).sum()
    assert of_glow > 0 and np.abs(small - large).sum() < 0.1 * of_glow


@pytest.mark.slow
@pytest.mark.parametrize("labels", [None, np.full(100, -1), np.where(LABELS < 0, -1, 1)])
def test_one_class_or_none(labels):
    fig, ax = plot.datamap(Y, labels, NAMES, figsize=(2, 2))
    assert texts(ax) == (set() if labels is None or labels.max() < 0 else {r"\$5 or \$6"})
    colors = np.array(points(ax)[1])
    if texts(ax):
        assert len({*colors[LABELS >= 0]}) == 1 and {*colors[LABELS < 0]} == {"#999999"}
    picture(fig)


@pytest.mark.slow
def test_arguments_are_handed_on(monkeypatch):
    seen = {}

    def create_plot(*arguments, **keywords):
        seen.update(keywords, arguments=arguments)
        return "fig", "ax"

    monkeypatch.setattr("datamapplot.create_plot", create_plot)
    labels = np.array(["a", "$", "", "noise"] * 25, object)
    result = plot.datamap(
        Y.astype(np.float64),
        labels,
        noise_label="noise",
        label_color_map={"$": "#000000", "a": "#ffffff"},
        highlight_labels=["$"],
        glow_keywords={"kernel": "tophat"},
        font_family="Roboto",
        darkmode=True,
    )
    assert result == ("fig", "ax")
    np.testing.assert_array_equal(seen["arguments"][0], Y)
    assert list(seen["arguments"][1]) == ["a", r"\$", "noise", "noise"] * 25
    assert seen["label_color_map"] == {r"\$": "#000000", "a": "#ffffff"}
    assert seen["highlight_labels"] == [r"\$"] and seen["noise_label"] == "noise"
    assert seen["glow_keywords"] == {"kernel": "tophat"} and seen["font_family"] == "Roboto"
    assert seen["darkmode"] is True
    # Classes by their numbers.
    colors = {0: "#000000", 1: "#111111", 2: "#222222"}
    plot.datamap(Y, LABELS, NAMES, label_color_map=colors, highlight_labels=[1])
    written = {row: name for row, name in enumerate(seen["arguments"][1])}
    of_class = {written[int(np.flatnonzero(LABELS == label)[0])]: colors[label] for label in colors}
    assert seen["label_color_map"] == of_class
    assert seen["highlight_labels"] == [written[int(np.flatnonzero(LABELS == 1)[0])]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"Y": Y[:, :1]}, ValueError, r"Y must have shape \(n, 2\), got \(100, 1\)"),
        ({"Y": Y * np.nan}, ValueError, "Y must be finite"),
        ({"Y": Y * 0}, ValueError, r"Y must have points at two places or more, got 100 at \[0"),
        ({"labels": LABELS[:5]}, ValueError, r"labels must have shape \(100,\), got \(5,\)"),
        ({"labels": LABELS / 2}, ValueError, "labels must be classes .* numbers on a scale"),
        ({"labels": LABELS, "label_names": ["a"]}, ValueError, "label_names has 1 names"),
        (
            {"labels": LABELS, "label_color_map": {0: "#000000"}},
            ValueError,
            r"label_color_map must have all classes, lacks \['1', '2'\]",
        ),
        ({"noise_label": None}, TypeError, "noise_label must be a str, got None"),
    ],
)
def test_what_is_refused(monkeypatch, arguments, error, message):
    monkeypatch.setitem(sys.modules, "datamapplot", None)  # before it is even imported
    with pytest.raises(error, match=message):
        plot.datamap(**{"Y": Y, **arguments})


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datamapplot", None)
    with pytest.raises(ImportError, match=r"pip install datamapplot, or fasttsne\[datamap\]"):
        plot.datamap(Y, LABELS)
