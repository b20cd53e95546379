"""What warns that a name goes; nothing stays longer than it was said to stay."""

import importlib
import pkgutil
import re
import sys
import types
import warnings
from inspect import signature

import pytest
from sklearn.base import clone

import fasttsne
from fasttsne import _deprecation
from fasttsne._deprecation import (
    Deprecation,
    removed_method,
    removed_names,
    removed_parameter,
    renamed_parameter,
)
from fasttsne.fit.foreign_names import OUR_NAMES, suggest_our_names

WHEN = {"since": "0.2.0", "removed_in": "0.3.0"}


@pytest.fixture(scope="module")
def library():
    """What the library has deprecated."""
    for module in pkgutil.walk_packages(fasttsne.__path__, "fasttsne."):
        if not module.name.startswith(("fasttsne._C", "fasttsne.lib")):
            importlib.import_module(module.name)
    return [*_deprecation.registered]


@pytest.fixture(autouse=True)
def nothing_registered(library, monkeypatch):
    """What these tests deprecate is not deprecated in the library."""
    monkeypatch.setattr(_deprecation, "registered", [])


def line_of(warned, text):
    """Return whether the one warning points at a line of this file that holds some text."""
    (warning,) = warned
    lines = open(warning.filename).read().splitlines()
    return warning.filename == __file__ and text in lines[warning.lineno - 1]


def version(text):
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def broken_rules(deprecations, present):
    """Yield what docs/stability.md does not allow, with why."""
    for one in deprecations:
        since, removed_in = version(one.since), version(one.removed_in)
        if removed_in <= version(present):
            yield f"overdue in {present}: {one}"
        if removed_in[2] or removed_in[:2] <= since[:2]:
            yield f"not for a whole minor release: {one}"
        if removed_in[0] and removed_in[1]:
            yield f"from 1.0 on, only a major release removes: {one}"


def test_a_renamed_parameter():
    @renamed_parameter("df", "dof", **WHEN)
    def kernel(Y, dof=1.0, *, scale=1):
        return Y, dof, scale

    told = (
        "parameter 'df' of kernel is deprecated since fasttsne 0.2.0 and will be removed in "
        "0.3.0: use dof"
    )
    with pytest.warns(FutureWarning, match=f"^{re.escape(told)}$") as warned:
        assert kernel(3, df=2, scale=5) == (3, 2, 5)  # this line
    assert line_of(warned, "# this line")
    assert [*signature(kernel).parameters] == ["Y", "dof", "scale"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kernel(3) == (3, 1, 1) and kernel(3, 2) == kernel(3, dof=2) == (3, 2, 1)
        for given in ({"dof": 2}, {"dof": None}):
            with pytest.raises(TypeError, match="kernel got both 'df' and its new name 'dof'"):
                kernel(3, df=1, **given)
        with pytest.raises(TypeError, match="kernel got both"):
            kernel(3, 2, df=1)


def test_a_renamed_parameter_of_the_estimator():
    """As scikit-learn uses it; names of other libraries are errors as before."""

    class TSNE(fasttsne.TSNE):
        @renamed_parameter("breadth", "perplexity", **WHEN)
        @suggest_our_names
        def __init__(self, perplexity=30.0):
            super().__init__(perplexity=perplexity)

        @renamed_parameter("breadth", "perplexity", **WHEN)
        def set_params(self, **given):
            return super().set_params(**given)

    with pytest.warns(FutureWarning, match="parameter 'breadth' of TSNE is") as warned:
        old = TSNE(breadth=7)  # made
    assert line_of(warned, "# made")
    with pytest.warns(FutureWarning, match=r"of TSNE.set_params is") as warned:
        old.set_params(breadth=8)  # set
    assert line_of(warned, "# set")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert clone(old).get_params() == {"perplexity": 8}
        with pytest.raises(TypeError, match="'theta': use angle"):
            TSNE(theta=0.5)


def test_a_removed_parameter():
    @removed_parameter("jobs", "use torch.set_num_threads", **WHEN)
    def search(X, jobs=None):
        return X, jobs

    for call in (lambda: search(1, jobs=4), lambda: search(1, 4)):
        with pytest.warns(FutureWarning, match="'jobs' of search .*: use torch.set_num") as warned:
            assert call() == (1, 4)
        assert line_of(warned, "lambda: search(1, 4)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert search(1) == (1, None)


def test_a_removed_method_and_property():
    class Map:
        @removed_method("use turned", **WHEN)
        def rotated(self, angle):
            return angle

        @property
        @removed_method("use extent", **WHEN)
        def width(self):
            return 3

    with pytest.warns(FutureWarning, match=r"Map\.rotated is deprecated .*: use turned$") as warned:
        assert Map().rotated(2) == 2  # rotated
    assert line_of(warned, "# rotated")
    with pytest.warns(FutureWarning, match=r"Map\.width is deprecated") as warned:
        assert Map().width == 3  # width
    assert line_of(warned, "# width")


@pytest.fixture(params=["module", "package"])
def room(request, monkeypatch):
    """A module of which two names go; with a package, ``from ... import`` asks for them twice."""
    room = types.ModuleType("room")
    if request.param == "package":
        room.__path__ = []
    room.new, room._gone = object(), object()
    room.__getattr__ = removed_names("room", {"old": "new", "gone": "_gone"}, **WHEN)
    monkeypatch.setitem(sys.modules, "room", room)
    return room


def test_names_of_a_module(room):
    with pytest.warns(FutureWarning, match=r"^room\.old is .* 0\.3\.0: use room\.new$") as warned:
        assert room.old is room.new  # read
    assert line_of(warned, "# read")
    with pytest.warns(FutureWarning, match=r"^room\.gone is .*: nothing takes its place$"):
        assert room.gone is room._gone
    with pytest.raises(AttributeError, match=r"^module 'room' has no attribute 'nothing'$"):
        room.nothing  # noqa: B018
    assert not hasattr(room, "nothing")


def test_names_that_are_imported_from_a_module(room):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")
        from room import old  # imported

        assert old is room.new
    assert line_of(warned, "# imported")
    with pytest.raises(ImportError, match="cannot import name 'nothing' from 'room'"):
        from room import nothing  # noqa: F401


def test_the_line_is_the_users_however_deep_the_name_is_used(monkeypatch):
    @renamed_parameter("df", "dof", **WHEN)
    def kernel(dof=1.0):
        return dof

    # A function of ours between the user and what is deprecated.
    between = compile("def between(): return kernel(df=2)", _deprecation.__file__, "exec")
    names = {"kernel": kernel}
    exec(between, names)
    with pytest.warns(FutureWarning) as warned:
        names["between"]()  # deep
    assert line_of(warned, "# deep")


def test_all_that_is_deprecated_is_registered(room):
    renamed_parameter("a", "b", **WHEN)(lambda b: b)
    removed_parameter("b", "use c", **WHEN)(lambda b: b)
    removed_method("use c", **WHEN)(lambda b: b)
    assert len(_deprecation.registered) == 5
    assert {one.removed_in for one in _deprecation.registered} == {"0.3.0"}


def test_the_rules_are_seen_to_be_broken():
    def broken(since, removed_in, present="0.9.3"):
        (one,) = [*broken_rules([Deprecation("old", "use new", since, removed_in)], present)] or [
            ""
        ]
        return one.partition(":")[0]

    assert not broken("0.9.0", "0.10.0") and not broken("0.9.0", "1.0.0")
    for present in ("0.10.0", "0.10.1", "0.10.0rc1", "1.0.0"):
        assert broken("0.9.0", "0.10.0", present) == f"overdue in {present}"
    told = "from 1.0 on, only a major release removes"
    assert broken("0.9.0", "1.1.0") == told and broken("1.0.0", "1.1.0") == told
    for removed_in in ("0.9.4", "0.10.1", "1.0.1"):
        assert broken("0.9.0", removed_in) == "not for a whole minor release"
    assert not broken("1.2.0", "2.0.0", "1.2.3")
    assert broken("1.2.0", "1.3.0", "1.2.3") == "from 1.0 on, only a major release removes"
    assert broken("0.10.0", "0.10.0") == "not for a whole minor release"


def test_nothing_is_overdue(library):
    assert not [*broken_rules(library, fasttsne.__version__)]
    # A name that we had is no foreign one, of which an error tells.
    assert not {one.old for one in library if one.owner.startswith("TSNE")} & {*OUR_NAMES}
