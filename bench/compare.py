"""Compare the speed of two builds or of two releases, benchmark by benchmark.

    python bench/compare.py A B [--rounds 3] [-k EXPRESSION]

A and B are folders of two checkouts, each with its kernels built in place, or files that
``make bench BENCH=--benchmark-json=FILE`` wrote; ``bench/releases`` holds one of each release.

The benchmarks of *this* checkout run on checkouts in turn (A, B, A, B ...), so that a temporary
slowdown of the machine affects both. A file was measured once, at another time. The table gives
for each side the median over the rounds of each round's median time, and the ratio of the two.
Where the matrix product and the copy (group "machine") differ as much as the rest, so do the
machines.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parent / "test_kernels.py"


def read(path: Path) -> dict[str, Any]:
    """Return the machine, the commit and the median seconds by benchmark of a file."""
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))
        return {
            "machine": dict(recorded["machine_info"]),
            "commit": str(recorded["commit_info"]["id"]),
            "medians": {
                result["name"]: float(result["stats"]["median"])
                for result in recorded["benchmarks"]
            },
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{path} is no file of `make bench`: {error!r}") from None


def run(checkout: Path, selection: str) -> dict[str, float]:
    """Run the benchmarks on one checkout; return the median seconds by name of benchmark."""
    checkout = checkout.resolve()
    environment = os.environ | {"PYTHONPATH": str(checkout), "FASTTSNE_REQUIRE_KERNELS": "1"}

    def python(*arguments) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    imported = python("-c", "import fasttsne; print(fasttsne.__file__)").stdout.strip()
    if Path(imported).parent.parent != checkout:
        raise SystemExit(f"{checkout} holds no fasttsne that can be imported, got {imported!r}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        done = python(
            *("-m", "pytest", BENCHMARKS, "-q", "-k", selection),
            *("--benchmark-enable", "--benchmark-only", f"--benchmark-json={out}"),
        )
        # The exit status is ignored: on an older checkout, benchmarks of newer functions fail.
        if not out.exists():
            raise SystemExit(f"the benchmarks failed on {checkout}:\n{done.stdout[-3000:]}")
        return read(out)["medians"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("A", type=Path)
    parser.add_argument("B", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-k", default="not numba", help="as pytest's; of checkouts")
    options = parser.parse_args()
    sources = options.A, options.B
    seconds: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))

    def add(side: int, medians: dict[str, float]) -> None:
        for name, median in medians.items():
            seconds[name][side].append(median)

    for side, source in enumerate(sources):
        if not source.is_dir():
            recorded = read(source)
            print(f"{'AB'[side]}: {source.name}, commit {recorded['commit'][:10]}")
            print("   " + ", ".join(f"{key} {value}" for key, value in recorded["machine"].items()))
            add(side, recorded["medians"])
    for _ in range(options.rounds):
        for side, source in enumerate(sources):
            if source.is_dir():
                add(side, run(source, options.k))
    print(f"{'benchmark':44s}{'A':>12s}{'B':>12s}{'B / A':>8s}  spread of A, B")
    for name, sides in seconds.items():
        if not all(sides):
            print(f"{name:44s} only in {'A' if sides[0] else 'B'}")
            continue
        a, b = (statistics.median(side) for side in sides)
        spread = ", ".join(f"{max(side) / min(side) - 1:.0%}" for side in sides)
        print(f"{name:44s}{1e3 * a:9.2f} ms{1e3 * b:9.2f} ms{b / a:8.2f}  {spread}")


if __name__ == "__main__":
    main()
