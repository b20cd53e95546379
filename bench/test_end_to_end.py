"""Times of whole fits on landmark frames, nothing precomputed, with their KL divergences."""

from __future__ import annotations

import pytest
from data import load_centered

from fasttsne import TSNE

CASES = [
    ("auto", 10_000, 2),
    ("auto", 100_000, 2),
    ("exact", 10_000, 2),
    ("barnes_hut", 10_000, 2),
    ("fft", 10_000, 2),
    ("barnes_hut", 100_000, 2),
    ("fft", 100_000, 2),
    ("barnes_hut", 100_000, 3),
]


@pytest.mark.parametrize("method, n, dims", CASES)
def test_fit(benchmark, method, n, dims):
    X = load_centered(f"frames:{n}")
    estimator = TSNE(dims, method=method, random_state=0)
    benchmark.pedantic(estimator.fit, (X,), rounds=3 if n <= 10_000 else 1)
    benchmark.extra_info |= {
        "kl": round(estimator.kl_divergence_, 4),
        "iterations": estimator.report_.iterations,
        "seconds": {phase: round(s, 2) for phase, s in estimator.report_.seconds.items()},
    }
    print(f"\n{method} {n} {dims}-D", benchmark.extra_info)
