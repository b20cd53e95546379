"""``fasttsne info``: the configuration of this installation."""

from __future__ import annotations

import argparse
from typing import Any

from .shared import add_command


def add(commands: Any) -> None:
    """Add the command to the parser."""
    about = "print versions, compiled kernels and what this machine supports"
    add_command(commands, "info", about, run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    import fasttsne

    print(fasttsne.show_config())
