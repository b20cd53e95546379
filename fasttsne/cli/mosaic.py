"""``fasttsne mosaic``: a map of pictures, drawn with the pictures at their points."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import images, plot, tables
from ..tables.files import check_extension
from .inputs import default_output, parse_size
from .shared import add_command, add_perplexity, describe_error, fit, print_aligned, report

_FORMATS = (".png", ".jpg", ".jpeg")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    about = "make a t-SNE map of pictures, drawn with the pictures"
    parser = add_command(commands, "mosaic", about, run)
    option = parser.add_argument
    option(
        "input",
        metavar="INPUT",
        type=Path,
        help="folder of pictures, or .npz with images (n, height, width[, 3]) and, optionally, "
        "features X (n, d); default features: the pixels",
    )
    option(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help=f"the mosaic: {', '.join(_FORMATS)} (default: INPUT.mosaic.png in the current folder)",
    )
    option("--grid", action="store_true", help="draw pictures side by side in a grid")
    option(
        "--json",
        metavar="POINTS.json",
        type=Path,
        help="also write the map for viewers of image t-SNE: paths, and points from 0 to 1",
    )
    option(
        "--size",
        metavar="WxH",
        type=parse_size,
        default=(4000, 3000),
        help="pixels (default: 4000x3000)",
    )
    option(
        "--tile",
        metavar="N",
        type=int,
        default=100,
        help="longer side of each picture in pixels (default: 100)",
    )
    option(
        "--visible",
        metavar="F",
        type=_parse_fraction,
        default=0.0,
        help="leave out pictures of whose area less than this share would be visible, "
        "0 to 1 (default: 0)",
    )
    option(
        "--pca",
        metavar="N",
        type=int,
        default=50,
        help="principal components to which the features are reduced first (default: 50)",
    )
    add_perplexity(parser)
    option("--seed", metavar="S", type=int, default=0, help="default: 0")
    option("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    from sklearn.decomposition import PCA

    output = _check_outputs(arguments)
    if arguments.input.suffix.lower() == ".npz":
        pictures, X = images.read_npz(arguments.input)
        if X is None:
            X = images.pixels(pictures)
    else:
        pictures, X = _read_pictures(images.files(arguments.input), arguments.quiet)
        _tell_of_others(arguments.input, arguments.quiet)
    if len(X) < 2:
        raise ValueError(f"{arguments.input}: a map needs 2 pictures or more, got {len(X)}")
    if min(X.shape) > arguments.pca:
        X = PCA(arguments.pca, random_state=arguments.seed).fit_transform(X)
    tsne = fit(X, arguments.quiet, perplexity=arguments.perplexity, random_state=arguments.seed)
    Y = tsne.embedding_

    if arguments.grid:
        mosaic = plot.mosaic_grid(pictures, Y, arguments.size, arguments.tile)
    else:
        mosaic = plot.mosaic(
            pictures,
            Y,
            arguments.size,
            arguments.tile,
            visible=arguments.visible,
            seed=arguments.seed,
        )
    with tables.replacing(output) as temporary:
        mosaic.save(temporary, quality=90)
    written = [("mosaic", f"{output}: {len(mosaic.info['shown']):,} of {len(X):,} pictures")]
    if arguments.json is not None:
        plot.write_points_json(arguments.json, [path.resolve() for path in pictures], Y)
        written.append(("json", str(arguments.json)))
    if not arguments.quiet:
        print_aligned([*report(tsne), *written])


def _check_outputs(arguments: argparse.Namespace) -> Path:
    """Check all that can be checked without reading pictures; return the path of the mosaic."""
    images.require_pillow()
    output = arguments.output or default_output(arguments.input, ".mosaic.png")
    check_extension(output, _FORMATS, "a mosaic")
    if output.exists() and output.resolve().is_relative_to(arguments.input.resolve()):
        raise ValueError(f"{output}: the mosaic would replace a picture of the input")
    if arguments.json is not None and arguments.input.suffix.lower() == ".npz":
        raise ValueError(
            f"--json needs a folder of pictures, whose paths it writes, got {arguments.input}"
        )
    for path in (output, arguments.json):
        if path is not None:
            tables.check_writable(path)
    plot.check_size(arguments.size, arguments.tile)
    if arguments.pca < 1:
        raise ValueError(f"--pca must be 1 or more, got {arguments.pca}")
    return output


def _tell_of_others(folder: Path, quiet: bool) -> None:
    """Warn of pictures in forms that are not read."""
    others = images.unread(folder)
    if others and not quiet:
        kinds = Counter(path.suffix.lower() for path in others)
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        print(
            f"fasttsne: warning: {folder}: {told} left out, as these forms are not read; convert "
            "them to JPEG or PNG",
            file=sys.stderr,
        )


def _read_pictures(paths: Sequence[Path], quiet: bool) -> tuple[list[Path], np.ndarray]:
    """Return the paths of the pictures that can be read, and their pixels; warn of the others."""
    readable, rows = [], []
    for path in paths:
        try:
            rows.append(images.pixels([path])[0])
            readable.append(path)
        except OSError as error:
            if not quiet:
                print(f"fasttsne: warning: {describe_error(error)}; left out", file=sys.stderr)
    if not rows:
        raise ValueError(f"none of {len(paths)} pictures can be read, the first is {paths[0]}")
    return readable, np.stack(rows)


def _parse_fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be 0 to 1, got {text!r}")
    return value
