"""``fasttsne embed``: a map of a table or of landmarks, as a file, a picture or a page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import page, plot, tables
from .._version import __version__
from .shared import add_input, fit, print_aligned, read, report


def add(commands: Any) -> None:
    """Add the command to the parser."""
    embed = commands.add_parser(
        "embed",
        help="make a t-SNE map of a table or of landmarks",
        description="Make a t-SNE map of a table or of landmarks.",
    )
    embed.set_defaults(run=run)
    option = embed.add_argument
    option(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help=f"where to write the map: {', '.join(tables.OUTPUTS)} (default, where there is no "
        "--plot or --html either: INPUT.tsne.npz in the current folder)",
    )
    option("--plot", metavar="MAP.png", type=Path, help="draw the map: .png, .pdf, .svg and others")
    option("--html", metavar="MAP.html", type=Path, help="write the map as an interactive page")
    option(
        "--compare-pca", action="store_true", help="draw PCA beside it, with what each one keeps"
    )
    add_input(embed)
    option("--quiet", action="store_true", help="print nothing but errors")


def run(arguments: argparse.Namespace) -> None:
    output = _output(arguments)
    table = read(arguments, arguments.dims if arguments.compare_pca else 1)
    tsne = fit(arguments, table.X)
    Y = tsne.embedding_

    written = []
    if output is not None:
        kl = float(tsne.kl_divergence_)
        parameters = _parameters(arguments, table, tsne)
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


def _output(arguments: argparse.Namespace) -> Path | None:
    """Where the map goes, if anywhere; everything that will be written is tried out."""
    output, picture = arguments.output, arguments.plot
    if arguments.compare_pca and picture is None:
        raise ValueError("--compare-pca draws a picture: name it with --plot")
    if arguments.html is not None:
        if arguments.dims != 2:
            raise ValueError(f"--html shows maps of two dimensions, got --dims {arguments.dims}")
        page.check_path(arguments.html)
    if output is None and picture is None and arguments.html is None:
        output = Path(f"{arguments.input.stem}.tsne.npz")
    if picture is not None:
        plot.check_path(picture)
        tables.check_writable(picture)
    if output is not None:
        tables.check_output(output)
        if output.exists() and arguments.input.exists() and output.samefile(arguments.input):
            raise ValueError(f"{output}: the map would replace the input")
    return output


def _parameters(arguments: argparse.Namespace, table: tables.Table, tsne: Any) -> dict[str, Any]:
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
