"""docs/worked_example.md: its code prints what the page says it prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "worked_example.md"
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text()


def test_every_number_is_what_the_code_above_it_prints(page):
    """The blocks run in their order, as a reader would type them."""
    names: dict = {}
    printed = None
    compared = 0
    for kind, block in FENCED.findall(page):
        if kind == "python":
            assert not printed, f"the page does not show this output:\n{printed}"
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(compile(block, str(PAGE), "exec"), names)
            printed = output.getvalue()
        else:
            assert block == printed
            printed, compared = None, compared + 1
    assert not printed and compared >= 12


def test_every_number_of_the_text_has_been_printed(page):
    outputs = " ".join(block for kind, block in FENCED.findall(page) if kind == "text")
    numbers = re.findall(r"\d+\.\d{4}", FENCED.sub("", page))
    assert len(numbers) > 20
    assert set(numbers) <= set(re.findall(r"\d+\.\d{4}", outputs))
