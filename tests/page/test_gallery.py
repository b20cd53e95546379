"""The gallery of the site: its small pictures are whole."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

STYLE = Path(__file__).resolve().parents[2] / "docs" / "_static" / "style.css"


@pytest.mark.parametrize("size", [(1600, 838), (1600, 300), (800, 1000)])
def test_a_thumbnail_shows_the_whole_picture(chromium, size):
    """A picture with a red frame, where its titles would be, in a card of 300 pixels."""
    picture = np.full((size[1], size[0], 3), 255, np.uint8)
    thick = max(size) // 20
    for edge in (np.s_[:thick], np.s_[-thick:], np.s_[:, :thick], np.s_[:, -thick:]):
        picture[edge] = [255, 0, 0]
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    tab = chromium.new_page(viewport={"width": 300, "height": 300})
    tab.set_content(
        f"<style>body {{ margin: 0 }} img {{ width: 100% }} {STYLE.read_text()}</style>"
        f'<div class="bd-article"><img class="sd-card-img-top" src="{source}"></div>'
    )
    seen = np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("RGB")).astype(int)
    tab.close()
    ys, xs = np.nonzero((seen[..., 0] > 200) & (seen[..., 1] < 100))
    width, height = xs.max() - xs.min() + 1, ys.max() - ys.min() + 1
    assert width / height == pytest.approx(size[0] / size[1], rel=0.1)
    inner = seen[ys.min() + height // 2, xs.min() + width // 2]
    assert (inner == 255).all()
