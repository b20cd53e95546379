"""What is built and what runs: SIMD levels, the fallback, the required build, the import time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from sample import assert_close

import fasttsne
from fasttsne import _library

PACKAGE = Path(fasttsne.__file__).parent

ALL_OPS = """
import math
import sys
import torch
from fasttsne.neighbors import exact as neighbors
from fasttsne import ops
g = torch.Generator().manual_seed(0)
X = torch.randn(300, 21, generator=g)
out = {"pairwise": ops.pairwise_sq_distances(X)}
indices, out["knn"], _ = neighbors.exact_neighbors(X, 37)
beta, out["conditional"] = ops.perplexity_search(out["knn"], 12.0)
P = ops.symmetrize(indices, out["conditional"])
out["P"] = P[2]
Z = torch.tensor(1e3, dtype=torch.float64)
for dims in (1, 2, 3):
    Y = 3 * torch.randn(300, dims, generator=g)
    for dof in (0.7, 1.0, math.inf):
        out[f"attractive{dims}{dof}"], out[f"cost{dims}{dof}"] = ops.attractive_forces(
            *P, Y, dof, with_cost=True)
        out[f"exact{dims}{dof}"], out[f"Z{dims}{dof}"] = ops.repulsive_exact(Y, dof)
        out[f"bh{dims}{dof}"], _ = ops.repulsive_bh(Y, 0.0, dof)
    for conditional in (False, True):
        out[f"sne{dims}{conditional}"], out[f"log_Z{dims}{conditional}"] = ops.repulsive_sne(
            Y, conditional)
    grid = torch.empty((29, 30, 31)[-dims:])
    origin = torch.full((dims,), -12.0)
    ops.mesh_spread_(Y, grid, origin, 0.8)
    out[f"gather{dims}"], _, _ = ops.mesh_gather(Y, grid, origin, 0.8)
    out[f"grid{dims}"] = grid
    velocity, gains = torch.randn(2, 300, dims, generator=g)
    out[f"step{dims}"] = ops.update_embedding_(
        Y, velocity, gains, out[f"attractive{dims}1.0"], out[f"exact{dims}1.0"], Z, 4, 9, 0.8, 1.0)
    out[f"Y{dims}"] = Y
torch.save(out, sys.argv[1])
"""


def run(code, path=None, arguments=(), **environment):
    variables = {k: v for k, v in os.environ.items() if k != "FASTTSNE_REQUIRE_KERNELS"}
    variables |= environment
    if path:
        variables["PYTHONPATH"] = str(path)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=variables,
        cwd=path,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def without_kernels(tmp_path_factory):
    """Make a copy of the package without its compiled libraries."""
    folder = tmp_path_factory.mktemp("unbuilt")
    shutil.copytree(PACKAGE, folder / "fasttsne", ignore=shutil.ignore_patterns("*.so", "__py*"))
    return folder


def results(file, path=None, **environment):
    done = run(ALL_OPS, path, [str(file)], **environment)
    assert done.returncode == 0, done.stderr
    return torch.load(file)


@pytest.fixture(scope="module")
def reference_results(without_kernels):
    return results(without_kernels / "reference.pt", without_kernels)


def levels():
    return _library.info["simd_built"].split(", ") if _library.info else []


@pytest.mark.parametrize("level", ["baseline", "avx2", "avx512", "amx", "bfmmla"])
def test_every_simd_level_agrees_with_the_reference(level, reference_results, tmp_path):
    if level not in levels():
        pytest.skip(f"{level} is not for this architecture")
    if levels().index(level) > levels().index(_library.info["simd_detected"]):
        pytest.skip(f"this CPU has no {level}")
    actual = results(tmp_path / "actual.pt", FASTTSNE_SIMD=level)
    assert actual.keys() == reference_results.keys()
    for name, expected in reference_results.items():
        assert_close(actual[name], expected.double(), 2e-4)


def test_simd_level_can_be_lowered():
    done = run("import fasttsne; print(fasttsne.show_config())", FASTTSNE_SIMD="baseline")
    assert "active baseline" in done.stdout


def test_fallback_warns_once_and_says_how_to_build(without_kernels):
    code = "import fasttsne, fasttsne.ops; print(fasttsne.show_config())"
    result = run(code, without_kernels)
    assert result.returncode == 0
    assert result.stderr.count("RuntimeWarning") == 1
    assert "pip install --no-build-isolation" in result.stderr
    assert "kernels: none" in result.stdout


def test_required_kernels_that_are_missing_are_an_error(without_kernels):
    result = run("import fasttsne", without_kernels, FASTTSNE_REQUIRE_KERNELS="1")
    assert result.returncode == 1
    missing = (
        "ImportError: FASTTSNE_REQUIRE_KERNELS is set, but libfasttsne_kernels.so has not been"
    )
    assert missing in result.stderr


LIBRARIES = ["libfasttsne_kernels.so", "_C_cpu.so"]


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Make a copy of the package with its compiled libraries."""
    if _library.info is None:
        pytest.skip("no kernels built")
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(PACKAGE, folder / "fasttsne", ignore=shutil.ignore_patterns("__py*"))
    return folder


@pytest.mark.deep
def test_a_cxx_library_of_its_own_is_kept_apart_from_torchs(copied, tmp_path):
    """As compilers link it that are set up so, and wheels for old systems."""
    pybind11 = pytest.importorskip("pybind11")
    folder = copied / "fasttsne"
    options = {
        "FASTTSNE_OUTPUT": folder,
        "FASTTSNE_CUDA": "0",
        "Python_EXECUTABLE": sys.executable,
        "pybind11_DIR": pybind11.get_cmake_dir(),
        "TORCH_DIR": Path(torch.__file__).parent,
        "TORCH_VERSION": torch.__version__,
    }
    names = {path.name for path in folder.glob("*.so")} - {"_C_cuda.so"}
    before = {name: (folder / name).read_bytes() for name in names}
    arguments = [f"-D{name}={value}" for name, value in options.items()]
    for command in (
        ["cmake", "-S", PACKAGE.parent, "-B", tmp_path, "-G", "Ninja", *arguments],
        ["cmake", "--build", tmp_path, "--parallel", str(os.cpu_count())],
    ):
        environment = os.environ | {
            "LDFLAGS": "-static-libstdc++",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    code = "import torch, fasttsne.ops; torch.ops.fasttsne.repulsive_exact(torch.zeros(3), 1.0)"
    done = run(code, copied, FASTTSNE_REQUIRE_KERNELS="1")
    for name, content in before.items():
        assert (folder / name).read_bytes() != content, f"{name} was not built anew"
        (folder / name).write_bytes(content)
    assert "Y must have 2 dimensions, got 1" in done.stderr, done.stderr[-2000:]


def test_a_library_that_was_cut_short_is_not_loaded(copied):
    for name in LIBRARIES:
        library = copied / "fasttsne" / name
        content = library.read_bytes()
        _library._check_not_truncated(library)
        for size in (64, 4096, len(content) // 2, len(content) - 1):
            library.write_bytes(content[:size])
            with pytest.raises(OSError, match=f"{name} is damaged: it was cut off after {size:,}"):
                _library._check_not_truncated(library)
        library.write_bytes(content[: len(content) // 2])
        done = run("import fasttsne; print(fasttsne.show_config())", copied)
        assert done.returncode == 0 and "kernels: none" in done.stdout, done.stderr
        assert f"reference, many times slower: {name} is damaged: it was cut off" in done.stderr
        library.write_bytes(content)
    library.write_bytes(content[:40])  # which the system refuses by itself
    done = run("import fasttsne.ops", copied, FASTTSNE_REQUIRE_KERNELS="1")
    assert done.returncode == 1 and "FASTTSNE_REQUIRE_KERNELS is set, but " in done.stderr
    library.write_bytes(content)


CUDA_LIBRARY = """
import torch
torch.version.cuda = "13.0"  # as if this were a CUDA build
from fasttsne import _library
print(_library.info is not None, _library.has_cuda)
"""


def test_a_cuda_library_that_was_cut_short_is_not_loaded(copied):
    library = copied / "fasttsne" / "_C_cuda.so"
    library.write_bytes((PACKAGE / LIBRARIES[0]).read_bytes()[:50_000])
    done = run(CUDA_LIBRARY, copied)
    assert done.returncode == 0 and done.stdout == "True False\n", done.stderr
    assert "no CUDA kernels: _C_cuda.so is damaged: it was cut off after 50,000" in done.stderr
    done = run(CUDA_LIBRARY, copied, FASTTSNE_REQUIRE_KERNELS="1")
    assert "FASTTSNE_REQUIRE_KERNELS is set, but _C_cuda.so: _C_cuda.so is damaged" in done.stderr
    library.unlink()


def test_what_is_no_elf_file_is_left_to_the_system(tmp_path):
    for content in (b"", b"\xcf\xfa\xed\xfe" + bytes(100), b"\x7fELF\1\1" + bytes(100)):
        (tmp_path / "x.so").write_bytes(content)
        _library._check_not_truncated(tmp_path / "x.so")


def test_this_build_has_kernels():
    # The suite would pass on the reference alone; CI must not.
    if os.environ.get("FASTTSNE_REQUIRE_KERNELS", "0") in ("", "0") and not _library.info:
        pytest.skip("no kernels built, and none required")
    assert _library.info["simd_active"] in levels()


def test_kernels_count_their_calls():
    from fasttsne import ops

    profiles = _library.profiles()
    profiles.reset_kernel_profiles()
    ops.repulsive_exact(torch.randn(100, 2))
    calls, seconds = profiles.kernel_profiles()["repulsive_exact"]
    assert calls == 1 and 0 < seconds < 1
    assert profiles.kernel_profiles()["repulsive_bh"] == (0, 0.0)


COUNT_CALLS = """
import torch, fasttsne
from fasttsne import _library
print(fasttsne.show_config())
print(fasttsne.tsne(torch.arange(400.).reshape(100, 4).sin(), random_state=0).sum().item().hex())
try:
    print(_library.profiles().kernel_profiles()["update_embedding"][0] > 0)
except ImportError as error:
    print(error)
"""


def test_counters_of_another_python_are_missed_where_they_are_asked_for(copied):
    with_counters = run(COUNT_CALLS, copied, FASTTSNE_REQUIRE_KERNELS="1")
    assert with_counters.stdout.endswith("\nTrue\n"), with_counters.stderr
    (module,) = (copied / "fasttsne").glob("_C.*")
    other = module.with_name("_C.cpython-399-x86_64-linux-gnu.so")
    module.rename(other)
    without = run(COUNT_CALLS, copied, FASTTSNE_REQUIRE_KERNELS="1")
    other.rename(module)
    config, _, said = without.stdout.partition("the calls of kernels")
    assert config + "True\n" == with_counters.stdout and without.stderr == ""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"are counted by fasttsne._C, which was not built for Python {python}. In a" in said
    assert "pip install --no-build-isolation" in said


def test_counters_that_were_cut_short_are_not_loaded(copied):
    (module,) = (copied / "fasttsne").glob("_C.*")
    content = module.read_bytes()
    module.write_bytes(content[: len(content) // 2])
    done = run(COUNT_CALLS, copied, FASTTSNE_REQUIRE_KERNELS="1")
    module.write_bytes(content)
    assert done.returncode == 0 and f"{module.name} is damaged: it was cut off" in done.stdout


def test_libraries_of_other_sources_are_not_loaded(copied):
    """As an update of the sources leaves them until the next build."""
    kernels = copied / "fasttsne" / "libfasttsne_kernels.so"
    content = kernels.read_bytes()
    kernels.write_bytes(content.replace(b"fasttsne_build_facts", b"fasttsne_build_older"))
    done = run("import fasttsne; print(fasttsne.show_config())", copied)
    kernels.write_bytes(content)
    assert done.returncode == 0 and "kernels: none" in done.stdout, done.stderr
    assert "libfasttsne_kernels.so was built from another version of the sources" in done.stderr


def test_import_is_quick():
    """It loads a few modules of ours beside torch, and nothing of anybody else's."""
    code = (
        "import sys, torch; before = {*sys.modules}\n"
        "import fasttsne; print(*{*sys.modules} - before)"
    )
    loaded = run(code).stdout.split()
    assert {module.partition(".")[0] for module in loaded} == {"fasttsne"}
    assert len(loaded) < 10, loaded


def test_an_unknown_level_is_an_error_where_there_are_levels():
    done = run("import fasttsne", FASTTSNE_SIMD="avx-512")
    is_error = "ValueError: FASTTSNE_SIMD must be one of baseline, " in done.stderr
    assert is_error == (_library.info is not None) == (done.returncode != 0)
    assert not is_error or "got 'avx-512'" in done.stderr
    assert "FASTTSNE_SIMD" not in run("import fasttsne", FASTTSNE_SIMD="baseline").stderr


CARD = torch.device("cuda", 0)


@pytest.fixture
def fresh_trouble():
    _library.trouble_on.cache_clear()
    yield
    _library.trouble_on.cache_clear()


class TensorOnCard(torch.Tensor):
    """A tensor that says it is on a GPU."""

    is_cuda = True
    device = CARD


def test_the_config_of_a_machine_with_a_gpu_can_be_asked_for_first():
    code = """
import torch
import fasttsne
from fasttsne import _library
zeros, _library.has_cuda = torch.zeros, True
torch.zeros = lambda *shape, device, dtype: zeros(*shape, dtype=dtype)
torch.cuda.is_available = torch.cuda.synchronize = lambda *_: True
torch.cuda.current_device = lambda: 0
print(fasttsne.show_config())
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "GPU usable" in done.stdout or _library.info is None


@pytest.mark.usefixtures("fresh_trouble")
def test_a_gpu_without_kernels_is_an_error_that_says_so(monkeypatch):
    monkeypatch.setattr(_library, "has_cuda", False)
    monkeypatch.setattr(_library, "_why_no_cuda", "_C_cuda.so has not been built")
    X = torch.zeros(5, 2).as_subclass(TensorOnCard)
    for call in (fasttsne.ops.repulsive_exact, fasttsne.ops.pairwise_sq_distances):
        with pytest.raises(RuntimeError, match=r"not run on cuda:0: _C_cuda.so has not been built"):
            call(X)


@pytest.mark.usefixtures("fresh_trouble")
def test_a_gpu_that_is_full_at_first_is_tried_again(monkeypatch):
    def fail(*shape, **_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    X = torch.zeros(5, 2).as_subclass(TensorOnCard)
    monkeypatch.setattr(_library, "has_cuda", True)
    with monkeypatch.context() as while_full:
        while_full.setattr(torch, "zeros", fail)
        with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
            fasttsne.ops.repulsive_exact(X)
    assert _library.trouble_on.cache_info().currsize == 0


@pytest.mark.usefixtures("fresh_trouble")
@pytest.mark.parametrize(
    "message",
    [
        "CUDA: no kernel image is available for execution on the device",
        "check_cuda, /somewhere/launch.h:13, CUDA: no kernel image is available",
        "CUDA: CUDA driver version is insufficient for CUDA runtime version",
    ],
)
def test_a_gpu_that_cannot_run_the_kernels_is_tried_once(monkeypatch, message):
    tried = []

    def fail(*shape, device, **_):
        tried.append(device)
        raise RuntimeError(f"{message}\nand more")

    X = torch.zeros(5, 2).as_subclass(TensorOnCard)
    monkeypatch.setattr(_library, "has_cuda", True)
    monkeypatch.setattr(torch, "zeros", fail)
    said = message[message.index("CUDA") :]
    for _ in range(3):
        with pytest.raises(RuntimeError, match=f"not run on cuda:0: {said}. Compute on the CPU"):
            fasttsne.ops.repulsive_exact(X)
    assert tried == [CARD]


def test_the_cpu_is_not_tried():
    _library.require_kernels(torch.device("cpu"))
    assert _library.trouble_on.cache_info().currsize == 0 or torch.cuda.is_available()
