"""What pages show in a headless browser: points, colours, sizes, and in what time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from window import BLUE, GREEN, ORANGE, SIZE, UNNAMED, centre, look, scene, settle, strength, text

NO_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === "webgl2" ? null : get.call(this, kind, ...rest);
};
"""
TIMED = """
window.costs = [];
window.nextFrame = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => nextFrame((now) => {
  const started = performance.now();
  draw(now);
  costs.push(performance.now() - started);
});
"""


# ---- Drawing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("renderer", ["webgl", "canvas"])
@pytest.mark.parametrize("n_crowd", [300, 20_000])  # discs, then squares on the canvas
def test_points_are_drawn_where_they_are(visit, renderer, n_crowd):
    rng = np.random.default_rng(0)
    Y = np.concatenate([rng.normal(size=(n_crowd, 2)), [[12, 1]] * 40, [[6, -7]] * 40])
    labels = np.repeat([0, 1, 2], [n_crowd, 40, 40])
    tab = visit(Y, labels, UNNAMED, init=[NO_WEBGL] if renderer == "canvas" else [])
    assert tab.locator("#stage").get_attribute("data-renderer") == renderer
    shown = look(tab)
    crowd, first, second = (centre(shown, color) for color in (BLUE, ORANGE, GREEN))
    across, down = first - crowd, second - crowd
    scale = across[0] / 12
    assert scale > 15  # the map fills the window
    tolerance = 0.15 * scale + 1  # the middle of the pixels is not quite that of the points
    np.testing.assert_allclose(across, [12 * scale, -1 * scale], atol=tolerance)
    np.testing.assert_allclose(down, [6 * scale, 7 * scale], atol=tolerance)
    assert strength(shown, ORANGE).max() > 0.65


def test_unlabelled_points_are_grey_and_lie_below(visit):
    Y = np.concatenate([np.zeros((50, 2)), [[5.0, 5.0]]])
    shown = look(visit(Y, [-1] * 25 + [0] + [-1] * 24 + [-1], {0: " "}))
    assert strength(shown, BLUE).max() > 0.7
    assert strength(shown, [201 / 255] * 3).max() > 0.7


def test_a_scale(visit):
    tab = visit([[0.0, 0.0], [5.0, 0.0], [9.0, 0.0]], [-2.0, 6.0, np.nan])
    shown = look(tab)
    dark, bright = (
        centre(shown, [68 / 255, 1 / 255, 84 / 255]),
        centre(shown, [253 / 255, 231 / 255, 37 / 255]),
    )
    assert dark[0] < bright[0]
    assert (text(tab, "low"), text(tab, "high")) == ("-2", "6")
    tab.mouse.move(*bright)
    settle(tab)
    assert text(tab, "label-text") == "6"


def test_dark(visit):
    shown = look(visit(*scene(), color_scheme="dark"))
    paper = shown[-1, 0]
    assert paper.max() < 0.15
    lifted = BLUE + 0.2 * (1 - BLUE)
    assert strength(shown, lifted, paper).max() > 0.8


def test_high_density(visit):
    coarse, fine = (look(visit(*scene(), device_scale_factor=dpr)) for dpr in (1, 2))
    assert fine.shape[0] == 2 * coarse.shape[0]
    for color in (ORANGE, GREEN):
        np.testing.assert_allclose(centre(fine, color), 2 * centre(coarse, color), atol=2)
    # Sharp: about four times as many pixels, and as thin an edge.
    full = [(strength(shown, BLUE) > 0.9).sum() for shown in (coarse, fine)]
    assert full[1] > 3 * full[0]


def test_another_size_of_the_window(visit):
    tab = visit(*scene())
    before = look(tab)
    tab.set_viewport_size({"width": 420, "height": 640})
    narrow = look(tab)
    assert 60 < np.ptp([centre(narrow, color)[0] for color in (BLUE, ORANGE)]) < 400
    tab.set_viewport_size(dict(zip(("width", "height"), SIZE, strict=True)))
    np.testing.assert_array_equal(look(tab), before)


def test_a_lost_context_is_restored(visit):
    tab = visit(*scene())
    before = look(tab)
    lose = """new Promise((done) => {
      const canvas = document.getElementById("points");
      const loss = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
      canvas.addEventListener("webglcontextlost", () => setTimeout(() => loss.restoreContext()));
      canvas.addEventListener("webglcontextrestored", () => done());
      loss.loseContext();
    })"""
    tab.evaluate(lose)
    np.testing.assert_allclose(look(tab), before, atol=0.02)
    tab.seen.errors[:] = [error for error in tab.seen.errors if "CONTEXT_LOST" not in error]


# ---- Size -------------------------------------------------------------------------------------


@pytest.mark.parametrize("renderer", ["webgl", "canvas"])
def test_frames_of_100_000_points(visit, renderer):
    """The time of a frame in the page's own code; what the graphics card does comes on top.

    Machines that run tests have none, so WebGL draws in software here. What lies between two
    frames then tells little of a laptop, and more of what else the machine does: bounded loosely.
    """
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 20, 100_000)
    Y = rng.normal(size=(20, 2))[labels] * 9 + rng.normal(size=(100_000, 2))
    names = [f"point {i}" for i in range(100_000)]
    tab = visit(Y, labels, names=names, init=[TIMED, *([NO_WEBGL] if renderer == "canvas" else [])])
    pan = """async () => {
      const stage = document.getElementById("stage");
      costs.length = 0;
      const frames = [];
      let last = performance.now();
      for (let i = 0; i < 60; i++) {
        const key = i % 2 ? "ArrowLeft" : "ArrowRight";
        stage.dispatchEvent(new KeyboardEvent("keydown", { key }));
        await new Promise(nextFrame);
        frames.push(performance.now() - last);
        last = performance.now();
      }
      return [costs, frames];
    }"""
    costs, frames = tab.evaluate(pan)
    assert len(costs) >= 55
    print(f"{np.median(costs):.1f} ms of our code, {np.median(frames):.1f} ms from frame to frame")
    assert np.median(costs) < (4 if renderer == "webgl" else 40)
    assert np.median(frames) < 250


@pytest.mark.slow
def test_a_million_points_open(visit):
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(1_000_000, 2))
    labels = (Y[:, 0] > 0).astype(int)
    started = time.perf_counter()
    tab = visit(Y, labels, ["left", "right"])
    shown = look(tab)
    assert time.perf_counter() - started < 60
    assert text(tab, "summary") == "1,000,000 points"
    assert centre(shown, BLUE)[0] < centre(shown, ORANGE)[0] - 100
