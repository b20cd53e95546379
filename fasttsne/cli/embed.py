"""``fasttsne embed``: a map of a table or of landmarks, as a file, a picture or a page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import page, plot, tables
from .._version import __version__
from . import ranks
from .shared import (
    add_command,
    add_input,
    check_not_input,
    check_picture,
    fit_table,
    print_aligned,
    read,
    report,
)


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(commands, "embed", "make a t-SNE map of a table or of landmarks", run)
    option = parser.add_argument
    option(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help=f"where to write the map: {', '.join(tables.OUTPUTS)} (default, if neither "
        "--plot nor --html is given: INPUT.tsne.npz in the current folder)",
    )
    option("--plot", metavar="MAP.png", type=Path, help="draw the map: .png, .pdf, .svg and others")
    option("--html", metavar="MAP.html", type=Path, help="write the map as an interactive page")
    option(
        "--compare-pca",
        action="store_true",
        help="draw PCA beside the map, with quality measures below each",
    )
    add_input(parser)
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
    table = read(
        arguments,
        arguments.dims if arguments.compare_pca else 1,
        None if count == 1 else ranks.rows_of_this_rank,
    )
    ranks.start()
    tsne = fit_table(arguments, table.X)
    Y = tsne.embedding_ if count == 1 else ranks.gather(tsne.embedding_)
    if rank > 0:
        return

    written = []
    if output is not None:
        kl = float(tsne.kl_divergence_)
        parameters = _list_parameters(arguments, table, tsne)
        tables.write(output, Y, table.labels, parameters, kl, table.label_names, table.names)
        written.append(("map", str(output)))
    if arguments.plot is not None:
        labels, names, title = table.labels, table.label_names, arguments.input.name
        if arguments.compare_pca:
            figure = plot.compare(table.X, Y, labels, names, title=title)
        elif table.names is not None and arguments.dims == 2:
            figure = plot.words(Y, table.names, labels=labels, label_names=names, title=title)
        else:
            figure = plot.scatter(Y, labels, names, title=title)
        plot.save(figure, arguments.plot)
        written.append(("plot", str(arguments.plot)))
    if arguments.html is not None:
        title = arguments.input.name
        page.write(
            arguments.html, Y, table.labels, table.label_names, names=table.names, title=title
        )
        written.append(("page", str(arguments.html)))
    if not arguments.quiet:
        print_aligned([*report(tsne), *written])


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
        output = Path(f"{arguments.input.stem}.tsne.npz")
    check_picture(arguments.plot)
    if output is not None:
        tables.check_output(output)
        check_not_input(output, arguments.input, "the map")
    return output


def _list_parameters(
    arguments: argparse.Namespace, table: tables.Table, tsne: Any
) -> dict[str, Any]:
    """Return what the file of the map tells about how it was made."""
    return {
        "version": __version__,
        "input": arguments.input.name,
        "features": table.features,
        "n_components": arguments.dims,
        "perplexity": arguments.perplexity,
        "method": tsne.report_.method,
        "learning_rate": float(tsne.learning_rate_),
        "n_iter": tsne.report_.iterations,
        "random_state": arguments.seed,
    }
