"""``fasttsne landmarks``: from a list of landmarks to features."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import landmarks
from .._version import __version__
from ..tables import features as feature_files
from .shared import print_aligned


def add(commands: Any) -> None:
    about = "turn landmarks into features"
    parser = commands.add_parser("landmarks", help=about, description=f"{about.capitalize()}.")
    parser.set_defaults(run=run)
    option = parser.add_argument
    option("input", metavar="LIST", type=Path, help="landmark list, or OpenFace .csv")
    option(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        required=True,
        help=f"where to write them: {', '.join(feature_files.OUTPUTS)}; fasttsne embed reads it",
    )
    option(
        "--features",
        metavar="NAME",
        choices=landmarks.FEATURES,
        default="procrustes",
        help=f"{', '.join(landmarks.FEATURES)} (default: procrustes)",
    )
    option("--clips", action="store_true", help="a row for each clip, not for each frame")
    option("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> None:
    source, output = arguments.input, arguments.output
    feature_files.check_output(output)
    if output.exists() and source.exists() and output.samefile(source):
        raise ValueError(f"{output}: the features would replace the input")
    X, details = feature_files.of_landmarks(source, arguments.features, arguments.clips)
    details["parameters"] = {
        "version": __version__,
        "input": source.name,
        "features": arguments.features,
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
