"""What warns that a public name or parameter will go; docs/stability.md says how long that takes.

The warnings are FutureWarnings, as in scikit-learn. NumPy's kind, DeprecationWarning, Python
shows only where a script itself calls us, so that people who call us from a module of their own
would first learn of a removal from its error.

A name that other libraries use and we never had is no matter for this module: that is an error from
the start (:mod:`fasttsne.fit.foreign_names`).
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar, cast

_PACKAGE = os.path.join(Path(__file__).parent, "")

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Deprecation:
    """Something public that will go, as the warning tells it."""

    old: str
    """A name with its module, or the name of a parameter."""
    use: str
    """What to do instead, as the end of the message: ``'use new_name'``."""
    since: str
    """Version that warns first."""
    removed_in: str
    """Version that does without."""
    owner: str = ""
    """Of a parameter: its function."""

    def warn(self) -> None:
        """Warn at the line that called into this package."""
        warnings.warn(str(self), FutureWarning, stacklevel=_level_of_user())

    def __str__(self) -> str:
        what = f"parameter {self.old!r} of {self.owner}" if self.owner else self.old
        return (
            f"{what} is deprecated since fasttsne {self.since} and will be removed in "
            f"{self.removed_in}: {self.use}"
        )


registered: list[Deprecation] = []
"""All that the modules that were imported have deprecated."""


def renamed_parameter(
    old: str, new: str, *, since: str, removed_in: str
) -> Callable[[_Function], _Function]:
    """Decorate a function that takes ``new`` so that it takes ``old``, too, as a keyword.

    The signature has the new name alone. A parameter of :class:`fasttsne.TSNE` is renamed in
    ``__init__``, above all other decorators, and in ``set_params``.

    Raises
    ------
    TypeError
        From the function, if it gets both.
    """

    def decorate(function: _Function) -> _Function:
        owner = _name_of(function)
        deprecation = _register(Deprecation(old, f"use {new}", since, removed_in, owner))
        takes = signature(function)

        @wraps(function)
        def renaming(*args: Any, **given: Any) -> Any:
            if old in given:
                if new in given or new in takes.bind_partial(*args).arguments:
                    raise TypeError(f"{owner} got both {old!r} and its new name {new!r}: use {new}")
                deprecation.warn()
                given[new] = given.pop(old)
            return function(*args, **given)

        return cast(_Function, renaming)

    return decorate


def removed_parameter(
    name: str, use: str, *, since: str, removed_in: str
) -> Callable[[_Function], _Function]:
    """Decorate a function that takes ``name`` so that it warns where this is given.

    Until the removal the function obeys it as before.
    """

    def decorate(function: _Function) -> _Function:
        owner = _name_of(function)
        deprecation = _register(Deprecation(name, use, since, removed_in, owner))
        takes = signature(function)

        @wraps(function)
        def warning(*args: Any, **given: Any) -> Any:
            if name in given or name in takes.bind_partial(*args).arguments:
                deprecation.warn()
            return function(*args, **given)

        return cast(_Function, warning)

    return decorate


def removed_method(use: str, *, since: str, removed_in: str) -> Callable[[_Function], _Function]:
    """Decorate a method, or the getter of a property, so that it warns where it is called."""

    def decorate(function: _Function) -> _Function:
        old = f"{function.__module__}.{function.__qualname__}"
        deprecation = _register(Deprecation(old, use, since, removed_in))

        @wraps(function)
        def warning(*args: Any, **given: Any) -> Any:
            deprecation.warn()
            return function(*args, **given)

        return cast(_Function, warning)

    return decorate


def removed_names(
    module: str, names: dict[str, str], *, since: str, removed_in: str
) -> Callable[[str], Any]:
    """Return a ``__getattr__`` for a module whose functions, classes or constants go.

    ::

        __getattr__ = removed_names(
            __name__, {"old": "new", "gone": "_gone"}, since="0.2.0", removed_in="0.3.0"
        )

    Parameters
    ----------
    module : str
        Its ``__name__``.
    names : dict of str
        For each old name the one that the module keeps the object under: its new name, or with an
        underscore before it where there is none.
    since, removed_in : str
        As of :class:`Deprecation`.
    """
    deprecations = {
        old: _register(
            Deprecation(
                f"{module}.{old}",
                "nothing takes its place" if kept.startswith("_") else f"use {module}.{kept}",
                since,
                removed_in,
            )
        )
        for old, kept in names.items()
    }

    def __getattr__(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        deprecations[name].warn()
        return getattr(sys.modules[module], names[name])

    return __getattr__


def _register(deprecation: Deprecation) -> Deprecation:
    registered.append(deprecation)
    return deprecation


def _name_of(function: Callable[..., Any]) -> str:
    """Return what users call a function: a class for its ``__init__``."""
    return function.__qualname__.rpartition("<locals>.")[2].removesuffix(".__init__")


def _level_of_user() -> int:
    """Return the ``stacklevel``, as of the caller, of the innermost line that is not ours.

    Frames of the import system do not count, as ``warnings.warn`` passes over them.
    """
    level = 0
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not (is_import := "importlib" in file and "_bootstrap" in file):
            level += 1
        if not is_import and not file.startswith(_PACKAGE):
            break
        frame = frame.f_back
    return level
