"""The layers of the design: who may include or import whom."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A module imports only modules of lower levels; a package stands for all its modules, which may
# import each other.
LEVELS = [
    {"_version", "_threads", "_validation", "reference", "progress"},
    {"landmarks", "_ranks", "activations", "labels", "names"},
    {"_library", "convolution", "datasets", "grid", "images", "schedule", "snapshots", "tables"},
    {"ops", "_replay", "feature_files", "thumbnails"},
    {"neighbors", "initialization", "config"},
    {"cells", "gradient", "graphs"},
    {"distances"},
    {"search"},
    {"affinities"},
    {"checkpoint", "metrics", "objective", "optimize", "transform"},
    {"comparison", "losses", "parameters"},
    {"parametric", "pipeline", "plot"},
    {"estimator", "nn", "page"},
    {"__init__"},
    {"cli"},
    {"demo", "__main__"},
]


def includes(file):
    return re.findall(r'^#include [<"]([^>"]+)[>"]', file.read_text(), re.MULTILINE)


def sources(folder):
    files = [f for f in (ROOT / "csrc" / folder).rglob("*") if f.suffix in (".h", ".cpp", ".cu")]
    return [pytest.param(f, id=str(f.relative_to(ROOT))) for f in files]


@pytest.mark.parametrize("file", sources("kernels") + sources("cuda") + sources("math"))
def test_kernels_know_neither_torch_nor_each_other(file):
    folder = file.relative_to(ROOT / "csrc").parts[0]
    others = {"kernels": ("cuda/",), "cuda": ("kernels/",), "math": ("kernels/", "cuda/")}[folder]
    for name in includes(file):
        assert not name.startswith(("torch/", "ATen/", "c10/", "bindings/", "pybind11/", *others))


@pytest.mark.parametrize("file", sources("kernels/simd"))
def test_simd_bodies_include_no_standard_library(file):
    allowed = ("cstdint", "immintrin.h")
    for name in includes(file):
        assert name in allowed or name.startswith(("kernels/", "math/"))


def local_imports(tree, depth):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            if node.module:
                yield node.module.split(".")[0]
            else:
                yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fasttsne"):
            yield from (alias.name for alias in node.names)


def modules():
    return sorted((ROOT / "fasttsne").rglob("*.py"))


@pytest.mark.parametrize("file", modules(), ids=lambda f: f.stem)
def test_nothing_imports_upward(file):
    level = {name: i for i, names in enumerate(LEVELS) for name in names}
    place = file.relative_to(ROOT / "fasttsne").with_suffix("").parts
    own = place[0]
    assert own in level, f"{own} has no level: give it one"
    for name in local_imports(ast.parse(file.read_text()), len(place)):
        if name in level:
            assert level[name] < level[own], f"{'.'.join(place)} imports {name}"


@pytest.mark.parametrize("file", modules(), ids=lambda f: f.stem)
def test_only_ops_calls_the_dispatcher(file):
    if file.stem not in ("ops", "_library"):
        assert "torch.ops" not in file.read_text()


def test_reference_imports_torch_alone():
    tree = ast.parse((ROOT / "fasttsne" / "reference.py").read_text())
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert names <= {"__future__", "math", "torch"}
