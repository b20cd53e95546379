"""The command line.

``fasttsne embed`` makes a map of a file, ``fasttsne compare`` says what the map keeps that PCA does
not, ``fasttsne mosaic`` makes a map of pictures, ``fasttsne landmarks`` turns landmarks into
features, ``fasttsne info`` tells the build.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from . import comparison, feature_files, images, landmarks, page, plot, tables
from ._version import __version__
from .progress import default_listener

_MOSAICS = (".png", ".jpg", ".jpeg")

_BAD_INPUT = 2
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name. Default: those of the process.

    Returns
    -------
    int
        Exit status: 0, 2 after bad input (one line on stderr says what is wrong), or 130 after
        Ctrl-C. A file is either written whole or left as it was.

    Raises
    ------
    SystemExit
        After ``--help`` and ``--version``, with status 0.
    """
    try:
        arguments = _parser().parse_args(argv)
        arguments.run(arguments)
    except KeyboardInterrupt:
        print("fasttsne: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except (ValueError, FloatingPointError, OSError, ImportError, MemoryError) as error:
        print(f"fasttsne: error: {_one_line(error)}", file=sys.stderr)
        return _BAD_INPUT
    return 0


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
    print("\n".join(f"{name:{width}}  {value}" for name, value in rows), flush=True)


class _Parser(argparse.ArgumentParser):
    """Reports a mistake as everything else does: one line, and no usage above it."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="fasttsne", description="Fast t-SNE maps.")
    parser.add_argument("--version", action="version", version=f"fasttsne {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    embed = commands.add_parser(
        "embed",
        help="make a t-SNE map of a table or of landmarks",
        description="Make a t-SNE map of a table or of landmarks.",
    )
    embed.set_defaults(run=_embed)
    add = embed.add_argument
    add(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help=f"where to write the map: {', '.join(tables.OUTPUTS)} (default, where there is no "
        "--plot or --html either: INPUT.tsne.npz in the current folder)",
    )
    add("--plot", metavar="MAP.png", type=Path, help="draw the map: .png, .pdf, .svg and others")
    add("--html", metavar="MAP.html", type=Path, help="write the map as an interactive page")
    add("--compare-pca", action="store_true", help="draw PCA beside it, with what each one keeps")
    _add_input(embed)
    add("--quiet", action="store_true", help="print nothing but errors")

    compare = commands.add_parser(
        "compare",
        help="measure what a t-SNE map keeps of the data and what PCA does",
        description="Measure what a t-SNE map keeps of the data and what PCA does.",
    )
    compare.set_defaults(run=_compare)
    compare.add_argument("--plot", metavar="MAPS.png", type=Path, help="draw both maps")
    _add_input(compare)
    compare.add_argument("--quiet", action="store_true", help="print the comparison alone")

    _add_landmarks(commands)
    _add_mosaic(commands)
    info = commands.add_parser(
        "info",
        help="tell what was built and what runs",
        description="Tell what was built and what runs.",
    )
    info.set_defaults(run=_info)
    return parser


def _add_input(parser: argparse.ArgumentParser) -> None:
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


def _add_landmarks(commands: Any) -> None:
    about = "turn landmarks into features"
    parser = commands.add_parser("landmarks", help=about, description=f"{about.capitalize()}.")
    parser.set_defaults(run=_landmarks)
    add = parser.add_argument
    add("input", metavar="LIST", type=Path, help="landmark list, or OpenFace .csv")
    add(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        required=True,
        help=f"where to write them: {', '.join(feature_files.OUTPUTS)}; fasttsne embed reads it",
    )
    add(
        "--features",
        metavar="NAME",
        choices=landmarks.FEATURES,
        default="procrustes",
        help=f"{', '.join(landmarks.FEATURES)} (default: procrustes)",
    )
    add("--clips", action="store_true", help="a row for each clip, not for each frame")
    add("--quiet", action="store_true", help="print nothing but errors")


def _landmarks(arguments: argparse.Namespace) -> None:
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


def _add_mosaic(commands: Any) -> None:
    mosaic = commands.add_parser(
        "mosaic",
        help="make a t-SNE map of pictures, with the pictures in it",
        description="Make a t-SNE map of pictures, with the pictures in it.",
    )
    mosaic.set_defaults(run=_mosaic)
    add = mosaic.add_argument
    add(
        "input",
        metavar="INPUT",
        type=Path,
        help="folder of pictures, or .npz with images (n, height, width[, 3]) and, if there are "
        "better features than pixels, X (n, d)",
    )
    add(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help=f"the mosaic: {', '.join(_MOSAICS)} (default: INPUT.mosaic.png in the current folder)",
    )
    add("--grid", action="store_true", help="side by side in a grid, none over another")
    add(
        "--json",
        metavar="POINTS.json",
        type=Path,
        help="write the map for viewers of image t-SNE, too: paths, and points from 0 to 1",
    )
    add("--size", metavar="WxH", type=_size, default=(4000, 3000), help="default: 4000x3000")
    add(
        "--tile",
        metavar="N",
        type=int,
        default=100,
        help="longer side of each picture, pixels (default: 100)",
    )
    add(
        "--visible",
        metavar="F",
        type=_fraction,
        default=0.0,
        help="leave out pictures of which others would leave less than this in sight, "
        "0 to 1 (default: 0)",
    )
    add(
        "--pca",
        metavar="N",
        type=int,
        default=50,
        help="principal components to reduce the features to first (default: 50)",
    )
    add("--perplexity", metavar="P", type=float, default=30.0, help="default: 30")
    add("--seed", metavar="S", type=int, default=0, help="default: 0")
    add("--quiet", action="store_true", help="print nothing but errors")


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


def _info(arguments: argparse.Namespace) -> None:
    import fasttsne

    print(fasttsne.show_config())


def _read(arguments: argparse.Namespace, least_columns: int = 1) -> tables.Table:
    table = tables.read(
        arguments.input, arguments.label_column, arguments.features, arguments.name_column
    )
    if table.X.shape[1] < least_columns:
        raise ValueError(
            f"PCA in {least_columns} dimensions needs at least {least_columns} columns, got "
            f"{table.X.shape[1]}"
        )
    return table


def _fit(arguments: argparse.Namespace, X: Any) -> Any:
    """Return the fitted estimator."""
    from . import TSNE

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


def _embed(arguments: argparse.Namespace) -> None:
    output = _output(arguments)
    table = _read(arguments, arguments.dims if arguments.compare_pca else 1)
    tsne = _fit(arguments, table.X)
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


def _compare(arguments: argparse.Namespace) -> None:
    picture = arguments.plot
    if picture is not None:
        plot.check_path(picture)
        tables.check_writable(picture)
    table = _read(arguments, arguments.dims)
    tsne = _fit(arguments, table.X)
    maps = comparison.beside_pca(table.X, tsne.embedding_, arguments.seed)
    found = [
        comparison.measures(table.X, points, table.labels, thorough=True)
        for points in maps.values()
    ]
    rows = [] if arguments.quiet else report(tsne)
    rows.append(("", "".join(f"{name:>8}" for name in maps)))
    rows += [(name, "".join(f"{one[name]:8.3f}" for one in found)) for name in found[0]]
    if picture is not None:
        figure = plot.side_by_side(
            maps,
            table.labels,
            table.label_names,
            captions=[comparison.caption(one) for one in found],
            title=arguments.input.name,
        )
        plot.save(figure, picture)
        rows += [] if arguments.quiet else [("plot", str(picture))]
    print_aligned(rows)


def _mosaic(arguments: argparse.Namespace) -> None:
    from sklearn.decomposition import PCA

    from . import TSNE

    output = _mosaic_output(arguments)
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


def _mosaic_output(arguments: argparse.Namespace) -> Path:
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
                print(f"fasttsne: warning: {_one_line(error)}; left out", file=sys.stderr)
    if not rows:
        raise ValueError(f"none of {len(paths)} pictures can be read, the first is {paths[0]}")
    return readable, np.stack(rows)


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


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
