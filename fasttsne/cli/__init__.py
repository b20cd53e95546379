"""The command line.

``fasttsne embed`` makes a map of a file, ``fasttsne compare`` measures a map and the PCA of the
data, ``fasttsne mosaic`` makes a map of pictures, ``fasttsne landmarks`` computes features of
landmarks, and ``fasttsne info`` describes the build. Each command is a module with two functions:
``add`` declares its arguments and ``run`` runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


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
    try:
        # The commands import torch and others, which takes seconds in which Ctrl-C may come.
        from .parser import run
    except KeyboardInterrupt:
        print("fasttsne: interrupted", file=sys.stderr)
        return _INTERRUPTED
    return run(argv)
