"""``fasttsne mosaic``: a map of pictures, with the pictures in it."""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from .. import images, plot, tables
from ..progress import default_listener
from .shared import one_line, print_aligned, report

_MOSAICS = (".png", ".jpg", ".jpeg")


def add(commands: Any) -> None:
    mosaic = commands.add_parser(
        "mosaic",
        help="make a t-SNE map of pictures, with the pictures in it",
        description="Make a t-SNE map of pictures, with the pictures in it.",
    )
    mosaic.set_defaults(run=run)
    option = mosaic.add_argument
    option(
        "input",
        metavar="INPUT",
        type=Path,
        help="folder of pictures, or .npz with images (n, height, width[, 3]) and, if there are "
        "better features than pixels, X (n, d)",
    )
    option(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help=f"the mosaic: {', '.join(_MOSAICS)} (default: INPUT.mosaic.png in the current folder)",
    )
    option("--grid", action="store_true", help="side by side in a grid, none over another")
    option(
        "--json",
        metavar="POINTS.json",
        type=Path,
        help="write the map for viewers of image t-SNE, too: paths, and points from 0 to 1",
    )
    option("--size", metavar="WxH", type=_size, default=(4000, 3000), help="default: 4000x3000")
    option(
        "--tile",
        metavar="N",
        type=int,
        default=100,
        help="longer side of each picture, pixels (default: 100)",
    )
    option(
        "--visible",
        metavar="F",
        type=_fraction,
        default=0.0,
        help="leave out pictures of which others would leave less than this in sight, "
        "0 to 1 (default: 0)",
    )
    option(
        "--pca",
        metavar="N",
        type=int,
        default=50,
        help="principal components to reduce the features to first (default: 50)",
    )
    option("--perplexity", metavar="P", type=float, default=30.0, help="default: 30")
    option("--seed", metavar="S", type=int, default=0, help="default: 0")
    option("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> None:
    from sklearn.decomposition import PCA

    from .. import TSNE

    output = _output(arguments)
    if arguments.input.suffix.lower() == ".npz":
        pictures, X = images.read_npz(arguments.input)
        if X is None:
            X = images.pixels(pictures)
    else:
        pictures, X = _readable(images.files(arguments.input), arguments.quiet)
    if len(X) < 2:
        raise ValueError(f"{arguments.input}: a map takes 2 pictures or more, got {len(X)}")
    if min(X.shape) > arguments.pca:
        X = PCA(arguments.pca, random_state=arguments.seed).fit_transform(X)
    with warnings.catch_warnings(), nullcontext() if arguments.quiet else default_listener() as bar:
        if arguments.quiet:
            warnings.simplefilter("ignore")
        tsne = TSNE(perplexity=arguments.perplexity, random_state=arguments.seed, progress=bar)
        Y = tsne.fit_transform(X)

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


def _output(arguments: argparse.Namespace) -> Path:
    """Where the mosaic goes; what can be checked without reading pictures is."""
    images.require_pillow()
    output = arguments.output or Path(f"{arguments.input.resolve().stem}.mosaic.png")
    if output.suffix.lower() not in _MOSAICS:
        raise ValueError(f"{output}: a mosaic must end in one of {', '.join(_MOSAICS)}")
    if output.exists() and output.resolve().is_relative_to(arguments.input.resolve()):
        raise ValueError(f"{output}: the mosaic would replace a picture of the input")
    if arguments.json is not None and arguments.input.suffix.lower() == ".npz":
        raise ValueError("--json names the files of pictures: it takes a folder of them")
    for path in (output, arguments.json):
        if path is not None:
            tables.check_writable(path)
    plot.check_size(arguments.size, arguments.tile)
    if arguments.pca < 1:
        raise ValueError(f"--pca must be 1 or more, got {arguments.pca}")
    return output


def _readable(paths: Sequence[Path], quiet: bool) -> tuple[list[Path], np.ndarray]:
    """Those of the pictures that can be read, and their pixels; the others are named."""
    readable, rows = [], []
    for path in paths:
        try:
            rows.append(images.pixels([path])[0])
            readable.append(path)
        except OSError as error:
            if not quiet:
                print(f"fasttsne: warning: {one_line(error)}; left out", file=sys.stderr)
    if not rows:
        raise ValueError(f"none of {len(paths)} pictures can be read, the first is {paths[0]}")
    return readable, np.stack(rows)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text, re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(f"must be like 4000x3000, got {text!r}")
    return int(match[1]), int(match[2])


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be 0 to 1, got {text!r}")
    return value
