"""Check and time the CUDA kernels on a GPU: `make gpu-check`, under 8 minutes.

    python bench/gpu_check.py [tests] [sanitizer] [goals] [quality] [profile] [--data FILE.npz ...]
                              [--prebuilt _C_cuda.so]

tests      the test files whose tests run on CPU and GPU
sanitizer  memcheck and racecheck of compute-sanitizer over every op
goals      whole fits from a tensor on the GPU; up to 200,000 rows, also the same fit on the CPU
quality    all measures of the maps of GPU and CPU, of sets of up to 20,000 rows
profile    time of the kernels at a million points, compared with the time of a copy of the bytes
           that an iteration must move

--prebuilt names a library built with another version of torch. It is checked before the parts: a
separate process loads it and compares one of its ops with the reference.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from data import load_centered, load_labelled
from quality import HEAD, joint_P, line, make_judge

import fasttsne
from fasttsne import TSNE, _library, ops
from fasttsne.neighbors.exact import exact_neighbors

ROOT = Path(__file__).resolve().parents[1]


def title(text: str) -> None:
    print(f"\n== {text}", flush=True)


def environment() -> None:
    title("machine")
    if shutil.which("nvidia-smi"):
        query = "--query-gpu=name,driver_version,memory.total"
        subprocess.run(["nvidia-smi", query, "--format=csv,noheader"], check=False)
    print(fasttsne.show_config())
    if not torch.cuda.is_available() or not _library.has_cuda:
        raise SystemExit("no GPU, or no CUDA kernels in this build: FASTTSNE_CUDA=1 builds them")


FOREIGN = """
import sys, torch
sys.path.insert(0, sys.argv[1])
from fasttsne import ops, reference
torch.ops.load_library(sys.argv[2])
Y = 5 * torch.randn(3000, 2, device="cuda")
forces, Z = ops.repulsive_bh(Y, 0.0)
expected, expected_Z = reference.repulsive_exact(Y.double(), 1.0)
error = ((forces - expected).norm() / expected.norm()).item()
assert error < 1e-4, error
print(f"loaded under torch {torch.__version__}; forces differ by {error:.1e}")
"""


def prebuilt(library: Path) -> bool:
    title(f"{library.name}, built elsewhere")
    with tempfile.TemporaryDirectory() as folder:
        # A copy of the package without libraries, so that only the given library is loaded.
        ignore = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(ROOT / "fasttsne", Path(folder) / "fasttsne", ignore=ignore)
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", FOREIGN, folder, library.resolve()],
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
            check=False,
        )
    print(done.stdout.strip() or done.stderr[-1500:])
    return done.returncode == 0


def tests() -> bool:
    title("tests")
    rooms = ("affinities", "descent", "neighbors", "nn", "ops")
    files = [ROOT / "tests" / room for room in rooms]
    files += [ROOT / "tests" / "estimator" / f"test_{name}.py" for name in ("cuda", "tsne")]
    without_gpu = ROOT / "tests" / "ops" / "test_numba_baseline.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--ignore"]
    done = subprocess.run(
        [*command, without_gpu, *files],
        cwd=ROOT,
        env=os.environ | {"FASTTSNE_REQUIRE_KERNELS": "1"},
        check=False,
    )
    print("passed" if done.returncode == 0 else "FAILED")
    return done.returncode == 0


def every_op() -> None:
    """Run each op once on small CUDA tensors, for the sanitizer."""
    g = torch.Generator().manual_seed(0)
    X = torch.randn(300, 21, generator=g).cuda()
    ops.pairwise_sq_distances(X)
    neighbors = exact_neighbors(X, 37)
    _, conditional = ops.perplexity_search(neighbors.sq_distances, 12.0)
    P = ops.symmetrize(neighbors.indices, conditional)
    for dims in (1, 2, 3, 5):
        Y = 3 * torch.randn(300, dims, generator=g).cuda()
        forces, _ = ops.attractive_forces(*P, Y, 0.7, with_cost=True)
        push, Z = ops.repulsive_exact(Y)
        ops.attractive_forces(*P, Y, math.inf)
        ops.repulsive_exact(Y, math.inf)
        for conditional in (False, True):
            ops.repulsive_sne(Y, conditional)
        if dims <= 3:
            ops.repulsive_bh(Y)
            grid = torch.empty((29, 30, 31)[-dims:], device="cuda")
            origin = torch.full((dims,), -12.0, device="cuda")
            ops.mesh_spread_(Y, grid, origin, 0.8)
            ops.mesh_gather(Y, grid, origin, 0.8)
        velocity, gains = torch.randn(2, 300, dims, generator=g).cuda()
        ops.update_embedding_(Y, velocity, gains, forces, push, Z, 4, 9, 0.8, 1.0)
    torch.cuda.synchronize()


def sanitizer() -> bool:
    title("compute-sanitizer")
    tool = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not Path(tool).exists():
        print("not installed: not run")
        return True
    passed = True
    for check in ("memcheck", "racecheck"):
        done = subprocess.run(
            [tool, "--error-exitcode", "1", "--tool", check, sys.executable, __file__, "every_op"],
            capture_output=True,
            text=True,
            check=False,
        )
        print(f"{check}: " + (done.stdout.strip().splitlines() or [done.stderr[-500:]])[-1])
        passed &= done.returncode == 0
    return passed


def fit(X: torch.Tensor) -> tuple[float, TSNE]:
    """Fit; return the seconds that it took and the estimator."""
    estimator = TSNE(random_state=0)
    if X.is_cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    estimator.fit(X)
    if X.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start, estimator


MOST_ON_CPU = 200_000
"""Largest number of rows for which the CPU is timed too; its fit takes seconds."""


def goals(names: list[str]) -> None:
    title("whole fits by default, from a tensor on the device; the CPU's beside it")
    # Warm-up: the first fit of a process loads kernels. FFT plans are still made in the first fit
    # of each data set, as their lengths are new.
    fit(load_centered("frames:3000").cuda())
    fit(load_centered("frames:3000"))
    print(
        f"{'data':24s}{'first s':>9s}{'again s':>9s}{'KL':>9s}{'CPU s':>9s}{'KL':>9s}"
        f"{'GPU/CPU KL':>12s}{'GPU GB':>9s}  seconds of the phases on the GPU, again"
    )
    for name in names:
        X = load_centered(name)
        on_gpu = X.cuda()
        first, _ = fit(on_gpu)
        seconds, gpu = min((fit(on_gpu) for _ in range(2)), key=lambda fitted: fitted[0])
        peak = torch.cuda.max_memory_allocated() / 1e9
        beside = f"{'':30s}"
        if len(X) <= MOST_ON_CPU:
            cpu_seconds, cpu = fit(X)
            ratio = gpu.kl_divergence_ / cpu.kl_divergence_
            beside = f"{cpu_seconds:9.2f}{cpu.kl_divergence_:9.4f}{ratio:12.4f}"
        phases = ", ".join(f"{k} {v:.3f}" for k, v in gpu.report_.seconds.items())
        print(
            f"{Path(name).name:24s}{first:9.3f}{seconds:9.3f}{gpu.kl_divergence_:9.4f}{beside}"
            f"{peak:9.2f}  {phases}",
            flush=True,
        )


MOST_JUDGED = 20_000
"""Rows whose maps are judged in seconds."""


def quality(names: list[str]) -> None:
    title("quality of maps (the columns are those of bench/quality.py)")
    for name in names:
        X, labels = load_labelled(name)
        if len(X) > MOST_JUDGED:
            continue
        centred, P = joint_P(X, 30.0)
        judge = make_judge(X, labels, P)
        print(f"{Path(name).name:24s}{HEAD}")
        for device in ("cuda", "cpu"):
            Y = TSNE(random_state=0).fit_transform(centred.to(device)).cpu().numpy()
            print(f"{device:24s}{line(judge(Y), Y)}", flush=True)


def profile() -> None:
    title("an iteration at 1,000,000 points")
    X = load_centered("frames:1000000").cuda()
    estimator = TSNE(random_state=0).fit(X)
    print({k: round(v, 3) for k, v in estimator.report_.seconds.items()})
    milliseconds = 1e3 * estimator.report_.seconds["optimization"] / estimator.report_.iterations
    source = torch.empty(1 << 28, device="cuda")
    target = torch.empty_like(source)
    seconds = []
    for _ in range(5):
        torch.cuda.synchronize()
        start = time.perf_counter()
        target.copy_(source)
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    speed = 2 * source.nbytes / min(seconds)
    del source, target
    # Bytes to move: for each edge an index and a value of P, for each point Y, velocity, gains and
    # two forces, read or written.
    edges, points = 110e6 * 8, 1e6 * 8 * 12
    print(
        f"{milliseconds:.3f} ms an iteration; a copy moves {speed / 1e12:.2f} TB/s, at which edges "
        f"and points take {1e3 * (edges + points) / speed:.3f} ms"
    )
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as recorded:
        TSNE(random_state=0, max_iter=300).fit(X)
        torch.cuda.synchronize()
    print(recorded.key_averages().table(sort_by="self_device_time_total", row_limit=25))


PARTS = {
    "tests": tests,
    "sanitizer": sanitizer,
    "goals": goals,
    "quality": quality,
    "profile": profile,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--data", nargs="*", default=[], help="more sets for the goals")
    parser.add_argument("--prebuilt", type=Path)
    options = parser.parse_args()
    if options.parts == ["every_op"]:
        return every_op()
    environment()
    # Figures pass; the tests and the sanitizer tell whether they do.
    passed = [prebuilt(options.prebuilt)] if options.prebuilt else []
    sets = ["frames:10000", "frames:100000", *options.data, "frames:1000000"]
    for part in options.parts or PARTS:
        given = [sets] if part in ("goals", "quality") else []
        passed.append(PARTS[part](*given) is not False)
    if not all(passed):
        raise SystemExit("a check failed: see above")


if __name__ == "__main__":
    main()
