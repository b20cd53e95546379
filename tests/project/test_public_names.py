"""Public names are those that docs/api shows; docs/stability.md lists the modules that are not."""

import dataclasses
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pandas as pd
import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate
from sample import points

import fasttsne

ROOT = Path(__file__).resolve().parents[2]
SPECIFICATION = "fasttsne.reference"
# Of numpydoc: no docstring; a parameter is missing, is unknown, is in another place; no section on
# what is returned or yielded.
FAULTS = {"GL08", "PR01", "PR02", "PR03", "RT01", "YD01"}
# What a method that takes the place of another need not say again.
SAID_BEFORE = {"PR01", "RT01", "YD01"}
# It reads the pages as `make docs` does, and prints the kind of each name that they document.
READ = """
import json, sys, tempfile
from sphinx.application import Sphinx
with tempfile.TemporaryDirectory() as folder:
    site = Sphinx("docs/api", "docs", folder, folder, "dummy", status=None, warningiserror=True)
    site.builder.read()
    objects = site.env.domaindata["py"]["objects"]
print(json.dumps({name: one.objtype for name, one in objects.items() if not one.aliased}))
"""


@pytest.fixture(scope="module")
def documented():
    """For each name that docs/api shows, with its module, what kind of thing it is."""
    done = subprocess.run(
        [sys.executable, "-c", READ], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kinds = json.loads(done.stdout)
    assert len(kinds) > 200
    # The reference is shown as a specification.
    return {name: kind for name, kind in kinds.items() if not name.startswith(SPECIFICATION)}


def modules_that_are_not_public():
    """Return the modules that docs/stability.md lists as such."""
    page = (ROOT / "docs" / "stability.md").read_text()
    part = page.split("## What is not public\n")[1].split("\n## ")[0]
    return {*re.findall(r"^\| `(fasttsne\.\w+)` \|", part, re.MULTILINE)}


def public_looking_modules():
    found = {module.name for module in pkgutil.iter_modules(fasttsne.__path__)}
    return {f"fasttsne.{name}" for name in found if not name.startswith(("_", "libfasttsne"))}


def by_module(documented):
    """For each module that shows anything, the names of functions, classes and constants there."""
    shown = {name: set() for name, kind in documented.items() if kind == "module"}
    for name, kind in documented.items():
        if kind in ("function", "class", "data", "exception"):
            module, _, last = name.rpartition(".")
            shown.setdefault(module, set()).add(last)
    return shown


def test_every_module_is_documented_or_said_not_to_be_public(documented):
    shown, hidden = {*by_module(documented)} - {"fasttsne"}, modules_that_are_not_public()
    assert SPECIFICATION in hidden and not shown & hidden
    assert shown | hidden == public_looking_modules()


def test_what_modules_show_is_what_is_documented(documented):
    at_the_top = {id(getattr(fasttsne, name)) for name in fasttsne.__all__}
    wrong = []
    for module, names in by_module(documented).items():
        thing = resolve_name(module)
        if not hasattr(thing, "__all__"):
            wrong.append(f"{module} has no __all__")
            continue
        public = {name for name in thing.__all__ if not name.startswith("__")}
        # What docs/api shows as fasttsne.Phase is not shown as fasttsne.schedule.Phase, too.
        again = {name for name in public - names if id(getattr(thing, name)) in at_the_top}
        again = again if module != "fasttsne" else set()
        wrong += [f"docs/api does not show {module}.{name}" for name in public - names - again]
        wrong += [f"{module}.__all__ lacks {name}" for name in names - public]
    assert not wrong


def classes_of(documented):
    return {name: resolve_name(name) for name, kind in documented.items() if kind == "class"}


def ours(cls):
    return [base for base in cls.__mro__ if base.__module__.startswith("fasttsne.")]


def test_public_methods_are_documented(documented):
    classes = classes_of(documented)
    wrong = []
    for name, cls in classes.items():
        shown = [other for other, base in classes.items() if base in cls.__mro__]
        for base in ours(cls):
            for method, value in vars(base).items():
                is_method = callable(value) or isinstance(value, (property, classmethod))
                if is_method and not method.startswith("_"):
                    if not {f"{one}.{method}" for one in shown} & {*documented}:
                        wrong.append(f"docs/api does not show {name}.{method}")
    assert not wrong


def is_record(cls):
    return dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")


def names_in(sections, docstring):
    """Return the names that some sections of a docstring describe, in their order."""
    doc = NumpyDocString(inspect.cleandoc(docstring))
    return [name for part in sections for entry in doc[part] for name in entry.name.split(", ")]


def test_records_describe_each_of_their_fields(documented):
    wrong = []
    for name, cls in classes_of(documented).items():
        if not is_record(cls):
            continue
        fields = [*(cls._fields if hasattr(cls, "_fields") else cls.__dataclass_fields__)]
        fields = [field for field in fields if not field.startswith("_")]
        described = names_in(["Parameters", "Attributes"], cls.__doc__) or [
            one.rpartition(".")[2]
            for one, kind in documented.items()
            if kind == "attribute" and one.startswith(f"{name}.")
        ]
        if described != fields:
            wrong.append(f"{name} has {fields} and describes {described}")
    assert not wrong


def is_override(name):
    """Whether a method takes the place of that of a base."""
    cls, method = resolve_name(name.rpartition(".")[0]), name.rpartition(".")[2]
    return sum(method in vars(base) for base in cls.__mro__) > 1


def test_docstrings_describe_parameters_and_results(documented):
    wrong = []
    for name, kind in documented.items():
        faults = FAULTS
        if kind == "class":
            cls = resolve_name(name)
            if is_record(cls) or "__init__" not in [x for base in ours(cls) for x in vars(base)]:
                faults = {"GL08"}
        elif kind in ("method", "property"):
            faults = FAULTS - SAID_BEFORE if is_override(name) else FAULTS
        elif kind != "function":
            continue
        wrong += [f"{name}: {why}" for code, why in validate(name)["errors"] if code in faults]
    assert not wrong, "\n".join(wrong)


def test_attributes_of_a_fit_are_documented():
    frame = pd.DataFrame(points("clustered", 60, 3).numpy(), columns=list("abc"))
    fitted = fasttsne.TSNE(perplexity=5, random_state=0).fit(frame)
    found = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    assert found == {*names_in(["Attributes"], fasttsne.TSNE.__doc__)}
    assert np.isfinite(fitted.embedding_).all()
