"""``fasttsne embed``: a map of a table or of landmarks, as a file, a picture or a page."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import page, plot, tables
from .._version import __version__
from ..neighbors.search import Search
from . import ranks
from .inputs import STREAM, add_input, default_output, name_of, read
from .shared import (
    add_command,
    add_fit,
    check_not_input,
    check_picture,
    fit_table,
    print_aligned,
    report,
)

_NEIGHBORS_WRITTEN = 15
"""Neighbours of each row in a .parquet."""
_MOST_PICTURES = 10_000
"""Rows up to which a page holds their pictures."""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(commands, "embed", "make a t-SNE map of a table or of landmarks", run)
    option = parser.add_argument
    option(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help=f"where to write the map: {', '.join(tables.OUTPUTS)}, or - for CSV on standard "
        "output (default, if neither --plot nor --html is given: INPUT.tsne.npz in the current "
        "folder)",
    )
    option("--plot", metavar="MAP.png", type=Path, help="draw the map: .png, .pdf, .svg and others")
    option("--html", metavar="MAP.html", type=Path, help="write the map as an interactive page")
    option(
        "--compare-pca",
        action="store_true",
        help="draw PCA beside the map, with quality measures below each",
    )
    add_input(parser)
    add_fit(parser)
    option("--quiet", action="store_true", help="print nothing but errors")
    option(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        help="save the state of the fit every 50 iterations",
    )
    option(
        "--resume",
        action="store_true",
        help="finish the fit that --checkpoint saved; begin it if there is none yet",
    )


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    output = _check_outputs(arguments)
    rank, count = ranks.rank_and_count()
    least = arguments.dims if arguments.compare_pca else 1
    table = read(arguments, least, None if count == 1 else ranks.rows_of_this_rank)
    ranks.start()
    tsne = fit_table(arguments, table.X)
    Y = tsne.embedding_ if count == 1 else ranks.gather(tsne.embedding_)
    if rank > 0:
        return

    written = []
    if output is not None:
        parameters = _list_parameters(arguments, table, tsne)
        _write_map(output, Y, table, parameters, float(tsne.kl_divergence_))
        written.append(("map", str(output)))
    if arguments.plot is not None:
        plot.save(_draw(arguments, table, Y), arguments.plot)
        written.append(("plot", str(arguments.plot)))
    if arguments.html is not None:
        _write_page(arguments, table, Y)
        written.append(("page", str(arguments.html)))
    if not arguments.quiet:
        print_aligned([*report(tsne), *written], sys.stderr if output == STREAM else None)


def _write_map(
    output: Path, Y: Any, table: tables.Table, parameters: dict[str, Any], kl: float
) -> None:
    """Write the map to a file, or as CSV to standard output."""
    about = (table.labels, parameters, kl, table.label_names, table.names, table.details)
    if output != STREAM:
        near = _neighbors_of(table) if output.suffix.lower() == ".parquet" else None
        tables.write(output, Y, *about, near)
        return
    with tempfile.TemporaryDirectory(prefix="fasttsne-") as folder:
        path = Path(folder) / "map.csv"
        tables.write(path, Y, *about)
        sys.stdout.flush()
        sys.stdout.buffer.write(path.read_bytes())  # UTF-8, whatever the terminal speaks
        sys.stdout.buffer.flush()


def _neighbors_of(table: tables.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers and distances of the nearest other rows of each row, nearest first."""
    n = table.X.shape[0]
    X = torch.from_numpy(table.X) if isinstance(table.X, np.ndarray) else table.X
    k = min(_NEIGHBORS_WRITTEN, n - 1)
    near = Search()(X, k, torch.device("cpu")).in_order_of_data()
    return near.indices.numpy(), (near.unit * near.sq_distances.double().sqrt()).numpy()


def _draw(arguments: argparse.Namespace, table: tables.Table, Y: Any) -> Any:
    """Draw the map, with names on it if there are any, or beside PCA."""
    labels, names = table.labels, table.label_names
    about: dict[str, Any] = {"title": name_of(arguments.input), "legend_title": table.label_title}
    if arguments.compare_pca:
        return plot.compare(table.X, Y, labels, names, group=table.groups, **about)
    if table.names is not None and arguments.dims == 2:
        return plot.words(Y, table.names, labels=labels, label_names=names, **about)
    return plot.scatter(Y, labels, names, **about)


def _write_page(arguments: argparse.Namespace, table: tables.Table, Y: Any) -> None:
    images = table.images if len(Y) <= _MOST_PICTURES else None
    page.write(
        arguments.html,
        Y,
        table.labels,
        table.label_names,
        names=table.names,
        details=table.details,
        images=images,
        title=name_of(arguments.input),
        legend_title=table.label_title,
    )


def _check_outputs(arguments: argparse.Namespace) -> Path | None:
    """Check that all outputs can be written, and return the path of the map if there is one."""
    output = arguments.output
    if arguments.compare_pca and ranks.rank_and_count()[1] > 1:
        raise ValueError("--compare-pca needs all rows in one process, not in those of torchrun")
    if arguments.resume and arguments.checkpoint is None:
        raise ValueError("--resume goes on from a file: name it with --checkpoint")
    if arguments.checkpoint is not None:
        check_not_input(arguments.checkpoint, arguments.input, "the checkpoint")
    if arguments.compare_pca and arguments.plot is None:
        raise ValueError("--compare-pca draws a picture: name it with --plot")
    if arguments.html is not None:
        if arguments.dims != 2:
            raise ValueError(f"--html shows maps of two dimensions, got --dims {arguments.dims}")
        page.check_path(arguments.html)
    if output is None and arguments.plot is None and arguments.html is None:
        is_stream = arguments.input == STREAM
        output = STREAM if is_stream else default_output(arguments.input, ".tsne.npz")
    check_picture(arguments.plot)
    if output is not None and output != STREAM:
        tables.check_output(output)
        check_not_input(output, arguments.input, "the map")
    return output


def _list_parameters(
    arguments: argparse.Namespace, table: tables.Table, tsne: Any
) -> dict[str, Any]:
    """Return what the file of the map tells about how it was made."""
    return {
        "version": __version__,
        "input": name_of(arguments.input),
        "features": table.features,
        "labels": table.label_title,
        "n_components": arguments.dims,
        "perplexity": float(tsne.perplexity),
        "method": tsne.report_.method,
        "learning_rate": float(tsne.learning_rate_),
        "n_iter": tsne.report_.iterations,
        "random_state": arguments.seed,
    }
