"""Data of the benchmarks: synthetic landmark frames, their neighbours, their P and their map."""

from __future__ import annotations

import pytest
import torch
from data import load_centered

from fasttsne import TSNE
from fasttsne import _config as config
from fasttsne.affinities import JointP, Perplexity
from fasttsne.neighbors import Neighbors, exact_neighbors

N = 100_000


def pytest_report_header() -> str:
    return config.show_config()


@pytest.fixture(scope="session")
def X() -> torch.Tensor:
    return load_centered(f"frames:{N}")


@pytest.fixture(scope="session")
def neighbors(X: torch.Tensor) -> Neighbors:
    return exact_neighbors(X, 90)


@pytest.fixture(scope="session")
def P(neighbors: Neighbors) -> JointP:
    return Perplexity(30.0).joint(neighbors)


@pytest.fixture(scope="session")
def Y(X: torch.Tensor) -> torch.Tensor:
    """Return a finished map, so that kernels take the time that they take late in a fit."""
    return TSNE(random_state=0).fit_transform(X)
