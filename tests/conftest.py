"""Fixtures shared by all tests: the real data folder and generated inputs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder with the real data sets; required under CI or when FASTTSNE_DATA names it."""
    named = os.environ.get("FASTTSNE_DATA")
    path = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not path.is_dir():
        if named or os.environ.get("CI"):
            pytest.fail(f"real data is required (FASTTSNE_DATA or CI is set) but {path} is missing")
        pytest.skip(f"no real data at {path}; set FASTTSNE_DATA to use some")
    return path


@pytest.fixture
def two_thread_counts():
    """Run a function with 1 and with 2 threads and return both results."""
    before = torch.get_num_threads()

    def run(function):
        results = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(function())
        return results

    yield run
    torch.set_num_threads(before)
