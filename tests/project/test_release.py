"""All files that name the version name the same one."""

import re
from pathlib import Path

import pytest

from fasttsne import __version__

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "file, pattern",
    [
        ("CHANGELOG.md", r"^## (\S+) \((?:unreleased|20\d\d-\d\d-\d\d)\)$"),
        ("CITATION.cff", r"^version: (.*)$"),
        ("release/conda/recipe.yaml", r"^  version: (.*)$"),
    ],
)
def test_version(file, pattern):
    named = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert named and named[0] == __version__, f"{file} names {named[:1]}, not {__version__}"


def test_releases_are_in_order():
    named = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    numbers = [tuple(map(int, version.split("."))) for version in named]
    assert numbers == sorted(set(numbers), reverse=True)
