"""What commands share: arguments, checks of outputs, the fit, and how results are printed."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO

from .. import plot, tables
from ..progress import default_listener
from ..shards import RankError
from . import _INTERRUPTED
from .ranks import rank_and_count

_BAD_INPUT = 2
_PERPLEXITY = 30.0
_EXPECTED = (ValueError, FloatingPointError, OSError, ImportError, MemoryError, RankError)
"""Errors that are told in one line."""


def add_command(
    commands: Any, name: str, about: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    """Add a command to the parser, and return the parser of its arguments.

    Parameters
    ----------
    commands : subparsers of argparse
        What ``ArgumentParser.add_subparsers`` returns.
    name : str
        Name of the command.
    about : str
        What the command does, in the imperative.
    run : callable
        Function to call with the parsed arguments.
    """
    description = f"{about[0].upper()}{about[1:]}."
    parser = commands.add_parser(name, help=about, description=description)
    parser.set_defaults(run=run)
    return parser


def add_fit(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that tell how a map is made."""
    add = parser.add_argument
    add_perplexity(parser)
    add(
        "--method",
        metavar="M",
        choices=("auto", "exact", "barnes_hut", "fft"),
        default="auto",
        help="auto, exact, barnes_hut or fft (default: auto)",
    )
    add("--dims", type=int, choices=(2, 3), default=2, help="dimensions of the map (default: 2)")
    add("--seed", metavar="S", type=int, default=0, help="default: 0")
    add(
        "--iterations",
        metavar="N",
        type=int,
        help="upper bound on iterations (default: chosen by the estimator)",
    )


def add_perplexity(parser: argparse.ArgumentParser) -> None:
    """Add the argument of the perplexity; None stands for the default of `fit`."""
    parser.add_argument(
        "--perplexity", metavar="P", type=float, help="default: 30, or less for 30 rows or fewer"
    )


def check_picture(path: Path | None) -> None:
    """Check that a picture can be drawn and written, if there is a path for one."""
    if path is not None:
        plot.check_path(path)
        tables.check_writable(path)


def check_not_input(output: Path, source: Path, what: str) -> None:
    """Raise ValueError if the output is the same file as the input."""
    if output.exists() and source.exists() and output.samefile(source):
        raise ValueError(f"{output}: {what} would replace the input")


def fit(X: Any, quiet: bool, **parameters: Any) -> Any:
    """Fit a t-SNE estimator, showing its progress and warnings unless ``quiet``.

    Parameters
    ----------
    X : array or CSR matrix, shape (n, d)
        Data.
    quiet : bool
        Show neither progress nor warnings.
    **parameters
        Parameters of :class:`fasttsne.TSNE`. A perplexity of None is 30 or, if there are no more
        rows than that, a third of the other rows.

    Returns
    -------
    fasttsne.TSNE
        The fitted estimator.
    """
    from .. import TSNE
    from ..fit.estimate import MANY_ROWS, sentence

    rank, count = rank_and_count()
    quiet = quiet or rank > 0
    resume = parameters.pop("resume", False)
    n = X.shape[0]
    if parameters.get("perplexity") is None:
        parameters["perplexity"] = _PERPLEXITY
        if count == 1 and 1 < n <= _PERPLEXITY:
            parameters["perplexity"] = max(1.0, (n - 1) / 3)
            if not quiet:
                lowered = f"perplexity is {parameters['perplexity']:.3g}, as there are {n} rows"
                print(f"fasttsne: warning: {lowered}", file=sys.stderr)
    with warnings.catch_warnings():
        if quiet:
            warnings.simplefilter("ignore")
        tsne = TSNE(**parameters, distributed=count > 1)
        if not quiet and count == 1 and n > MANY_ROWS and not resume:
            print(sentence(tsne, X), file=sys.stderr)
        with nullcontext() if quiet else default_listener() as listener:
            if resume and tsne.checkpoint.exists():
                return _go_on(tsne, X, count, listener)
            return tsne.set_params(progress=listener).fit(X)


def _go_on(tsne: Any, X: Any, count: int, listener: Any) -> Any:
    """Finish the fit that a checkpoint holds, if it is that of these data and parameters."""
    path = tsne.checkpoint
    names = ("n_components", "perplexity", "max_iter", "method", "random_state")
    same = {name: getattr(tsne, name) for name in names}
    saved = len(list(path.parent.glob(f"{path.name}.????????.P*"))) or 1
    # The data are compared where as many processes have the same rows as before.
    data = X if saved == count else None
    try:
        done = type(tsne).resume(path, data, distributed=count > 1, progress=listener, **same)
    except TypeError as error:
        raise ValueError(error) from None
    if len(done.embedding_) != len(X):
        raise ValueError(f"{path}: holds a map of other rows than those of the input")
    return done


def fit_table(arguments: argparse.Namespace, X: Any) -> Any:
    """Fit a t-SNE estimator with the arguments that `add_fit` declares."""
    return fit(
        X,
        arguments.quiet,
        n_components=arguments.dims,
        perplexity=arguments.perplexity,
        max_iter=arguments.iterations,
        method=arguments.method,
        random_state=arguments.seed,
        checkpoint=getattr(arguments, "checkpoint", None),
        resume=getattr(arguments, "resume", False),
    )


def report(tsne: Any) -> list[tuple[str, str]]:
    """Describe a fit by names and values, in the order in which to print them.

    Parameters
    ----------
    tsne : fasttsne.TSNE
        A fitted estimator.

    Returns
    -------
    list of (str, str)
        Rows, columns, method, neighbour search, kernels, seconds of each phase and in all, and KL
        divergence in nats.
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


def print_aligned(rows: Iterable[tuple[str, str]], file: TextIO | None = None) -> None:
    """Print names and values in two columns, to stdout by default.

    Characters that the encoding of the file lacks, such as some in names of files, become question
    marks.
    """
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    text = "\n".join(f"{name:{width}}  {value}" for name, value in rows)
    file = sys.stdout if file is None else file
    encoding = file.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding), file=file, flush=True)


def exit_status(program: str, run: Callable[[], object]) -> int:
    """Run a program, and report what ends it in one line on stderr.

    Returns
    -------
    int
        0 after success; 2 after bad input, a lack of memory or a package that is missing; 130 after
        Ctrl-C.
    """
    try:
        run()
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except _EXPECTED as error:
        # What all ranks know is printed once.
        if rank_and_count()[0] > 0 and str(error).startswith("rank "):
            return _BAD_INPUT
        print(f"{program}: error: {describe_error(error)}", file=sys.stderr)
        return _BAD_INPUT
    return 0


def describe_error(error: BaseException) -> str:
    """Return the message of an error in one line; for an OSError, the file and the reason."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
