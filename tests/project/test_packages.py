"""What goes into an sdist and a wheel, without building either; `make wheel-check` installs one."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch

import fasttsne.ops

PACKAGE = Path(fasttsne.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
# Names of functions of Python's C API, as they stand in the table of what a library needs.
PYTHONS = re.compile(rb"\0_?Py[A-Z]\w+(?=\0)")


def run(code, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_only_the_counters_are_tied_to_a_version_of_python():
    libraries = {*PACKAGE.glob("*.so")}
    counters = {*PACKAGE.glob("_C.*.so")}
    if not libraries:
        pytest.skip("no kernels built")
    for library in libraries:
        assert bool(PYTHONS.search(library.read_bytes())) == (library in counters), library.name


def test_libraries_do_not_say_where_they_were_built():
    folders = [os.fsencode(folder) for folder in (ROOT / "csrc", Path(torch.__file__).parent)]
    for library in PACKAGE.glob("*.so"):
        content = library.read_bytes()
        assert not [folder for folder in folders if folder in content], library.name
    with pytest.raises(RuntimeError, match=r"^check, csrc/bindings/checks.h:\d+, Y must have 2"):
        torch.ops.fasttsne.repulsive_exact(torch.zeros(3), 1.0)


TAG = """
import distutils.core, sys, setuptools
wheel = distutils.core.run_setup("setup.py", stop_after="init").get_command_obj("bdist_wheel")
wheel.ensure_finalized()
print(*wheel.get_tag(), file=sys.stderr)
"""


def tag(**environment):
    return run(TAG, ROOT, **environment).stderr.split()


def test_a_wheel_without_counters_is_for_every_python():
    assert tag(FASTTSNE_ANY_PYTHON="1")[:2] == ["py3", "none"]
    this = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert tag(FASTTSNE_ANY_PYTHON="0")[:2] == [this, this]


def files(folder, *patterns):
    found = {path for pattern in patterns for path in (ROOT / folder).rglob(pattern)}
    return {str(path.relative_to(ROOT)) for path in found if path.is_file()}


def test_an_sdist_holds_what_builds_and_runs_and_nothing_built(tmp_path):
    # In a copy, where no list of files is left of earlier builds.
    copy = tmp_path / "copy"
    for folder in ("csrc", "fasttsne", "tests"):
        shutil.copytree(ROOT / folder, copy / folder)
    for file in ROOT.glob("*.*"):
        if file.is_file():
            shutil.copy(file, copy)
    shutil.copy(ROOT / "LICENSE", copy)
    (copy / "fasttsne" / "built.so").touch()
    run("from setuptools import build_meta; build_meta.build_sdist('..')", copy)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    needed = files("csrc", "*.cpp", "*.h", "*.cu", "*.cuh", "CMakeLists.txt")
    needed = {name for name in needed if not name.startswith("csrc/tests/")}
    needed |= files("fasttsne", "*.py", "*.js", "*.css", "*.html", "py.typed")
    needed |= {"CMakeLists.txt", "setup.py", "pyproject.toml", "README.md", "LICENSE", "PKG-INFO"}
    assert len(needed) > 150 and needed <= inside, needed - inside
    assert not {name for name in inside if name.endswith((".so", ".pyc", ".o"))}
    assert not {name for name in inside if name.startswith(("tests", "csrc/tests", "build"))}
