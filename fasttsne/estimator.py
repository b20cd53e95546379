"""The estimator: scikit-learn's interface over the pipeline; where NumPy meets torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from . import _validation
from ._threads import threads
from .affinities import Affinities, Perplexity, is_matrix
from .descent.optimize import CHECK_EVERY
from .descent.transform import ITERATIONS, STARTS, Reference
from .fit import checkpoint, pipeline
from .fit.parameters import Plan, check_device, check_start, name_unknown, thread_count
from .neighbors.graphs import KINDS, is_graph
from .neighbors.metric import check_precomputed
from .neighbors.search import Search
from .progress import Progress, default_listener
from .tables import check_writable

_SMALL = ("float16", "int8", "uint8", "int16", "uint16", "bool")
_COLUMNS = ("n_features_in_", "feature_names_in_")
_WATCHING = {
    *("callback", "callback_every", "checkpoint_every", "n_jobs", "on_interrupt", "progress"),
    "verbose",
}


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
    affinities : Affinities or matrix, optional
        Another P than that of one perplexity: an object of :mod:`fasttsne.affinities`
        (``Multiscale([30, 300])``, ``FixedSigma(2.5)``, ``Uniform(15)``), or P itself, dense or
        sparse, of scipy, NumPy or torch; see :func:`fasttsne.affinities.given_affinities`.
        ``perplexity`` is then left aside, and with a matrix ``fit(None)`` needs no X.
    early_exaggeration : float, default 12
        Factor on the attraction in the first phase.
    learning_rate : float or 'auto', default 'auto'
        In scikit-learn's units. 'auto': n / (4 exaggeration) in each phase.
    max_iter : int, optional
        Iterations in all. Default: 400, see
        :func:`fasttsne.schedule.default_schedule`.
    late_exaggeration : float, default 1
        Factor on the attraction later on: 2 to 4 draws clusters together.
    late_exaggeration_start : int, optional
        Iteration from which on; at the earliest, and by default, after the first phase.
    early_compression : float, default 0
        Weight of a penalty on the squared distances from the origin in the first phase (van der
        Maaten and Hinton 2008).
    schedule : list of fasttsne.Phase, optional
        All phases, one by one; instead of early_exaggeration, learning_rate, max_iter,
        late_exaggeration and early_compression.
    n_iter_without_progress : int, default 300
        A phase ends when the KL divergence, estimated every 50 iterations, has not fallen for so
        many.
    min_grad_norm : float, default 1e-7
        A phase ends when the norm of the gradient is below.
    metric : str or callable, default 'euclidean'
        Distance of samples: 'euclidean', 'cosine' and 'correlation' by the kernels; any other that
        ``sklearn.neighbors.NearestNeighbors`` knows, and sparse data, by its search;
        'precomputed' if X holds the distances.
    metric_params : dict, optional
        Further arguments of the metric, which must be one that takes some: 'euclidean' does not.
        V of 'seuclidean', the variances, are those of X unless given.
    init : 'pca', 'random', 'spectral' or array of shape (n, n_components), default 'pca'
        Where points start; 'spectral' follows the slowest modes of P. An array is used as it is;
        :func:`fasttsne.initialization.rescale` brings one to the size of the others.
    verbose : int, default 0
        1: progress goes to standard error, and the recall of a search by cells. 2: scikit-learn's
        messages go to standard output.
    random_state : int, generator of NumPy or torch, optional
        Same seed, same bits, for any number of threads. None draws the seed from NumPy's global
        state, as scikit-learn does: ``np.random.seed(0)`` before makes a fit repeat.
    method : {'auto', 'exact', 'barnes_hut', 'fft'}, default 'auto'
        How the repulsive forces are summed. 'auto' picks the fastest by n and n_components. 'fft'
        gives way, with a warning, where another takes a hundredth of the time.
    angle : float, default 0.5
        Opening of Barnes-Hut, 0 (exact) to 1.
    mesh_step : float, optional
        Distance of the mesh's nodes in map units (times sqrt(dof) below dof 1), for the methods
        'auto' and 'fft'. The relative error of the forces grows about as its cube: 5e-3 at 0.25,
        2e-2 at 0.35, the default of 'auto' and from 20,000 samples on, 6e-2 at 0.5. Below, 'fft'
        takes 0.25, for no tree stands in where points are sparse (docs/benchmarks.md).
    neighbors : {'auto', 'exact', 'cells'}, pair of arrays, sparse matrix or callable
        How neighbours are searched: all pairs, or inverted lists that find 98 % of them, measured
        on a sample (``report_.search_recall``). 'auto', the default, is exact up to 50,000 samples.
        Or neighbours found elsewhere (faiss, hnswlib, pynndescent, cuVS ...): ``(indices,
        distances)``, a scipy.sparse matrix of distances, or ``neighbors(X, k)`` returning one of
        them; see :func:`fasttsne.graphs.given_neighbors`. X is then used for the PCA start only.
    device : str or torch.device, optional
        Where to compute; default: where X is. The map goes back to where X is.
    n_jobs : int, optional
        Threads during the fit; default: torch's. Changes no result. -1: all cores, of which no
        number asks for more. In a forked child there is one.
    dof : float, default 1
        Degrees of freedom of the Student kernel; below 1 gives heavier tails and finer clusters
        (Kobak et al. 2019).
    objective : {'tsne', 'symmetric_sne', 'sne'}, default 'tsne'
        'symmetric_sne': a Gaussian in the map, too. 'sne': also KL divergences of the conditional
        distributions, row by row (Hinton and Roweis 2002); their mean is ``kl_divergence_``. Both
        are summed exactly, in O(n^2) time.
    callback : callable or list of callables, optional
        ``callback(iteration, kl, embedding)``; a true result of one stops. The embedding is a
        tensor on the device that computes, and changes: copy it to keep it, as
        :class:`fasttsne.Snapshots` does.
    callback_every : int, default 50
        Iterations. Each call costs an evaluation of the KL divergence; none changes the map.
    progress : callable, optional
        Takes a :class:`fasttsne.progress.Progress` at each step of each phase.
    on_interrupt : {'raise', 'return'}, default 'raise'
        What Ctrl-C does while points move: with 'return' the fit ends with a warning, and the map
        so far is the result. A process that was started with SIGINT ignored (``nohup``, the
        background job of a script) is left deaf to it, as every program is: the Ctrl-C is meant
        for what runs in the foreground. ``signal.signal(signal.SIGINT,
        signal.default_int_handler)`` makes it listen, and a callback can stop it.
    checkpoint : str or path-like, optional
        File that is replaced every ``checkpoint_every`` iterations, and on Ctrl-C, by the state of
        the fit, from which :meth:`resume` goes on to the same bits. It holds P: 8 bytes a pair; and
        a checksum, so that a damaged file is refused.
    checkpoint_every : int, default 50

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

    @name_unknown
    def __init__(
        self,
        n_components: int = 2,
        *,
        perplexity: float = 30.0,
        affinities: Any = None,
        early_exaggeration: float = 12.0,
        learning_rate: float | str = "auto",
        max_iter: int | None = None,
        late_exaggeration: float = 1.0,
        late_exaggeration_start: int | None = None,
        early_compression: float = 0.0,
        schedule: Any = None,
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
        objective: str = "tsne",
        callback: Any = None,
        callback_every: int = CHECK_EVERY,
        progress: Callable[[Progress], None] | None = None,
        on_interrupt: str = "raise",
        checkpoint: Any = None,
        checkpoint_every: int = CHECK_EVERY,
    ) -> None:
        self.n_components = n_components
        self.perplexity = perplexity
        self.affinities = affinities
        self.early_exaggeration = early_exaggeration
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.late_exaggeration = late_exaggeration
        self.late_exaggeration_start = late_exaggeration_start
        self.early_compression = early_compression
        self.schedule = schedule
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
        self.objective = objective
        self.callback = callback
        self.callback_every = callback_every
        self.progress = progress
        self.on_interrupt = on_interrupt
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every

    def fit(self, X: Any, y: None = None) -> TSNE:
        """Embed X.

        Parameters
        ----------
        X : array or Tensor, shape (n, d), or None
            See :meth:`fit_transform`.
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
        X : array or Tensor, shape (n, d), or None
            At least 2 samples, finite. :meth:`transform` refers to it, so leave its numbers alone
            where that is wanted. None where ``affinities`` is a matrix or
            ``neighbors`` are a graph.
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
        columns = {name: self.__dict__.pop(name) for name in _COLUMNS if name in self.__dict__}
        try:
            return self._fit(X)
        except BaseException:
            # What has been fitted before stays fitted.
            for name in _COLUMNS:
                self.__dict__.pop(name, None)
            self.__dict__.update(columns)
            raise

    def _fit(self, X: Any) -> Any:
        data, n = self._validated(X)
        home = data.device if isinstance(data, Tensor) else torch.device("cpu")
        device = check_device(self.device, home)
        plan = Plan.of(self, n, has_X=data is not None)
        if self.metric == "precomputed" and data is not None:
            check_precomputed(data, self.method)
        facts = {}
        if self.checkpoint is not None:
            facts = {
                "parameters": checkpoint.plain(self.get_params()),
                "columns": {k: _listed(self.__dict__[k]) for k in _COLUMNS if k in self.__dict__},
                "is_tensor": isinstance(X, Tensor),
                "data": None if data is None else checkpoint.fingerprint(data),
            }
        with self._running(device, facts) as listeners:
            try:
                fitted = pipeline.fit(plan, data, X, n, device, listeners)
            except torch.OutOfMemoryError as error:
                if device.type != "cuda":
                    raise
                d = 0 if data is None else data.shape[1]
                message = pipeline.memory_wanted(plan, n, d, device)
                raise torch.OutOfMemoryError(message) from error
        if self.verbose and fitted.report.search == "cells":
            recall = fitted.report.search_recall
            print(f"neighbors by cells, recall {recall:.3f} of a sample", file=sys.stderr)
        return self._keep(fitted, plan, data, home, isinstance(X, Tensor))

    @classmethod
    def resume(
        cls,
        path: str | os.PathLike[str],
        X: Any = None,
        *,
        device: Any = None,
        **parameters: Any,
    ) -> TSNE:
        """Finish a fit from its checkpoint; on a CPU, to the same bits.

        Parameters
        ----------
        path : str or path-like
            What the parameter ``checkpoint`` named; written on as the fit goes on.
        X : array or Tensor, optional
            The data of that fit; needed by :meth:`transform` alone.
        device : str or torch.device, optional
            Where to compute; default: where X is, without it the CPU.
        **parameters
            Those of :class:`TSNE` that tell about a fit and change no map: callback,
            callback_every, checkpoint_every, n_jobs, on_interrupt, progress, verbose.

        Returns
        -------
        TSNE
            Fitted. Parameters that are arrays, functions or objects have their defaults.

        Raises
        ------
        OSError, ValueError, TypeError
            No such file, no checkpoint or a damaged one, another X, another parameter.
        """
        content = checkpoint.load(path)
        if unknown := set(parameters) - _WATCHING:
            raise TypeError(
                f"resume takes {', '.join(sorted(_WATCHING))}; got {', '.join(sorted(unknown))}"
            )
        if unknown := set(content["parameters"]) - set(cls._get_param_names()):
            raise ValueError(
                f"{path} is a damaged checkpoint: TSNE has no {', '.join(sorted(unknown))}"
            )
        self = cls(**{**content["parameters"], **parameters, "checkpoint": path, "device": device})
        n = content["state"]["Y"].shape[0]
        data = None
        if X is not None:
            data = self._checked(X, reset=True)
            if checkpoint.fingerprint(data) != content["data"]:
                raise ValueError(
                    f"X must be the data of the checkpoint, of shape ({n}, {content['d']}), "
                    f"row by row; got others of shape {tuple(data.shape)}"
                )
            lost = [
                name
                for name in ("affinities", "metric", "metric_params")
                if name not in content["parameters"]
            ]
            if lost:
                raise ValueError(
                    f"X serves transform alone, which needs {' and '.join(lost)}; the checkpoint "
                    "cannot hold what they were, so resume without X"
                )
        if "n_features_in_" in content["columns"]:
            self.n_features_in_ = content["columns"]["n_features_in_"]
        if "feature_names_in_" in content["columns"]:
            names = content["columns"]["feature_names_in_"]
            self.feature_names_in_ = np.asarray(names, dtype=object)
        home = data.device if isinstance(data, Tensor) else torch.device("cpu")
        where = check_device(device, home)
        plan = replace(Plan.of(self, n, P=content["P"]), phases=content["phases"])
        facts = {name: content[name] for name in ("columns", "is_tensor", "data")}
        facts["parameters"] = checkpoint.plain(self.get_params())
        with self._running(where, facts) as listeners:
            fitted = pipeline.resume(plan, content, where, listeners)
        self._keep(fitted, plan, data, home, content["is_tensor"])
        return self

    def transform(self, X: Any, *, start: Any = "weighted", iterations: int = ITERATIONS) -> Any:
        """Place new samples into the map, which does not change.

        Each goes by its own neighbours among the samples of the fit, whatever else is placed with
        it; a sample of the fit goes where it is in the map, and of equal ones, where the first is.
        Neighbours are searched by ``metric``, exactly, also where the fit was given its own; after
        a fit with a matrix for ``affinities``, ``perplexity`` counts.

        Parameters
        ----------
        X : array or Tensor, shape (l, d); with ``metric='precomputed'`` (l, n)
            Finite; of the kind that was fitted.
        start : {'weighted', 'median'} or array of shape (l, n_components)
            Where a sample starts: at the mean of its neighbours in the map, weighted by their
            probabilities, at their median, or there.
        iterations : int, default 200
            Steps of each; 0 leaves samples where they start.

        Returns
        -------
        array or Tensor, shape (l, n_components), float32
            A tensor, on the device of X, if X is one.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before a fit.
        ValueError, TypeError
            Bad data, or other columns than those of the fit.
        """
        check_is_fitted(self, "embedding_")
        if self._reference is None:
            raise ValueError(
                "transform needs the data of the fit, and this TSNE was fitted without X"
            )
        data = self._checked(X, reset=False)
        home = data.device if isinstance(data, Tensor) else torch.device("cpu")
        device = check_device(self.device, home)
        if isinstance(start, str):
            _validation.choice("start", start, STARTS)
        else:
            start = check_start(start, data.shape[0], self.embedding_.shape[1], "start")
        iterations = _validation.integer("iterations", iterations, 0)
        with torch.no_grad(), threads(thread_count(self.n_jobs)):
            placed = self._reference.place(data, start, iterations, device).to(home)
        return placed if isinstance(X, Tensor) else placed.numpy()

    def _validated(self, X: Any) -> tuple[Any, int]:
        """Return X as a finite float Tensor or CSR matrix, or None, and the number of samples."""
        if X is not None:
            data = self._checked(X, reset=True)
            return data, data.shape[0]
        if is_matrix(self.affinities):
            return None, self.affinities.shape[0]
        if is_graph(self.neighbors) and not callable(self.neighbors):
            graph = self.neighbors
            if sparse.issparse(graph):
                return None, graph.shape[0]
            if len(graph) == 2 and hasattr(graph[0], "__len__"):
                return None, len(graph[0])
            raise TypeError(f"neighbors must be {KINDS}, got {graph!r}")
        raise ValueError(
            "X must be given, unless affinities is a matrix or neighbors are a graph; got None"
        )

    def _checked(self, X: Any, reset: bool) -> Any:
        """Return X as a finite float Tensor or CSR matrix, and learn or check its columns."""
        if isinstance(X, Tensor):
            data = _validation.as_matrix(X)
            if not data.shape[0]:
                raise ValueError(f"X must have 1 sample or more, got shape {tuple(X.shape)}")
            if reset:
                self.n_features_in_ = data.shape[1]
                self.__dict__.pop("feature_names_in_", None)
            elif data.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"X has {data.shape[1]} features, but {type(self).__name__} is expecting "
                    f"{self.n_features_in_} features as input"
                )
            return data
        _validation.check_unmasked("X", X)
        if sparse.issparse(X):
            X = _validation.as_csr(X)
        elif getattr(X, "dtype", None) in _SMALL:  # float64 would be more than they hold
            X = X.astype(np.float32)
        data = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            ensure_min_samples=2 if reset else 1,
        )
        if sparse.issparse(data):
            return data
        table = np.ascontiguousarray(data)
        return torch.from_numpy(table if table.flags.writeable else table.copy())

    def _keep(
        self, fitted: pipeline.Fitted, plan: Plan, data: Any, home: torch.device, is_tensor: bool
    ) -> Any:
        """Set the attributes of a fit; return the map."""
        embedding = fitted.embedding.to(home)
        self.kl_divergence_ = fitted.kl_divergence
        self.report_ = fitted.report
        self.n_iter_ = fitted.report.iterations - 1
        self.learning_rate_ = next(phase for phase in plan.phases if phase.iterations).rate
        self._reference = None
        if data is not None:
            kind = self.affinities
            if not isinstance(kind, Affinities):
                kind = Perplexity(min(self.perplexity, len(embedding) - 1))
            # The user may change the map that is handed out.
            self._reference = Reference(
                data,
                embedding.clone(),
                kind,
                Search("exact", self.metric, self.metric_params),
                plan.repulsion.dof,
            )
        self.embedding_ = embedding if is_tensor else embedding.cpu().numpy()
        return self.embedding_

    @contextmanager
    def _running(self, device: torch.device, facts: dict[str, Any]) -> Iterator[pipeline.Listeners]:
        """Set up threads, the device and who listens."""
        if self.checkpoint is not None:
            check_writable(self.checkpoint)
        with (
            torch.no_grad(),
            threads(thread_count(self.n_jobs)),
            torch.cuda.device(device) if device.type == "cuda" else nullcontext(),
            self._listener() as report,
        ):
            yield pipeline.Listeners(
                report=report,
                say=_talk if self.verbose > 1 else None,
                callback=_as_one(self.callback),
                return_on_interrupt=self.on_interrupt == "return",
                checkpoint=self.checkpoint,
                facts=facts,
            )

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

    @contextmanager
    def _listener(self) -> Iterator[Callable[[Progress], None]]:
        if self.progress is not None:
            yield self.progress
        elif self.verbose == 1:
            with default_listener() as listener:
                yield listener
        else:
            yield pipeline.ignore


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


def _as_one(callbacks: Any) -> Callable[[int, float, Tensor], object] | None:
    """Return one callback for several, all of which are called."""
    if callbacks is None or callable(callbacks):
        return callbacks
    return lambda *seen: any([callback(*seen) for callback in callbacks])


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
