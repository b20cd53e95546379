"""The arguments of all commands, and how a command is run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from .._version import __version__
from . import compare, embed, info, landmarks, mosaic
from .shared import exit_status


def run(argv: Sequence[str] | None) -> int:
    """Parse the arguments, run the command, and return the exit status of `fasttsne.cli.main`."""

    def run_command() -> None:
        arguments = _parser().parse_args(argv)
        arguments.run(arguments)

    return exit_status("fasttsne", run_command)


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
