"""The command line.

``fasttsne embed`` makes a map of a file, ``fasttsne compare`` says what the map keeps that PCA does
not, ``fasttsne mosaic`` makes a map of pictures, ``fasttsne landmarks`` turns landmarks into
features, ``fasttsne info`` tells the build. Each is a module with ``add``, its arguments, and
``run``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from .._version import __version__
from . import compare, embed, info, landmarks, mosaic
from .shared import one_line, print_aligned, report

__all__ = ["main", "print_aligned", "report"]

_BAD_INPUT = 2
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name. Default: those of the process.

    Returns
    -------
    int
        Exit status: 0, 2 after bad input (one line on stderr says what is wrong), or 130 after
        Ctrl-C. A file is either written whole or left as it was.

    Raises
    ------
    SystemExit
        After ``--help`` and ``--version``, with status 0.
    """
    try:
        arguments = _parser().parse_args(argv)
        arguments.run(arguments)
    except KeyboardInterrupt:
        print("fasttsne: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except (ValueError, FloatingPointError, OSError, ImportError, MemoryError) as error:
        print(f"fasttsne: error: {one_line(error)}", file=sys.stderr)
        return _BAD_INPUT
    return 0


class _Parser(argparse.ArgumentParser):
    """Reports a mistake as everything else does: one line, and no usage above it."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="fasttsne", description="Fast t-SNE maps.")
    parser.add_argument("--version", action="version", version=f"fasttsne {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (embed, compare, mosaic, landmarks, info):
        command.add(commands)
    return parser
