"""t-SNE as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .descent.optimize import CHECK_EVERY
from .descent.transform import ITERATIONS
from .fit.base import BaseTSNE
from .fit.foreign_arrays import taken_over
from .fit.foreign_names import suggest_our_names
from .fit.going_on import optimize
from .fit.growth import extend
from .progress import Progress
from .schedule import Phase


class TSNE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseTSNE):
    """t-distributed stochastic neighbour embedding (van der Maaten and Hinton 2008).

    A scikit-learn estimator with the interface of ``sklearn.manifold.TSNE``. It also takes torch
    tensors, and computes on their device.

    Parameters
    ----------
    n_components : int, default 2
        Dimensions of the map: 1 to 3, or any number with ``method='exact'``.
    perplexity : float, default 30
        Effective number of neighbours of each point, below the number of samples. The search finds
        three times as many.
    affinities : Affinities or matrix, optional
        How to compute P, if not from one perplexity: an object of :mod:`fasttsne.affinities`
        (``Multiscale([30, 300])``, ``FixedSigma(2.5)``, ``Uniform(15)``). Or P itself, as a dense
        or sparse matrix of scipy, NumPy or torch
        (:func:`fasttsne.affinities.given_affinities`). The fit then ignores ``perplexity``, and
        with a matrix ``fit(None)`` needs no X.
    early_exaggeration : float, default 12
        Factor on the attraction in the first phase.
    learning_rate : float or 'auto', default 'auto'
        In scikit-learn's units. 'auto': n / (4 exaggeration) in each phase (Belkina et al. 2019).
    max_iter : int, optional
        Iterations of all phases together. Default: 400, see
        :func:`fasttsne.schedule.default_schedule`.
    late_exaggeration : float, default 1
        Factor on the attraction after the first phase: 2 to 4 draws clusters together.
    late_exaggeration_start : int, optional
        Iteration at which ``late_exaggeration`` begins. Default, and at the earliest: the end of
        the first phase.
    early_compression : float, default 0
        Weight of a penalty on the squared distances from the origin in the first phase (van der
        Maaten and Hinton 2008, section 3.4).
    schedule : list of fasttsne.Phase, optional
        All phases. Replaces early_exaggeration, learning_rate, max_iter, late_exaggeration and
        early_compression.
    n_iter_without_progress : int, default 300
        A phase ends when the KL divergence, estimated every 50 iterations, has not fallen for more
        iterations than this.
    min_grad_norm : float, default 1e-7
        A phase ends when the norm of the gradient is this or less.
    metric : str or callable, default 'euclidean'
        Distance between samples. The compiled kernels know 'euclidean', 'cosine' and 'correlation'.
        Sparse data and all other metrics of ``sklearn.neighbors.NearestNeighbors`` go to its
        search. 'precomputed': X holds the distances.
    metric_params : dict, optional
        Further arguments of the metric, if it takes any; 'euclidean' does not. Default of V of
        'seuclidean': the variances of the columns of X.
    init : 'pca', 'random', 'spectral' or array of shape (n, n_components), default 'pca'
        Where the points start: principal components, random numbers, or eigenvectors of a random
        walk along P (Belkin and Niyogi 2003). An array is not rescaled;
        :func:`fasttsne.initialization.rescale` brings one to the size of the other starts.
    fixed : array of bool, shape (n,), or of int, optional
        Points that keep the places that the array ``init`` gives them, as a mask or by their
        numbers. They act on others as all points do. The map is then not centred.
    anchors : array or Tensor, shape (n, n_components), optional
        Places that points are drawn to, such as those in the map of an earlier time; NaN in the
        whole row of a point that has none (docs/maps-that-go-on.md). The map is then not centred.
        ``kl_divergence_`` is without their penalty.
    anchor_weight : float, optional
        Weight of the penalty, which ``anchors`` need: half of it is added to the KL divergence when
        the points are, in the root mean square, as far from their anchors as these are from their
        centre.
    supervision : float, default 0
        How much the labels y of :meth:`fit` count beside the data, from 0, where y has no effect,
        to below 1: pairs of one class attract (1 + supervision) times as much, pairs of two classes
        (1 - supervision) times, and pairs with an unknown class as without labels.
    verbose : int, default 0
        1: show progress on standard error. 2: print scikit-learn's messages on standard output.
        Both print the recall of a search by cells on standard error.
    random_state : int, generator of NumPy or torch, optional
        The same seed gives the same bits, for any number of threads. None draws a seed from NumPy's
        global generator, as scikit-learn does, so that ``np.random.seed(0)`` makes a fit repeat.
    method : {'auto', 'exact', 'barnes_hut', 'fft'}, default 'auto'
        How the repulsive forces are summed. 'auto' picks the fastest by n and n_components. 'fft'
        changes to another where no grid in memory is fine enough, and on a CPU, with a warning,
        where another takes a hundredth of the time.
    angle : float, default 0.5
        Opening angle of Barnes-Hut, from 0, which is exact, to 1.
    mesh_step : float, optional
        Distance between nodes of the mesh in map units (times sqrt(dof) below dof 1), for the
        methods 'auto' and 'fft'. The relative error of the forces grows about as its cube: 5e-3 at
        0.25, 2e-2 at 0.35, 6e-2 at 0.5. Default: 0.35; but 0.25 below 20,000 samples where no tree
        replaces the mesh of a sparse map, with 'fft' or on a GPU (docs/benchmarks.md).
    neighbors : {'auto', 'exact', 'cells'}, pair of arrays, sparse matrix or callable
        How neighbours are searched: among all pairs ('exact'), or in the nearest cells of a
        clustering ('cells'), which finds about 98 %; ``report_.search_recall`` is measured on a
        sample. 'auto', the default, is exact up to 50,000 samples. Or the neighbours that another
        library found (faiss, hnswlib, pynndescent, cuVS ...): ``(indices, distances)``, a
        scipy.sparse matrix of distances, or a function ``neighbors(X, k)`` that returns either; see
        :func:`fasttsne.neighbors.given_neighbors`. Only the start by PCA then uses X.
    device : str or torch.device, optional
        Where to compute. Default: the device of X. The map is returned on the device of X.
    n_jobs : int, optional
        Threads during the fit; their number does not change its result. Default: torch's number.
        -1: one per core, which is also the most that a number gives. A forked child process uses
        one.
    dof : float, default 1
        Degrees of freedom of the Student kernel; below 1 gives heavier tails and finer clusters
        (Kobak et al. 2019).
    objective : {'tsne', 'symmetric_sne', 'sne'}, default 'tsne'
        'symmetric_sne' has a Gaussian kernel in the map, too. So has 'sne', whose KL divergences
        are those of the conditional distributions of each point (Hinton and Roweis 2002);
        ``kl_divergence_`` is their mean. Both sum all pairs, in O(n^2) time.
    callback : callable or list of callables, optional
        ``callback(iteration, kl, embedding)``; the fit stops if one returns a true value. The
        embedding is a tensor on the device that computes, and later iterations change it: copy it
        to keep it, as :class:`fasttsne.Snapshots` does.
    callback_every : int, default 50
        Iterations between two calls. A call costs an evaluation of the KL divergence, and does not
        change the map.
    progress : callable, optional
        Called with a :class:`fasttsne.progress.Progress` at each step of each phase.
    on_interrupt : {'raise', 'return'}, default 'raise'
        What Ctrl-C does during the descent: raise KeyboardInterrupt, or end the fit with a warning
        and return the map so far. A process that was started with SIGINT ignored (by ``nohup``, or
        in the background of a script) does not notice Ctrl-C. There a callback can stop the fit, or
        ``signal.signal(signal.SIGINT, signal.default_int_handler)`` restores the signal.
    checkpoint : str or path-like, optional
        File with the state of the fit, replaced every ``checkpoint_every`` iterations and on
        Ctrl-C. :meth:`resume` goes on from it to the same bits. It holds P, 8 bytes a pair, and a
        checksum by which a damaged file is refused.
    checkpoint_every : int, default 50
        Iterations between two writes.
    keep_state : bool or 'auto', default 'auto'
        Whether the fitted estimator keeps what :meth:`optimize` and :meth:`extend`
        need: the neighbours, 8 bytes
        each, P, 8 bytes a pair, and the velocity and the gains of each point. 'auto': up to 50,000
        samples. Pickles of the estimator hold it, too.
    distributed : bool, default False
        Whether the processes of ``torch.distributed`` fit one map together: each passes the rows
        of X that it has, in the order of the ranks, and gets the places of these. An array as
        ``init`` is that of its rows, too. The other parameters must be the same on all ranks.
        Metrics are 'euclidean', 'cosine' and 'correlation', X is dense, and the search is ours
        (docs/scaling.md).

    Attributes
    ----------
    embedding_ : array or Tensor, shape (n, n_components), float32
        The map; a Tensor if X is one. With ``distributed`` that of the rows of this rank.
    kl_divergence_ : float
        KL(P || Q) of the map in nats.
    n_iter_ : int
        Number of the last iteration, counted from 0 as in scikit-learn.
    learning_rate_ : float
        Learning rate of the first phase.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : array of str
        Their names, if X has any.
    report_ : FitReport
        What the fit did, and how long its phases took.
    """

    @suggest_our_names
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
        fixed: Any = None,
        anchors: Any = None,
        anchor_weight: float | None = None,
        supervision: float = 0.0,
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
        keep_state: bool | str = "auto",
        distributed: bool = False,
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
        self.fixed = fixed
        self.anchors = anchors
        self.anchor_weight = anchor_weight
        self.supervision = supervision
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
        self.keep_state = keep_state
        self.distributed = distributed

    def fit(self, X: Any, y: Any = None) -> TSNE:
        """Embed X.

        Parameters
        ----------
        X : array or Tensor, shape (n, d), or None
            See :meth:`fit_transform`.
        y : array of int, shape (n,), optional
            See :meth:`fit_transform`.

        Returns
        -------
        TSNE
            Itself.
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Embed X and return the map.

        Parameters
        ----------
        X : array or Tensor, shape (n, d), or None
            Finite, at least 2 samples. Arrays of other libraries that know DLPack (JAX, CuPy) are
            taken over as tensors without a copy. A ``Dataset`` or ``DataLoader`` of torch is read
            into a tensor: a row a sample, of a pair the first part. It is copied only where its
            dtype or layout must change, and :meth:`transform` uses it: do not change it until then.
            None if ``affinities`` is a matrix, or ``neighbors`` are arrays or a sparse matrix.
        y : array of int, shape (n,), optional
            Labels, -1 where unknown. They have an effect with ``supervision`` alone; without it
            they are not even looked at, as scikit-learn's pipelines pass them to every step.

        Returns
        -------
        array or Tensor, shape (n, n_components), float32
            A Tensor on the device of X, if X is one; of an array of another library, an array of
            that library, where ``embedding_`` is a Tensor.

        Raises
        ------
        ValueError, TypeError
            Wrong data or parameters; raised before any work.
        MemoryError
            The fit certainly needs more memory than is free; raised before any work, on Linux.
        """
        X, give = taken_over(X)
        return give(self._run_fit(X, y))

    def transform(self, X: Any, *, start: Any = "weighted", iterations: int = ITERATIONS) -> Any:
        """Place new samples into the map, which does not change.

        Each new sample is placed by its neighbours among the samples of the fit, independently of
        other new ones. A sample that was in the fit gets its position in the map, that of the first
        if there are equal ones. The search is exact, by ``metric``, even if the fit was given
        neighbours. After a fit with a matrix for ``affinities``, ``perplexity`` gives their P.

        Parameters
        ----------
        X : array or Tensor, shape (l, d); with ``metric='precomputed'`` (l, n)
            Finite; dense or sparse as in the fit.
        start : {'weighted', 'median'} or array of shape (l, n_components)
            Where samples start: at the mean of their neighbours in the map, weighted by the
            probabilities, at the median of these neighbours, or at given places.
        iterations : int, default 200
            Steps of each sample; 0 leaves it where it starts.

        Returns
        -------
        array or Tensor, shape (l, n_components), float32
            A Tensor on the device of X, if X is one.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before a fit.
        ValueError, TypeError
            Wrong data, other columns than those of the fit, or a fit without X.
        """
        check_is_fitted(self, "embedding_")
        X, give = taken_over(X)
        return give(self._place(X, start, iterations))

    def optimize(
        self,
        iterations: int,
        *,
        exaggeration: float = 1.0,
        momentum: float = 0.8,
        learning_rate: float | str = "auto",
        compression: float = 0.0,
        perplexity: float | None = None,
    ) -> TSNE:
        """Go on with the map: run a further phase of the descent.

        Velocity and gains are those at the end of the fit, or of the last call. A fit and a call
        together give the same bits on a CPU as one fit whose schedule also has the further phase.
        Parameters of the estimator that have changed since, such as ``method`` or ``callback``,
        apply. Iterations are counted on.

        Parameters
        ----------
        iterations : int
            1 or more.
        exaggeration, momentum, learning_rate, compression : float
            As of :class:`fasttsne.Phase`.
        perplexity : float, optional
            Make P anew, with this perplexity, of the neighbours that the fit kept: at most a third
            of them, whatever the affinities were. It stays for later calls and for
            :meth:`transform`. Default: P stays.

        Returns
        -------
        TSNE
            Itself; ``embedding_``, ``kl_divergence_``, ``n_iter_`` and ``report_`` are new ones. If
            an error or Ctrl-C ends the descent, they stay.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before a fit.
        ValueError, TypeError
            Wrong arguments; a fit that kept no state (``keep_state``), or no neighbours for another
            perplexity. Raised before any work.
        """
        check_is_fitted(self, "embedding_")
        optimize(
            self,
            Phase(iterations, exaggeration, momentum, learning_rate, compression),
            perplexity,
        )
        return self

    def extend(
        self,
        X: Any,
        y: Any = None,
        *,
        iterations: int = 250,
        exaggeration: float = 1.0,
        momentum: float = 0.8,
        learning_rate: float | str = "auto",
        compression: float = 0.0,
    ) -> TSNE:
        """Let new samples join the map, which then goes on with all.

        Samples of the fit start where they are, with their velocity and gains, and new ones where
        :meth:`transform` places them. P is made anew of the neighbours of all: new samples are
        searched among all, and come into the lists of the others where they are nearer than what
        these hold. The search is exact, and takes time in proportion to new samples times all.

        Parameters
        ----------
        X : array or Tensor, shape (l, d)
            Finite; dense or sparse as in the fit.
        y : array of int, shape (l,), optional
            Labels, -1 where unknown, for a fit with ``supervision``. Default: all unknown.
        iterations : int, default 250
            1 or more.
        exaggeration, momentum, learning_rate, compression : float
            As of :class:`fasttsne.Phase`.

        Returns
        -------
        TSNE
            Itself, with ``embedding_`` of all n + l samples, the new ones last. Fixed points stay
            fixed, and new ones have no anchor.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before a fit.
        ValueError, TypeError
            Wrong data or arguments; a fit that kept no state (``keep_state``), without X, with
            ``metric='precomputed'``, or with neighbours of another library. Raised before any work.
        """
        check_is_fitted(self, "embedding_")
        extend(
            self,
            taken_over(X)[0],
            y,
            Phase(iterations, exaggeration, momentum, learning_rate, compression),
        )
        return self

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn should know about X and the result."""
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.metric == "precomputed"
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.embedding_.shape[1]


def tsne(X: Tensor, n_components: int = 2, **parameters: Any) -> Tensor:
    """Embed a tensor: :class:`TSNE` as a function.

    Parameters
    ----------
    X : Tensor, shape (n, d)
    n_components : int, default 2
    **parameters
        Other parameters of :class:`TSNE`.

    Returns
    -------
    Tensor, shape (n, n_components), float32
        The map, on the device of X.
    """
    if not isinstance(X, Tensor):
        raise TypeError(
            f"X must be a torch.Tensor, got {type(X).__name__}; TSNE().fit_transform takes arrays"
        )
    return TSNE(n_components, **parameters).fit_transform(X)
