"""``fasttsne compare``: what a map keeps of the data, and what PCA does."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import comparison, metrics, plot, tables
from .shared import add_input, fit, print_aligned, read, report


def add(commands: Any) -> None:
    """Add the command to the parser."""
    compare = commands.add_parser(
        "compare",
        help="measure what a t-SNE map keeps of the data and what PCA does",
        description="Measure what a t-SNE map keeps of the data and what PCA does.",
    )
    compare.set_defaults(run=run)
    compare.add_argument("--plot", metavar="MAPS.png", type=Path, help="draw both maps")
    add_input(compare)
    compare.add_argument("--quiet", action="store_true", help="print the comparison alone")


def run(arguments: argparse.Namespace) -> None:
    picture = arguments.plot
    if picture is not None:
        plot.check_path(picture)
        tables.check_writable(picture)
    table = read(arguments, arguments.dims)
    tsne = fit(arguments, table.X)
    maps = comparison.beside_pca(table.X, tsne.embedding_, arguments.seed)
    judge = metrics.Judge(
        table.X, table.labels, perplexity=arguments.perplexity, seed=arguments.seed
    )
    found = [judge(points) for points in maps.values()]
    rows = [] if arguments.quiet else report(tsne)
    rows.append(("", "".join(f"{name:>9}" for name in maps)))
    for name in found[0]:
        rows.append((name, "".join(f"{metrics.digits(one[name]):>9}" for one in found)))
    if picture is not None:
        figure = plot.side_by_side(
            maps,
            table.labels,
            table.label_names,
            captions=[
                comparison.caption(comparison.measures(table.X, points, table.labels))
                for points in maps.values()
            ],
            title=arguments.input.name,
        )
        plot.save(figure, picture)
        rows += [] if arguments.quiet else [("plot", str(picture))]
    print_aligned(rows)
