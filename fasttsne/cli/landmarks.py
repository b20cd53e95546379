"""``fasttsne landmarks``: features of facial landmarks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .._version import __version__
from ..tables import features as feature_files
from .inputs import add_landmark_options, options_of, print_notes
from .shared import add_command, check_not_input, print_aligned


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(commands, "landmarks", "compute features of landmarks", run)
    option = parser.add_argument
    option(
        "input",
        metavar="LANDMARKS",
        type=Path,
        help="landmark list, table of OpenFace or Py-Feat, or a folder of files of one kind",
    )
    option(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        required=True,
        help=f"where to write the features: {', '.join(feature_files.OUTPUTS)}; fasttsne embed "
        "reads them",
    )
    option("--clips", action="store_true", help="compute one row per clip, not per frame")
    option("--quiet", action="store_true", help="print nothing but errors")
    add_landmark_options(parser, "procrustes")


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    source, output = arguments.input, arguments.output
    feature_files.check_output(output)
    check_not_input(output, source, "the features")
    options = options_of(arguments)
    features = options.pop("features") or "procrustes"
    X, details, notes = feature_files.of_landmarks(source, features, arguments.clips, **options)
    if not arguments.quiet:
        print_notes(source, notes)
    details["parameters"] = {
        "version": __version__,
        "input": source.name,
        "features": features,
        "clips": arguments.clips,
    }
    feature_files.write(output, X, details)
    if not arguments.quiet:
        rows, columns = X.shape
        print_aligned(
            [
                ("rows", f"{rows:,} {'clips' if arguments.clips else 'frames'}"),
                ("columns", f"{columns:,}"),
                ("clips", f"{len(details['clip_names']):,}"),
                ("features", str(output)),
            ]
        )
