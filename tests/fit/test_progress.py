"""What a listener writes, and when."""

from __future__ import annotations

import dataclasses
import io

import pytest

from fasttsne.progress import (
    PHASES,
    Progress,
    ProgressBar,
    ProgressLines,
    default_listener,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    """Time that passes by hand."""

    now = 0.0

    def __call__(self):
        return self.now


def fit(listener, clock=None, seconds_per_step=0.0, steps=100):
    """Report as the estimator does."""
    for phase in PHASES:
        for done in range(steps + 1):
            if clock is not None:
                clock.now += seconds_per_step if done else 0
            kl = 3.0 - done / steps if phase == "optimization" and done % 50 == 0 else None
            listener(Progress(phase, done, steps, kl))
        listener(Progress(phase, steps, steps, kl))  # the end may be reported more than once


def test_progress_is_immutable_and_has_no_kl_by_default():
    progress = Progress("neighbors", 1, 2)
    assert progress.kl is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        progress.done = 2


def test_lines_of_a_quick_fit_are_one_a_phase():
    stream = io.StringIO()
    fit(ProgressLines(stream))
    lines = stream.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == list(PHASES)
    assert all("100/100" in line for line in lines)
    assert "KL 2.000" in lines[-1] and not any("KL" in line for line in lines[:-1])


def test_lines_of_a_slow_fit_come_every_few_seconds():
    stream, clock = io.StringIO(), Clock()
    fit(ProgressLines(stream, every=2.0, clock=clock), clock, seconds_per_step=0.25)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 4 * 13  # 25 s a phase: after 2, 4, .. 24 s, and at the end
    assert lines[0].split(",")[0].endswith("8/100") and "2.0 s" in lines[0]
    assert "100/100, 25.0 s" in lines[12]


def test_lines_time_a_phase_that_reports_only_its_end():
    stream, clock = io.StringIO(), Clock()
    listener = ProgressLines(stream, clock=clock)
    for seconds, phase in zip((3.0, 1.5), PHASES, strict=False):
        clock.now += seconds
        listener(Progress(phase, 7, 7))
    assert [line.split(", ")[1] for line in stream.getvalue().splitlines()] == ["3.0 s", "1.5 s"]


def test_bar_shows_phase_iteration_and_kl():
    stream = Terminal()
    with ProgressBar(stream) as bar:
        fit(bar)
    written = stream.getvalue()
    assert written.count("\n") == len(PHASES)  # one bar a phase, each left behind when it is full
    for phase, line in zip(PHASES, written.split("\n")[:-1], strict=True):
        last = line.split("\r")[-1]
        assert last.startswith(phase) and "100%" in last and "100/100" in last
    assert "KL 2.000" in written


def test_bar_that_is_closed_midway_ends_its_line_once():
    stream = Terminal()
    bar = ProgressBar(stream)
    bar(Progress("neighbors", 1, 10))
    bar.close()
    bar.close()
    assert stream.getvalue().endswith("\n") and stream.getvalue().count("\n") == 1


def test_context_closes_after_an_exception():
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), ProgressBar(stream) as bar:
        bar(Progress("neighbors", 1, 10))
        raise KeyboardInterrupt
    assert stream.getvalue().endswith("\n")


def test_default_listener_suits_the_stream(capsys):
    assert isinstance(default_listener(Terminal()), ProgressBar)
    assert isinstance(default_listener(io.StringIO()), ProgressLines)
    default_listener()(Progress("neighbors", 5, 5))
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("neighbors")


def test_two_fits_with_one_listener():
    stream = io.StringIO()
    listener = ProgressLines(stream)
    fit(listener)
    fit(listener)
    assert [line.split()[0] for line in stream.getvalue().splitlines()] == [*PHASES, *PHASES]
