"""``fasttsne info``: what was built and what runs."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: Any) -> None:
    """Add the command to the parser."""
    info = commands.add_parser(
        "info",
        help="tell what was built and what runs",
        description="Tell what was built and what runs.",
    )
    info.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    import fasttsne

    print(fasttsne.show_config())
