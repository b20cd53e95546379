"""The site: what its pages show is there, runs, and needs no network."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def blocks(page, language):
    """Code of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_gallery_shows_every_example():
    shown = re.findall(
        r"literalinclude\} \.\./examples/(\w+\.py)", (DOCS / "gallery.md").read_text()
    )
    assert sorted(shown) == sorted(file.name for file in (ROOT / "examples").glob("*.py"))


def test_gallery_shows_every_figure_that_examples_draw():
    shown = set(re.findall(r"images/(\w+)\.webp", (DOCS / "gallery.md").read_text()))
    tests = (ROOT / "tests" / "project" / "test_examples.py").read_text()
    # What the tests of the examples expect to be drawn; those of four are a stem and a name.
    drawn = set(re.findall(r'"(\w+)\.(?:png|jpg)"', tests))
    for stem, count in (("emotion", 7), ("parameters", 6), ("misreading", 3), ("going_on", 5)):
        of_one = {name for name in shown if name.startswith(f"{stem}_")}
        assert len(of_one) == count
        drawn |= of_one
    assert drawn == shown


def test_pictures_are_shown_and_small():
    text = "".join(page.read_text() for page in PAGES)
    pictures = list((DOCS / "images").glob("*.webp"))
    assert set(re.findall(r"images/(\w+\.webp)", text)) == {file.name for file in pictures}
    assert max(file.stat().st_size for file in pictures) <= 120_000


def test_first_map(tmp_path, monkeypatch, capsys):
    """The start page's Python and shell commands, as a reader would type them."""
    from sklearn.datasets import load_digits

    from fasttsne.cli import main

    page = DOCS / "index.md"
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)
    assert Path("digits.png").stat().st_size > 10_000
    assert names["Y"].shape == (1797, 2)
    assert float(capsys.readouterr().out.split()[0]) > 0.95

    X, y = load_digits(return_X_y=True)
    np.savez("digits.npz", X=X, y=y)
    commands = [shlex.split(line, comments=True) for line in blocks(page, "sh")[-1].splitlines()]
    assert [command[1] for command in commands] == ["embed", "embed", "compare", "info"]
    for program, *arguments in commands:
        assert program == "fasttsne"
        assert not main(arguments)
    assert {"map.csv", "both.png"} <= {file.name for file in tmp_path.iterdir()}


def test_code_of_the_guide_runs():
    page = DOCS / "parameters.md"
    names: dict = {}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)
    assert sum(phase.iterations for phase in names["customary"]) == 750


def test_site_loads_nothing_from_elsewhere():
    """Links may lead out; scripts, styles, fonts and pictures come with the page."""
    built = [file for file in (ROOT / "site").rglob("*") if file.suffix in (".html", ".css")]
    if not built:
        if os.environ.get("CI"):
            pytest.fail("the site is to be built before the tests under CI: make docs")
        pytest.skip("no site: make docs")
    loads = re.compile(
        r"""<(?:script|img|iframe|source|link)\b[^>]*\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]*)"""
        r"""|(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]*)"""
    )
    for file in built:
        assert not loads.findall(file.read_text()), file
    assert any("<math" in file.read_text() for file in built)
