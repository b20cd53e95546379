"""The estimator: scikit-learn's interface over the pipeline; where NumPy meets torch."""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import validate_data
from torch import Tensor

from . import _library, _validation, initialization, ops
from ._threads import threads
from .affinities import perplexity_affinities
from .cells import cell_neighbors, make_cells
from .distances import check_precomputed, metric_neighbors
from .gradient import METHODS, choose_repulsion
from .graphs import KINDS, given_neighbors, is_graph
from .neighbors import Neighbors, exact_neighbors
from .optimize import default_schedule, minimize_kl
from .progress import Progress, default_listener

INITS = ("pca", "random")
SEARCHES = ("auto", "exact", "cells")
_SMALL = ("float16", "int8", "uint8", "int16", "uint16", "bool")
_EXACT_SEARCH_UP_TO = 50_000
"""Points up to which the search is exact unless told otherwise; above, cells take less time
(bench/test_kernels.py times both)."""


@dataclass(frozen=True)
class FitReport:
    """What a fit did, for people: sizes, method, search, seconds of each phase, kernels."""

    n: int
    d: int
    method: str
    seconds: dict[str, float]
    kernels: str
    """A SIMD level, ``'cuda'`` or ``'reference'``."""
    iterations: int
    search: str
    """How neighbours were found: ``'exact'``, ``'cells'``, ``'scikit-learn'`` or ``'given'``."""
    search_recall: float
    """Share of the true neighbours that the search found, measured on 256 rows; 1 if exact,
    NaN if they were given."""


class TSNE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """t-distributed stochastic neighbour embedding (van der Maaten and Hinton 2008).

    A scikit-learn estimator with the interface of ``sklearn.manifold.TSNE``, also for torch
    tensors, on their device.

    Parameters
    ----------
    n_components : int, default 2
        Dimensions of the map: 1 to 3, or any number with ``method='exact'``.
    perplexity : float, default 30
        Neighbours that each point pays attention to; below the number of samples. The 3 x
        perplexity nearest ones are searched.
    early_exaggeration : float, default 12
        Factor on the attraction in the first phase.
    learning_rate : float or 'auto', default 'auto'
        In scikit-learn's units. 'auto': n / (4 exaggeration) in each phase.
    max_iter : int, optional
        Iterations in all. Default: 200 to 750 by n, see
        :func:`fasttsne.optimize.default_schedule`.
    n_iter_without_progress : int, default 300
        A phase ends when the KL divergence, evaluated every 50 iterations, has not fallen for so
        many.
    min_grad_norm : float, default 1e-7
        A phase ends when the norm of the gradient is below.
    metric : str or callable, default 'euclidean'
        Distance of samples: 'euclidean' by the kernels; any other that
        ``sklearn.neighbors.NearestNeighbors`` knows, and sparse data, by its search;
        'precomputed' if X holds the distances.
    metric_params : dict, optional
        Further arguments of the metric.
    init : 'pca', 'random' or array of shape (n, n_components), default 'pca'
        Where points start. An array is used as it is.
    verbose : int, default 0
        1: progress goes to standard error, and the recall of a search by cells. 2: scikit-learn's
        messages go to standard output.
    random_state : int, generator of NumPy or torch, optional
        Same seed, same bits, for any number of threads.
    method : {'auto', 'exact', 'barnes_hut', 'fft'}, default 'auto'
        How the repulsive forces are summed. 'auto' picks the fastest by n and n_components.
    angle : float, default 0.5
        Opening of Barnes-Hut, 0 (exact) to 1.
    mesh_step : float, optional
        Distance of the mesh's nodes in map units (times sqrt(dof) below dof 1), for the methods
        'auto' and 'fft'. The relative error of the forces grows about as its cube: 5e-3 at 0.25,
        the default below 20,000 samples, 2e-2 at 0.35, 6e-2 at 0.5, the default above, where the
        KL divergence no longer shows it (docs/benchmarks.md).
    neighbors : {'auto', 'exact', 'cells'}, pair of arrays, sparse matrix or callable
        How neighbours are searched: all pairs, or inverted lists that find 98 % of them, measured
        on a sample (``report_.search_recall``). 'auto', the default, is exact up to 50,000 samples.
        Or neighbours found elsewhere (faiss, hnswlib, pynndescent, cuVS ...): ``(indices,
        distances)``, a scipy.sparse matrix of distances, or ``neighbors(X, k)`` returning one of
        them; see :func:`fasttsne.graphs.given_neighbors`. X is then used for the PCA start only.
    device : str or torch.device, optional
        Where to compute; default: where X is. The map goes back to where X is.
    n_jobs : int, optional
        Threads during the fit; default: torch's. Changes no result. -1: all cores.
    dof : float, default 1
        Degrees of freedom of the Student kernel; below 1 gives heavier tails and finer clusters
        (Kobak et al. 2019).
    callback : callable, optional
        ``callback(iteration, kl, embedding)`` every 50 iterations; a true result stops. The
        embedding is a tensor on the device that computes.
    progress : callable, optional
        Takes a :class:`fasttsne.progress.Progress` at each step of each phase.

    Attributes
    ----------
    embedding_ : array or Tensor, shape (n, n_components), float32
        The map, of the kind of X.
    kl_divergence_ : float
        KL(P || Q) of the map in nats.
    n_iter_ : int
        Number of the last iteration; counted from 0, as scikit-learn does.
    learning_rate_ : float
        Learning rate of the first phase.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : array of str
        Their names, where X has some.
    report_ : FitReport
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        perplexity: float = 30.0,
        early_exaggeration: float = 12.0,
        learning_rate: float | str = "auto",
        max_iter: int | None = None,
        n_iter_without_progress: int = 300,
        min_grad_norm: float = 1e-7,
        metric: str = "euclidean",
        metric_params: dict[str, Any] | None = None,
        init: Any = "pca",
        verbose: int = 0,
        random_state: Any = None,
        method: str = "auto",
        angle: float = 0.5,
        mesh_step: float | None = None,
        neighbors: Any = "auto",
        device: Any = None,
        n_jobs: int | None = None,
        dof: float = 1.0,
        callback: Callable[[int, float, Any], object] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.n_components = n_components
        self.perplexity = perplexity
        self.early_exaggeration = early_exaggeration
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.n_iter_without_progress = n_iter_without_progress
        self.min_grad_norm = min_grad_norm
        self.metric = metric
        self.metric_params = metric_params
        self.init = init
        self.verbose = verbose
        self.random_state = random_state
        self.method = method
        self.angle = angle
        self.mesh_step = mesh_step
        self.neighbors = neighbors
        self.device = device
        self.n_jobs = n_jobs
        self.dof = dof
        self.callback = callback
        self.progress = progress

    def fit(self, X: Any, y: None = None) -> TSNE:
        """Embed X.

        Parameters
        ----------
        X : array or Tensor, shape (n, d)
            At least 2 samples, finite.
        y : None
            Ignored.

        Returns
        -------
        TSNE
            Itself.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: None = None) -> Any:
        """Embed X and return the map.

        Parameters
        ----------
        X : array or Tensor, shape (n, d)
            At least 2 samples, finite.
        y : None
            Ignored.

        Returns
        -------
        array or Tensor, shape (n, n_components), float32
            A tensor, on the device of X, if X is one.

        Raises
        ------
        ValueError, TypeError
            Bad data or parameters, before any work starts.
        """
        if self.init is None or isinstance(self.init, str):
            _validation.choice("init", self.init, INITS)
            if self.metric == "precomputed" and self.init == "pca":
                raise ValueError(
                    'The parameter init="pca" cannot be used with metric="precomputed".'
                )
        data = self._validated(X)
        home = data.device if isinstance(data, Tensor) else torch.device("cpu")
        device = _check_device(self.device, home)
        with (
            torch.no_grad(),
            threads(_thread_count(self.n_jobs)),
            torch.cuda.device(device) if device.type == "cuda" else nullcontext(),
            self._listener() as report,
        ):
            try:
                embedding = self._embed(data, X, device, report).to(home)
            except torch.OutOfMemoryError as error:
                if device.type != "cuda":
                    raise
                message = self._memory_wanted(data.shape[0], data.shape[1], device)
                raise torch.OutOfMemoryError(message) from error
        self.embedding_ = embedding if isinstance(X, Tensor) else embedding.numpy()
        return self.embedding_

    def _validated(self, X: Any) -> Any:
        """Return X as a finite float Tensor or CSR matrix, and remember its columns."""
        if isinstance(X, Tensor):
            data = _validation.as_matrix(X)
            self.n_features_in_ = data.shape[1]
            self.__dict__.pop("feature_names_in_", None)
            return data
        if getattr(X, "dtype", None) in _SMALL:  # float64 would be more than they hold
            X = X.astype(np.float32)
        data = validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            ensure_min_samples=2,
        )
        if self.metric == "precomputed":
            check_precomputed(data, self.method)
        if sparse.issparse(data):
            return data
        table = np.ascontiguousarray(data)
        return torch.from_numpy(table if table.flags.writeable else table.copy())

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what X may be."""
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.metric == "precomputed"
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.embedding_.shape[1]

    def _memory_wanted(self, n: int, d: int, device: torch.device) -> str:
        """Say what a fit needs on a GPU, what there was, and what to lower."""
        k = min(n - 1, int(3 * self.perplexity))
        search = 4 * n * d * 3 + 8 * n * (k + k // 8 + 64)
        affinities = 4 * n * d + n * k * (4 * 3 + 8 * 2 + 2) + n * k * 10
        free, total = torch.cuda.mem_get_info(device)
        return (
            f"{device} ran out of memory: {n:,} samples of {d} features at perplexity "
            f"{self.perplexity:g} need about {max(search, affinities) / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} of {total / 1e9:.1f} GB are free; lower perplexity, embed fewer "
            "samples, or compute on the CPU with device='cpu'"
        )

    def _embed(
        self, X: Any, given: Any, device: torch.device, report: Callable[[Progress], None]
    ) -> Tensor:
        """Run the pipeline on a finite matrix and set the attributes but the embedding.

        ``given`` is X as the user gave it.
        """
        n, d = X.shape
        dims = _validation.integer("n_components", self.n_components, 1)
        perplexity = _check_perplexity(self.perplexity, n)
        dof = _validation.number("dof", self.dof, above=0)
        metric_params = _check_metric(self.metric, self.metric_params)
        method = _validation.choice("method", self.method, METHODS)
        angle = _validation.number("angle", self.angle, least=0)
        if angle > 1:
            raise ValueError(f"angle must be in 0 .. 1, got {angle}")
        step = self.mesh_step
        if step is not None:
            step = _validation.number("mesh_step", step, above=0)
        repulsion = choose_repulsion(method, n, dims, dof, angle, step)
        rate = None
        if self.learning_rate != "auto":
            if isinstance(self.learning_rate, str):
                raise ValueError(
                    f"learning_rate must be a number or 'auto', got {self.learning_rate!r}"
                )
            rate = _validation.number("learning_rate", self.learning_rate, above=0)
        phases = default_schedule(
            n,
            _validation.number("early_exaggeration", self.early_exaggeration, least=1),
            rate,
            None if self.max_iter is None else _validation.integer("max_iter", self.max_iter, 1),
        )
        patience = _validation.integer("n_iter_without_progress", self.n_iter_without_progress, -1)
        min_grad_norm = _validation.number("min_grad_norm", self.min_grad_norm, least=0)
        seed = _validation.seed_of(self.random_state)
        start = self._given_start(n, dims)

        search = _check_search(self.neighbors, n)
        if search != "given" and (self.metric != "euclidean" or sparse.issparse(X)):
            search = "scikit-learn"

        say = _talk if self.verbose > 1 else None
        clock = _PhaseClock()
        k = min(n - 1, max(1, int(3 * perplexity)))
        with clock("neighbors"):
            if say:
                say(f"Computing {k} nearest neighbors...")
            order, recall = None, math.nan
            if search == "given":
                neighbors = given_neighbors(self.neighbors, given, n, k)
            elif search == "scikit-learn":
                plain = X.cpu().numpy() if isinstance(X, Tensor) else X
                neighbors = metric_neighbors(
                    plain,
                    k,
                    self.metric,
                    metric_params,
                    whole=method == "exact",
                    n_jobs=self.n_jobs,
                )
                recall = 1.0
            else:
                # The scaled copy has no name here, so that the search can let go of it.
                X, order, neighbors, recall = _search(
                    search, _standard_scale(X.to(device)), k, seed, report
                )
            neighbors = Neighbors(*(part.to(device) for part in neighbors))
        if search in ("given", "scikit-learn"):
            report(Progress("neighbors", n, n))
        if self.verbose and search == "cells":
            print(f"neighbors by cells, recall {recall:.3f} of a sample", file=sys.stderr)
        if say:
            say(f"Computed neighbors for {n} samples in {clock.seconds['neighbors']:.3f}s...")
        with clock("initialization"):
            if start is not None:
                Y = start.to(device)
                Y = Y if order is None else Y[order]
            elif self.init == "random":
                Y = initialization.random(n, dims, seed).to(device)
            elif isinstance(X, Tensor):
                scaled = _standard_scale(X.to(device)) if order is None else X
                Y = initialization.pca(scaled, dims, seed)
                del scaled
            else:
                Y = initialization.pca_of_sparse(X, dims, seed).to(device)
            del X  # at a million rows P needs the memory
        report(Progress("initialization", n, n))
        with clock("affinities"):
            k = neighbors.indices.shape[1]
            if perplexity > k:
                warnings.warn(
                    f"perplexity {perplexity:g} is lowered to {k}, the number of neighbors",
                    stacklevel=4,
                )
            P = perplexity_affinities(neighbors, min(perplexity, k))
            if say:
                beta, _ = ops.perplexity_search(neighbors.sq_distances, min(perplexity, k))
                say(f"Computed conditional probabilities for sample {n} / {n}")
                say(f"Mean sigma: {float((0.5 / beta).sqrt().mean()):f}")
            del neighbors
        report(Progress("affinities", n, n))
        callback = self.callback
        if callback is not None and order is not None:
            callback = _in_callers_order(callback, order)
        with clock("optimization"):
            best = minimize_kl(
                P,
                Y,
                phases,
                repulsion,
                dof,
                patience,
                min_grad_norm,
                callback,
                lambda done, total, kl: report(Progress("optimization", done, total, kl)),
                say,
            )
        self.kl_divergence_ = best.kl_divergence
        self.n_iter_ = best.n_iter - 1
        self.learning_rate_ = phases[0].learning_rate
        kernels = _library.kernels_on(best.embedding.device)
        self.report_ = FitReport(
            n, d, repulsion.name, clock.seconds, kernels, best.n_iter, search, recall
        )
        return best.embedding if order is None else _unsort(best.embedding, order)

    def _given_start(self, n: int, dims: int) -> Tensor | None:
        if isinstance(self.init, str):
            return None
        start = _validation.as_matrix(self.init, "init")
        if tuple(start.shape) != (n, dims):
            raise ValueError(f"init must have shape ({n}, {dims}), got {tuple(start.shape)}")
        return _validation.as_matrix(start.float(), "init").contiguous()

    @contextmanager
    def _listener(self) -> Iterator[Callable[[Progress], None]]:
        if self.progress is not None:
            yield self.progress
        elif self.verbose == 1:
            with default_listener() as listener:
                yield listener
        else:
            yield lambda _: None


def tsne(X: Tensor, n_components: int = 2, **parameters: Any) -> Tensor:
    """Embed a tensor: :class:`TSNE` as a function.

    Parameters
    ----------
    X : Tensor, shape (n, d)
    n_components : int, default 2
    **parameters
        Of :class:`TSNE`.

    Returns
    -------
    Tensor, shape (n, n_components), float32
        On the device of X.
    """
    if not isinstance(X, Tensor):
        raise TypeError(
            f"X must be a torch.Tensor, got {type(X).__name__}; TSNE().fit_transform takes arrays"
        )
    return TSNE(n_components, **parameters).fit_transform(X)


def _talk(message: str) -> None:
    """Print as scikit-learn does."""
    print(f"[t-SNE] {message}")


class _PhaseClock:
    """Seconds spent in named blocks."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[phase] = time.perf_counter() - start


def _search(
    search: str, X: Tensor, k: int, seed: int, report: Callable[[Progress], None]
) -> tuple[Tensor, Tensor | None, Neighbors, float]:
    """Find neighbours; X as the search sorted it, the order, the neighbours, their recall."""

    def progress(done: int, total: int) -> None:
        report(Progress("neighbors", done, total))

    if search == "exact":
        return X, None, exact_neighbors(X, k, progress), 1.0
    cells = make_cells(X, seed)
    # Stays sorted until the end: near rows are near in memory for all that follows.
    X = X[cells.order]
    neighbors, recall = cell_neighbors(X, cells, k, seed, progress=progress)
    return X, cells.order, neighbors, recall


def _unsort(Y: Tensor, order: Tensor) -> Tensor:
    out = torch.empty_like(Y)
    out[order] = Y
    return out


def _in_callers_order(
    callback: Callable[[int, float, Any], object], order: Tensor
) -> Callable[[int, float, Tensor], object]:
    return lambda iteration, kl, Y: callback(iteration, kl, _unsort(Y, order))


def _check_metric(metric: Any, metric_params: Any) -> dict[str, Any] | None:
    from sklearn.neighbors import VALID_METRICS

    if not callable(metric):
        names = sorted({"precomputed", *VALID_METRICS["brute"]})
        _validation.choice("metric", metric, names)
    if metric_params is not None and not isinstance(metric_params, dict):
        raise TypeError(f"metric_params must be a dict or None, got {metric_params!r}")
    return metric_params


def _check_search(neighbors: Any, n: int) -> str:
    if is_graph(neighbors):
        return "given"
    if not isinstance(neighbors, str):
        raise TypeError(
            f"neighbors must be one of {', '.join(SEARCHES)}, {KINDS}; got {neighbors!r}"
        )
    search = _validation.choice("neighbors", neighbors, SEARCHES)
    if search == "auto":
        search = "exact" if n <= _EXACT_SEARCH_UP_TO else "cells"
    return search


def _check_device(device: Any, home: torch.device) -> torch.device:
    if device is None:
        return home
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"device must be a torch device such as 'cuda', got {device!r}") from None
    if wanted.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device must be one that torch can use, got {device!r} without a GPU")
    return wanted


def _thread_count(n_jobs: int | None) -> int | None:
    if n_jobs is None:
        return None
    if _validation.integer("n_jobs", n_jobs, -1) == 0:
        raise ValueError("n_jobs must be None, -1 or a positive number, got 0")
    return n_jobs if n_jobs > 0 else os.cpu_count()


def _check_perplexity(perplexity: Any, n: int) -> float:
    perplexity = _validation.number("perplexity", perplexity, least=1)
    if n < 2:
        raise ValueError(f"X must have 2 samples or more, got {n}")
    if perplexity >= n:
        raise ValueError(f"perplexity ({perplexity:g}) must be less than n_samples ({n})")
    return perplexity


def _standard_scale(X: Tensor) -> Tensor:
    """Centre the columns and scale by a power of two, exactly, so that float32 holds all data.

    Neither changes neighbours or P. Done in the dtype of X: a float64 column with a large offset
    keeps its digits.
    """
    exponent = _exponent(X)
    if abs(exponent) > 60:  # sums or squares could leave the range of float32
        X = _scaled(X, exponent)
    with threads(1):  # a sum of one column would depend on the threads
        X = X - X.mean(0)
    return _scaled(X, _exponent(X)).float()


def _exponent(X: Tensor) -> int:
    return int(np.frexp(max(abs(float(X.min())), abs(float(X.max()))))[1])


def _scaled(X: Tensor, exponent: int) -> Tensor:
    """X / 2^exponent, in two steps: the power itself may be beyond float32."""
    half = exponent // 2
    return X.mul(2.0**-half).mul_(2.0 ** (half - exponent))
