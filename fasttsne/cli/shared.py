"""What commands share: the input, the fit, and how things are said."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from .. import landmarks, tables
from ..progress import default_listener


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add what is read, and how it is embedded."""
    add = parser.add_argument
    add(
        "input",
        metavar="INPUT",
        type=Path,
        help=".npy; .npz with X (and y, label_names); .csv or .tsv; landmark list .txt; "
        "OpenFace .csv; word vectors .vec",
    )
    add(
        "--features",
        metavar="NAME",
        choices=landmarks.FEATURES,
        help=f"features of landmarks: {', '.join(landmarks.FEATURES)} (default: procrustes)",
    )
    add("--perplexity", metavar="P", type=float, default=30.0, help="default: 30")
    add(
        "--method",
        metavar="M",
        choices=("auto", "exact", "barnes_hut", "fft"),
        default="auto",
        help="auto, exact, barnes_hut or fft (default: auto)",
    )
    add("--dims", type=int, choices=(2, 3), default=2, help="dimensions of the map (default: 2)")
    add("--seed", metavar="S", type=int, default=0, help="default: 0")
    add("--iterations", metavar="N", type=int, help="most iterations (default: by the estimator)")
    add("--label-column", metavar="C", help="column with labels of a table: name, or index from 0")
    add(
        "--name-column",
        metavar="C",
        help="column with names of the rows, which embed writes on the map: name, or index from 0; "
        "in an .npz the name of an array; 0 where a .txt holds word vectors",
    )


def read(arguments: argparse.Namespace, least_columns: int = 1) -> tables.Table:
    table = tables.read(
        arguments.input, arguments.label_column, arguments.features, arguments.name_column
    )
    if table.X.shape[1] < least_columns:
        raise ValueError(
            f"PCA in {least_columns} dimensions needs at least {least_columns} columns, got "
            f"{table.X.shape[1]}"
        )
    return table


def fit(arguments: argparse.Namespace, X: Any) -> Any:
    """Return the fitted estimator."""
    from .. import TSNE

    with warnings.catch_warnings(), nullcontext() if arguments.quiet else default_listener() as bar:
        if arguments.quiet:
            warnings.simplefilter("ignore")
        return TSNE(
            arguments.dims,
            perplexity=arguments.perplexity,
            max_iter=arguments.iterations,
            method=arguments.method,
            random_state=arguments.seed,
            progress=bar,
        ).fit(X)


def report(tsne: Any) -> list[tuple[str, str]]:
    """Names and values that describe a fit, in the order in which to print them.

    Parameters
    ----------
    tsne : fasttsne.TSNE
        Fitted.

    Returns
    -------
    list of (str, str)
        Rows, columns, method, search, kernels, seconds of each phase and of all, KL (nats).
    """
    fit = tsne.report_
    seconds = {**fit.seconds, "all": sum(fit.seconds.values())}
    recall = "" if fit.search == "exact" else f", recall {fit.search_recall:.3f}"
    return [
        ("n", f"{fit.n:,}"),
        ("d", f"{fit.d:,}"),
        ("method", fit.method),
        ("search", fit.search + recall),
        ("kernels", fit.kernels),
        *((phase, f"{time:.2f} s") for phase, time in seconds.items()),
        ("KL", f"{tsne.kl_divergence_:.4f} after {fit.iterations} iterations"),
    ]


def print_aligned(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and values in two columns."""
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    text = "\n".join(f"{name:{width}}  {value}" for name, value in rows)
    # A name of a file may hold what the terminal, or the file in its place, cannot.
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding), flush=True)


def one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
