"""Arguments that tell which data are read, and the reading."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import landmarks, tables
from .._memory import free_memory
from .._text import stem_of
from ..tables.options import GROUPS, MISSING
from .ranks import rank_and_count

STREAM = Path("-")
"""Standard input, or standard output."""
_SIGNATURES = {
    b"\x93NUMPY": ".npy",
    b"PK\x03\x04": ".npz",
    b"PAR1": ".parquet",
    b"ARROW1": ".feather",
    b"\x89HDF": ".h5ad",
    b"%%MatrixMarket": ".mtx",
}
"""First bytes of forms that are not columns of text."""


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that tell which file of data is read, and how."""
    add = parser.add_argument
    add(
        "input",
        metavar="INPUT",
        type=Path,
        help=f"{', '.join(tables.INPUTS)}, texts also with .gz; landmarks; a folder of .npy and "
        ".parquet files, of 10x Genomics, or of landmarks; - for standard input",
    )
    group = parser.add_argument_group("tables")
    add = group.add_argument
    add(
        "--label-column",
        metavar="C",
        help="column with labels: name, or index from 0, from the end if negative; of a file of "
        "arrays, the name of one",
    )
    add(
        "--color",
        metavar="C",
        dest="color_column",
        help="column of numbers to show on a color scale; of landmarks: valence or arousal",
    )
    add(
        "--name-column",
        metavar="C",
        help="column with names of the rows, which embed writes on the map; 0 for word vectors in "
        "a .txt; of AnnData also obs_names",
    )
    add(
        "--columns",
        metavar="C,...",
        type=_parse_list,
        default=(),
        help="columns of data: names, patterns such as 'AU*_r', or indices (default: all others)",
    )
    add(
        "--drop-columns", metavar="C,...", type=_parse_list, default=(), help="columns to leave out"
    )
    add(
        "--header",
        choices=("yes", "no"),
        help="whether the first row holds the names of columns (default: found out)",
    )
    add("--missing", choices=MISSING, help="what to do with missing values (default: an error)")
    add("--transpose", action="store_true", help="rows of the file are columns of the data")
    add("--key", metavar="NAME", help="array with the data in a file of several (default: X)")
    add("--use-rep", metavar="NAME", help="of AnnData: X or a key of obsm (default: X_pca, or X)")
    add_landmark_options(parser, "procrustes")


def add_landmark_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the arguments that tell which landmarks are read, and which features are computed."""
    add = parser.add_argument_group("landmarks").add_argument
    add(
        "--features",
        metavar="NAME",
        choices=landmarks.FEATURES,
        help=f"{', '.join(landmarks.FEATURES)} (default: {default})",
    )
    add("--root", metavar="FOLDER", help="folder that relative paths in a list start from")
    add(
        "--classes",
        metavar="NAME",
        nargs="+",
        type=_parse_list,
        default=(),
        help="keep frames of these classes, for example disgust surprise; named after the input",
    )
    add("--max-clips", metavar="N", type=int, default=0, help="keep the first N clips")
    add("--max-frames", metavar="N", type=int, default=0, help="keep the first N frames of a clip")
    add("--every", metavar="N", type=int, default=1, help="keep every Nth frame of a clip")
    add(
        "--group",
        choices=GROUPS,
        help="what is left out together when classes are predicted, and within which 'expression' "
        "is centred (default: clip)",
    )
    add(
        "--min-confidence",
        metavar="F",
        type=float,
        default=0.0,
        help="leave out frames in which a face was found with less confidence, 0 to 1",
    )
    add(
        "--size",
        metavar="WxH",
        type=parse_size,
        help="pixels of the video, if coordinates of MediaPipe are shares of it",
    )
    neutral = parser.add_mutually_exclusive_group()
    neutral.add_argument(
        "--drop-neutral", action="store_true", help="leave out the neutral frames of RAVDESS"
    )
    neutral.add_argument(
        "--keep-neutral", dest="drop_neutral", action="store_false", help="keep them (default)"
    )


def parse_size(text: str) -> tuple[int, int]:
    """Parse the width and the height of a picture."""
    match = re.fullmatch(r"(\d+)x(\d+)", text, re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(f"must be like 4000x3000, got {text!r}")
    return int(match[1]), int(match[2])


def _parse_list(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise argparse.ArgumentTypeError(f"must be like age,height, got {text!r}")
    return parts


def options_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `fasttsne.tables.read` among the arguments."""
    given = vars(arguments)
    options = {f.name: given[f.name] for f in fields(tables.Options) if f.name in given}
    options["classes"] = tuple(name for names in options["classes"] for name in names)
    if options.get("header") is not None:
        options["header"] = options["header"] == "yes"
    return options


def name_of(path: Path) -> str:
    """Return what a picture or a file of a map is called after: the name of the input."""
    return "standard input" if path == STREAM else path.name


def default_output(path: Path, ending: str) -> Path:
    """Return the file in the current folder that is written for an input if none is named."""
    return Path(f"{stem_of(path.resolve())}{ending}")


def read(
    arguments: argparse.Namespace,
    least_columns: int = 1,
    rows: Callable[[int], slice] | None = None,
) -> tables.Table:
    """Read the input that `add_input` declares, and print what the reader took it for.

    Parameters
    ----------
    arguments : argparse.Namespace
        Parsed arguments.
    least_columns : int
        Number of columns that PCA needs.
    rows : callable, optional
        As in `fasttsne.tables.read`.

    Raises
    ------
    ValueError
        If the file has fewer columns or is malformed.
    """
    options = options_of(arguments)
    if arguments.input == STREAM:
        table = _read_stream(options)
    else:
        table = tables.read(arguments.input, rows=rows, **options)
    if not arguments.quiet:
        print_notes(arguments.input, table.notes)
    if table.X.shape[1] < least_columns:
        raise ValueError(
            f"PCA in {least_columns} dimensions needs at least {least_columns} columns, got "
            f"{table.X.shape[1]}"
        )
    return _dense(table) if least_columns > 1 else table


def _dense(table: tables.Table) -> tables.Table:
    """Return a table whose data are no sparse matrix, for PCA and measures."""
    if isinstance(table.X, np.ndarray):
        return table
    needed, free = 4 * table.X.shape[0] * table.X.shape[1], free_memory()
    if free is not None and needed > free // 3:
        raise ValueError(
            f"PCA and measures take no sparse matrix, and this one would need {needed / 1e9:.1f} "
            "GB as a full one; reduce its columns first"
        )
    return replace(table, X=table.X.toarray())


def print_notes(path: Path, notes: tuple[str, ...]) -> None:
    """Print in one line on stderr what a reader took a file for."""
    if notes and rank_and_count()[0] == 0:
        print(f"fasttsne: {name_of(path)}: {'; '.join(notes)}", file=sys.stderr)


def _read_stream(options: dict[str, Any]) -> tables.Table:
    """Read a table from standard input, through a file, as most readers need one."""
    if rank_and_count()[1] > 1:
        raise ValueError("standard input cannot be read by the processes of torchrun")
    if sys.stdin is None:
        raise ValueError("standard input is closed")
    content = sys.stdin.buffer
    head = content.read(1 << 16)
    kind = next((kind for begin, kind in _SIGNATURES.items() if head.startswith(begin)), None)
    if kind is None:  # a text; in a list of landmarks or of words only blanks separate
        first_line = head.partition(b"\n")[0]
        kind = ".csv" if any(sign in first_line for sign in (b",", b";", b"\t")) else ".txt"
    elif b"data.pkl" in head:  # torch writes archives, too
        kind = ".pt"
    with tempfile.TemporaryDirectory(prefix="fasttsne-") as folder:
        path = Path(folder) / f"input{kind}"
        with path.open("wb") as file:
            file.write(head)
            while chunk := content.read(1 << 20):
                file.write(chunk)
        try:
            return tables.read(path, **options)
        except (ValueError, ImportError) as error:
            raise type(error)(str(error).replace(str(path), "standard input")) from None
