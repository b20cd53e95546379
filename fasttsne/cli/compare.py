"""``fasttsne compare``: quality measures of a t-SNE map and of PCA."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .. import comparison, metrics, plot
from ..plot.maps import measured_captions
from .inputs import add_input, name_of, read
from .shared import add_command, add_fit, check_picture, fit_table, print_aligned, report


def add(commands: Any) -> None:
    """Add the command to the parser."""
    about = "measure how well a t-SNE map and PCA preserve the data"
    parser = add_command(commands, "compare", about, run)
    parser.add_argument("--plot", metavar="MAPS.png", type=Path, help="draw both maps")
    add_input(parser)
    add_fit(parser)
    parser.add_argument("--quiet", action="store_true", help="print the comparison alone")


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    picture = arguments.plot
    check_picture(picture)
    table = read(arguments, arguments.dims)
    is_scale = table.labels is not None and table.labels.dtype.kind == "f"
    classes = None if is_scale else table.labels
    tsne = fit_table(arguments, table.X)
    maps = comparison.beside_pca(table.X, tsne.embedding_, arguments.seed)
    judge = metrics.Judge(
        table.X,
        classes,
        perplexity=tsne.perplexity,
        seed=arguments.seed,
        group=table.groups,
    )
    found = [judge(points) for points in maps.values()]
    rows = [] if arguments.quiet else report(tsne)
    if table.groups is not None and not arguments.quiet and classes is not None:
        rows.append(("groups", f"rows of the same {table.group_kind} do not vote on each other"))
    rows.append(("", "".join(f"{name:>9}" for name in maps)))
    for name in found[0]:
        rows.append((name, "".join(f"{metrics.digits(one[name]):>9}" for one in found)))
    if picture is not None:
        figure = plot.side_by_side(
            maps,
            table.labels,
            table.label_names,
            captions=measured_captions(table.X, maps, classes, group=table.groups),
            title=name_of(arguments.input),
            legend_title=table.label_title,
        )
        plot.save(figure, picture)
        rows += [] if arguments.quiet else [("plot", str(picture))]
    print_aligned(rows)
