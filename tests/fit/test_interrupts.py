"""Ctrl-C where the process was started with SIGINT ignored, as by nohup or a script's ``&``."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from sample import points

from fasttsne import TSNE


@pytest.fixture
def handle():
    """Set what SIGINT does; afterwards it does what it did."""
    before = signal.getsignal(signal.SIGINT)
    yield lambda handler: signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGINT, before)


def press(iteration, kl, Y):
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("on_interrupt", ["raise", "return"])
def test_an_ignored_signal_stays_ignored(tmp_path, handle, on_interrupt):
    X = points("clustered", 200, 5).numpy()
    parameters = dict(random_state=0, max_iter=60, on_interrupt=on_interrupt)
    expected = TSNE(**parameters).fit_transform(X)
    handle(signal.SIG_IGN)
    path = tmp_path / "fit.pt"
    fitted = TSNE(**parameters, callback=press, callback_every=7, checkpoint=path).fit(X)
    assert fitted.report_.iterations == 60
    np.testing.assert_array_equal(fitted.embedding_, expected)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    np.testing.assert_array_equal(TSNE.resume(path).embedding_, expected)


def test_a_process_that_wants_to_listen_can(tmp_path, handle):
    """What the docstring of on_interrupt says."""
    X = points("clustered", 200, 5).numpy()
    handle(signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parameters = dict(random_state=0, max_iter=60, callback=press, callback_every=7)
    with pytest.warns(UserWarning, match=r"interrupted after \d+ of 60 iterations"):
        fitted = TSNE(**parameters, on_interrupt="return").fit(X)
    assert fitted.report_.iterations < 60
    path = tmp_path / "fit.pt"
    with pytest.raises(KeyboardInterrupt):
        TSNE(**parameters, checkpoint=path).fit(X)
    assert path.exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
