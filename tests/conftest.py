"""Fixtures shared by all tests: the real data folder and generated inputs."""

from __future__ import annotations

import inspect
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import browser
import pytest
import torch

from fasttsne import initialization

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_addoption(parser):
    """Add ``--start-noise SEED``: move every PCA start by a hundredth of its spread.

    A descent from a slightly other start ends in another map of the same quality, as it does on
    another processor. A test that passes with some seeds alone asserts a fact of one map.
    """
    parser.addoption("--start-noise", type=int, metavar="SEED", help="move every PCA start a bit")


def pytest_configure(config):
    """Handle Ctrl-C, and move starts if asked to."""
    # Python installs no handler where SIGINT is ignored on start: under nohup, in the background.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    noise = config.getoption("--start-noise")
    if noise is not None:
        pca = initialization.pca

        def moved(X, dims, seed, *shards):
            Y = pca(X, dims, seed, *shards)
            if len(Y) < 100:  # of which the tests know more than a map
                return Y
            return Y + 1e-2 * initialization.random(*Y.shape, noise).to(Y.device)

        initialization.pca = moved


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
def small_cells(monkeypatch):
    """Have a search by cells sort few rows, too, as it does many."""
    monkeypatch.setattr("fasttsne.neighbors.cells._FIRST_BUDGET", 64)
    monkeypatch.setattr("fasttsne.neighbors.cells._ROWS_OVER_BUDGET", 1)


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


@pytest.fixture(scope="module")
def chromium():
    """A running browser; required under CI or when FASTTSNE_BROWSER names one."""
    wanted = os.environ.get("CI") or os.environ.get("FASTTSNE_BROWSER")
    complain = pytest.fail if wanted else pytest.skip
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        complain("no playwright: pip install playwright")
    executable = browser.find()
    if executable is None:
        complain("no browser: python tests/browser.py fetches one, or name it by FASTTSNE_BROWSER")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**browser.launch_options(executable))
        yield running
        running.close()


@pytest.fixture
def visit(chromium, tmp_path):
    """Write a map and open it; at the end there must have been no error and no request."""
    from window import SIZE, settle

    from fasttsne import page

    opened = []

    def open_map(*arguments, init=(), reduced_motion="reduce", **options):
        taken = set(inspect.signature(page.write).parameters) & set(options)
        keywords = {name: options.pop(name) for name in taken}
        page.write(tmp_path / "map.html", *arguments, **keywords)
        options = {"viewport": {"width": SIZE[0], "height": SIZE[1]}, **options}
        context = chromium.new_context(reduced_motion=reduced_motion, **options)
        for script in init:
            context.add_init_script(script)
        tab = context.new_page()
        seen = SimpleNamespace(context=context, errors=[], requests=[])
        opened.append(seen)
        tab.on("console", lambda message: seen.errors.append(message.text))
        tab.on("pageerror", lambda error: seen.errors.append(str(error)))
        tab.on("dialog", lambda dialog: (seen.errors.append(dialog.message), dialog.dismiss()))
        context.on("request", lambda request: seen.requests.append(request.url))
        tab.goto((tmp_path / "map.html").as_uri())
        settle(tab)
        tab.seen = seen
        return tab

    yield open_map
    for seen in opened:
        seen.context.close()
        assert seen.errors == []
        assert [url for url in seen.requests if not url.startswith("data:image/webp;base64,")] == [
            (tmp_path / "map.html").as_uri()
        ]
