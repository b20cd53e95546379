"""What tests of pages share: a scene, and ways to see what a page shows.

Seen are the pixels of screenshots and the texts of the page, not its variables.
"""

from __future__ import annotations

import io

import numpy as np

from fasttsne import plot

SIZE = (900, 640)
BLUE, ORANGE, GREEN = plot.palette(3)

# Two points alone in their classes, right of and below the middle, and a crowd on the left.
FIRST, SECOND = 300, 301
CLASSES = ["crowd", "first", "second"]
UNNAMED = {0: " ", 1: " ", 2: " "}
NAMES = [*(f"member {i}" for i in range(300)), "Ada", "Käthe 2"]


def scene():
    """Map, labels and names of the classes."""
    rng = np.random.default_rng(0)
    Y = np.concatenate([rng.normal(size=(300, 2)), [[12, 1], [6, -7]]])
    return Y, np.repeat([0, 1, 2], [300, 1, 1]), CLASSES


def settle(tab):
    """Wait until what has been asked for is on the screen."""
    tab.evaluate("new Promise((done) => setTimeout(done, 80))")  # what is typed waits for 60 ms
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def look(tab):
    """The window without the panels on it, (height, width, 3), 0 to 1."""
    from PIL import Image

    settle(tab)
    # The usual screenshot adds a style to hide the caret, which the policy of the page refuses.
    shot = Image.open(io.BytesIO(tab.screenshot(caret="initial"))).convert("RGB")
    shown = np.asarray(shot) / 255
    scale = shown.shape[1] / tab.viewport_size["width"]
    for panel in tab.locator(".panel").all():
        if panel.is_visible():
            box = {name: round(scale * value) for name, value in panel.bounding_box().items()}
            rows = slice(max(0, box["y"] - 12), box["y"] + box["height"] + 14)
            shown[rows, max(0, box["x"] - 12) : box["x"] + box["width"] + 14] = shown[-1, 0]
    return shown


def strength(shown, color, paper=1.0):
    """How much of a colour there is in each pixel (height, width), 0 where it is another's."""
    direction = np.asarray(color) - paper
    length = np.linalg.norm(direction)
    amount = (shown - paper) @ direction / length**2
    off = np.linalg.norm((shown - paper) - amount[..., None] * direction, axis=-1)
    return np.where((amount > 0.03) & (off < 0.12 * amount * length + 0.01), amount, 0)


def centre(shown, color):
    """Middle (x, y) of the pixels of a colour."""
    ys, xs = np.nonzero(strength(shown, color) > 0.3)
    assert len(xs), "no such colour"
    return np.array([xs.mean() + 0.5, ys.mean() + 0.5])


RECORDER = """
window.texts = [];
const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.clearRect = function (...box) {
  if (this.canvas.id === "overlay") window.texts = [];
  return clearRect.apply(this, box);
};
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const width = this.measureText(text).width;
  window.texts.push({ text, left: x - width / 2, right: x + width / 2, top: y - 8, bottom: y + 8 });
  return fillText.call(this, text, x, y);
};
"""
"""For `init` of `visit`: notes what is written on the map, for `written`."""


def written(tab):
    """Boxes of the texts on the map: text -> list of (left, top, right, bottom) in pixels."""
    settle(tab)
    found = {}
    for entry in tab.evaluate("texts"):
        box = tuple(entry[side] for side in ("left", "top", "right", "bottom"))
        found.setdefault(entry["text"], []).append(box)
    return found


def text(tab, name):
    return tab.locator(f"#{name}").text_content()


def two_points(tab):
    """Middles of the two points of `scene` that are alone."""
    shown = look(tab)
    return np.array([centre(shown, ORANGE), centre(shown, GREEN)])
