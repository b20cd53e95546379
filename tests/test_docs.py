"""The pages of docs/ that are one program: every Python block runs, in order."""

import re
from pathlib import Path

import pytest
from sample import points

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.slow
def test_torch_loops():
    page = (DOCS / "torch-loops.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    X = points("clustered", 400, 12)
    names = {"X": X}
    for block in blocks:
        exec(compile(block, "docs/torch-loops.md", "exec"), names)
    assert names["A"].shape == (400, 256) and names["Y"].shape == (400, 2)
    assert names["loss"](names["old"]) < 1
