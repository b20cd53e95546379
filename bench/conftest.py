"""What the benchmarks run on: synthetic landmark frames, their P, and a map of them."""

from __future__ import annotations

import pytest
import torch

from fasttsne import TSNE, config
from fasttsne.affinities import JointP, perplexity_affinities
from fasttsne.datasets import make_landmark_frames
from fasttsne.neighbors import Neighbors, exact_neighbors

N = 100_000


def pytest_report_header() -> str:
    return config.show_config()


def frames(n: int) -> torch.Tensor:
    """Raw coordinates of n synthetic landmark frames, centred: (n, 136) float32."""
    X = torch.from_numpy(make_landmark_frames(n).points).reshape(n, -1)
    return X - X.mean(0)


@pytest.fixture(scope="session")
def X() -> torch.Tensor:
    return frames(N)


@pytest.fixture(scope="session")
def neighbors(X: torch.Tensor) -> Neighbors:
    return exact_neighbors(X, 90)


@pytest.fixture(scope="session")
def P(neighbors: Neighbors) -> JointP:
    return perplexity_affinities(neighbors, 30.0)


@pytest.fixture(scope="session")
def Y(X: torch.Tensor) -> torch.Tensor:
    """Return a finished map: kernels cost what they cost late in a descent."""
    return TSNE(random_state=0).fit_transform(X)
