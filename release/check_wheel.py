"""Install a wheel beside several versions of torch and Python, and compare the maps.

    python release/check_wheel.py WHEEL [--torch "torch==2.11.*" torch] [--python python3 ...]

Each row of the table is a new virtual environment that holds nothing but the wheel and what it
depends on, and whose programs find no compiler. The first Python gets every torch, the others the
last one. All rows must have the same bits. The exit status says whether they do.

`make wheel-check` downloads gigabytes and takes minutes. Only one environment at a time lies on the
disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROBE = """
import hashlib, json, platform, shutil, subprocess, sys
import numpy as np
import torch
from sklearn.datasets import load_digits

import fasttsne

found = [name for name in ("cc", "gcc", "g++", "clang", "nvcc", "cmake") if shutil.which(name)]
assert not found, f"the check must not find {found}"
assert "site-packages" in fasttsne.__file__, fasttsne.__file__
config = fasttsne.show_config()
X = load_digits().data.astype(np.float32)
fitted = fasttsne.TSNE(random_state=0).fit(X[:1500])
placed = fitted.transform(X[1500:])
mesh = fasttsne.TSNE(random_state=0, method="fft").fit_transform(X)
np.save("X.npy", X[:1500])
command = [sys.executable, "-m", "fasttsne", "embed", "X.npy", "-o", "Y.npy"]
done = subprocess.run(command, capture_output=True, text=True)
assert done.returncode == 0, done.stderr


def bits(Y):
    return hashlib.sha256(np.ascontiguousarray(Y).tobytes()).hexdigest()[:8]


print(json.dumps({
    "Python": platform.python_version(),
    "torch": torch.__version__,
    "kernels": config.partition("active ")[2].partition("\\n")[0],
    "CUDA code": config.partition("CUDA kernels: ")[2].partition(";")[0].removeprefix("built "),
    "fit": bits(fitted.embedding_),
    "mesh": bits(mesh),
    "transform": bits(placed),
    "embed": bits(np.load("Y.npy")),
}))
"""
BITS = ("fit", "mesh", "transform", "embed")


def check(wheel: Path, python: str, torch: str) -> dict[str, str]:
    """Run the probe in a new environment; return the cells of its row."""
    with tempfile.TemporaryDirectory(prefix="wheel-check-") as work:
        subprocess.run([python, "-m", "venv", f"{work}/venv"], check=True)
        programs = f"{work}/venv/bin"
        pip = [f"{programs}/pip", "install", "--quiet", "--no-cache-dir", "--no-compile"]
        subprocess.run([*pip, torch], check=True)
        begin = time.perf_counter()
        subprocess.run([*pip, wheel.resolve()], check=True)
        environment = {"PATH": programs, "HOME": work, "FASTTSNE_REQUIRE_KERNELS": "1"}
        if level := os.environ.get("FASTTSNE_SIMD"):
            environment["FASTTSNE_SIMD"] = level
        done = subprocess.run(
            [f"{programs}/python", "-W", "error::RuntimeWarning", "-c", PROBE],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{python}, {torch}:\n{done.stderr[-3000:]}")
        row = json.loads(done.stdout)
        return row | {"from pip to maps": f"{time.perf_counter() - begin:.0f} s"}


def main() -> None:
    """Print one row for each environment, and then whether they agree."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    versions = ["torch==2.11.*", "torch==2.13.*", "torch"]
    parser.add_argument("--torch", nargs="+", default=versions, help="as pip takes them")
    parser.add_argument("--python", nargs="+", default=[sys.executable])
    arguments = parser.parse_args()
    first, *others = arguments.python
    pairs = [(first, torch) for torch in arguments.torch]
    pairs += [(python, arguments.torch[-1]) for python in others]
    rows: list[dict[str, str]] = []
    for python, torch in pairs:
        row = check(arguments.wheel, python, torch)
        if not rows:
            print("| " + " | ".join(row) + " |\n" + "|---" * len(row) + "|")
        print("| " + " | ".join(row.values()) + " |", flush=True)
        rows.append(row)
    differing = [name for name in BITS if len({row[name] for row in rows}) > 1]
    if differing:
        raise SystemExit(f"not the same bits everywhere: {', '.join(differing)}")
    print(f"{arguments.wheel.name}: the same bits everywhere")


if __name__ == "__main__":
    main()
