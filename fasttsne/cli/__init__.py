"""The command line.

``fasttsne embed`` makes a map of a file, ``fasttsne compare`` measures a map and the PCA of the
data, ``fasttsne mosaic`` makes a map of pictures, ``fasttsne landmarks`` computes features of
landmarks, and ``fasttsne info`` describes the build. Each command is a module with two functions:
``add`` declares its arguments and ``run`` runs it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from .._version import __version__
from . import compare, embed, info, landmarks, mosaic
from .shared import exit_status

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the name of the program. Default: those of the process.

    Returns
    -------
    int
        Exit status: 0 after success; 2 after bad input, with one line on stderr that says what is
        wrong; 130 after Ctrl-C. Output files are complete or unchanged in all cases.

    Raises
    ------
    SystemExit
        With status 0 after ``--help`` and ``--version``.
    """

    def run() -> None:
        arguments = _parser().parse_args(argv)
        arguments.run(arguments)

    return exit_status("fasttsne", run)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are reported as all others: in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="fasttsne", description="Fast t-SNE maps.")
    parser.add_argument("--version", action="version", version=f"fasttsne {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (embed, compare, mosaic, landmarks, info):
        command.add(commands)
    return parser
