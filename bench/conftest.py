"""Data of the benchmarks: synthetic landmark frames, their neighbours, their P and their map."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch
from data import load_centered

from fasttsne import TSNE, __version__, _library
from fasttsne import _config as config
from fasttsne.affinities import JointP, Perplexity
from fasttsne.neighbors import Neighbors, exact_neighbors

N = 100_000


def pytest_report_header() -> str:
    return config.show_config()


def pytest_benchmark_update_machine_info(config: Any, machine_info: dict[str, Any]) -> None:
    """Record what a time depends on, and leave out what tells whose machine it is."""
    cpu = machine_info["cpu"]
    kept = {
        "cpu": cpu.get("brand_raw", machine_info["machine"]),
        "cores": os.cpu_count(),
        "kernels": _library.kernels_on(torch.device("cpu")),
        "threads": torch.get_num_threads(),
        "python": machine_info["python_version"],
        "torch": torch.__version__,
        "fasttsne": __version__,
    }
    machine_info.clear()
    machine_info.update(kept)


def pytest_benchmark_update_json(
    config: Any, benchmarks: list[Any], output_json: dict[str, Any]
) -> None:
    """Leave out the time of each single call, so that files of releases stay small."""
    for name in ("project", "branch"):
        output_json["commit_info"].pop(name, None)
    for benchmark in output_json["benchmarks"]:
        benchmark["stats"].pop("data", None)


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
