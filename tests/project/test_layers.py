"""The layers of the design: who may include or import whom."""

import ast
import graphlib
import importlib
import re
from pathlib import Path

import pytest

import fasttsne

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "fasttsne"

# The floors of the house, in the order of the data. A module imports what lies on lower floors, and
# modules of its own room in no circle.
LEVELS = [
    {"_version", "_threads", "_validation", "_pages", "_memory", "_text", "shards", "reference"}
    | {"_deprecation", "progress"},
    {"_labels", "names", "schedule", "snapshots", "grid", "images"},
    {"landmarks"},
    {"_library", "_principal_axes", "datasets", "tables"},
    {"ops"},
    {"_config", "initialization", "neighbors"},
    {"affinities"},
    {"descent"},
    {"fit", "metrics", "nn"},
    {"comparison"},
    {"plot"},
    {"estimator", "page"},
    {"anndata"},
    {"__init__"},
    {"cli"},
    {"__main__"},
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
    allowed = ("cstdint", "immintrin.h", "arm_neon.h")
    left, seen = [file], set()
    while left:
        for name in set(includes(left.pop())) - seen:
            seen.add(name)
            if name.startswith(("kernels/", "math/")):
                left.append(ROOT / "csrc" / name)
            else:
                assert name in allowed


def place_of(file):
    """Name a module within the package, as a tuple; a package is named as its folder."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


def local_imports(file):
    """Names of modules of ours, as tuples, and of what may be one or be out of one."""
    folder = file.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = folder[: len(folder) - node.level + 1]
            base += tuple(node.module.split(".")) if node.module else ()
            yield from ((*base, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fasttsne"):
            base = tuple(node.module.split(".")[1:])
            yield from ((*base, alias.name) for alias in node.names)


def modules():
    return sorted(PACKAGE.rglob("*.py"))


MODULES = {place_of(file): file for file in modules()}
over_modules = pytest.mark.parametrize("file", modules(), ids=lambda f: "/".join(place_of(f)))


@over_modules
def test_nothing_imports_upward(file):
    level = {name: i for i, names in enumerate(LEVELS) for name in names}
    place = place_of(file)
    own = place[0]
    assert own in level, f"{own} has no level: give it one"
    for name, *_ in local_imports(file):
        if name in level and name != own:
            assert level[name] < level[own], f"{'.'.join(place)} imports {name}"


def test_modules_of_a_room_import_each_other_in_no_circle():
    needs = {}
    for place, file in MODULES.items():
        if len(place) > 1:  # what a room shows of its modules is no part of a circle
            named = {name[:-1] if name not in MODULES else name for name in local_imports(file)}
            needs[place] = {name for name in named if len(name) > 1 and name[0] == place[0]}
    list(graphlib.TopologicalSorter(needs).static_order())


@pytest.mark.parametrize(
    "name",
    "affinities comparison datasets grid images initialization landmarks metrics names neighbors "
    "nn ops page plot progress reference schedule snapshots tables".split(),
)
def test_public_modules_stay_where_they_are(name):
    assert importlib.import_module(f"fasttsne.{name}") is getattr(fasttsne, name)


@over_modules
def test_only_ops_calls_the_dispatcher(file):
    if place_of(file)[0] not in ("ops", "_library"):
        assert "torch.ops" not in file.read_text()


def test_reference_imports_torch_alone():
    tree = ast.parse((PACKAGE / "reference.py").read_text())
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert names <= {"__future__", "math", "torch"}
