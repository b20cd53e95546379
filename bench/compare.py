"""Compare the speed of two builds, kernel by kernel.

    python bench/compare.py A B [--rounds 3] [-k EXPRESSION]

A and B are folders of two checkouts, each with its kernels built in place. The benchmarks of *this*
checkout run on both in turn (A, B, A, B ...), so that a temporary slowdown of the machine affects
both. The table gives for each build the median over the rounds of each round's median time, and the
ratio of the two.
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

BENCHMARKS = Path(__file__).resolve().parent / "test_kernels.py"


def medians(checkout: Path, selection: str) -> dict[str, float]:
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
        results = json.loads(out.read_text())["benchmarks"]
    return {result["name"]: result["stats"]["median"] for result in results}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("A", type=Path)
    parser.add_argument("B", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-k", default="not numba and not machine", help="as pytest's")
    options = parser.parse_args()
    seconds: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for _ in range(options.rounds):
        for side, checkout in enumerate((options.A, options.B)):
            for name, median in medians(checkout, options.k).items():
                seconds[name][side].append(median)
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
