"""Names that other libraries, or older versions of scikit-learn, use for parameters of ``TSNE``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import ParamSpec

_FOREIGN_NAMES = {
    "affinities": ("load_affinities",),
    "affinities=fasttsne.affinities.Multiscale([...])": ("perplexity_list",),
    "angle": ("theta",),
    "callback": ("callbacks",),
    "callback_every": ("callbacks_every_iters",),
    "anchor_weight": ("alignment_regularisation",),
    "dof": ("df",),
    "early_exaggeration": ("early_exag_coeff",),
    "init": ("initialization",),
    "late_exaggeration": ("exaggeration", "late_exag_coeff"),
    "late_exaggeration_start": ("start_late_exag_iter",),
    "learning_rate": ("learning_rate_method",),
    "max_iter": ("n_iter",),
    "mesh_step": ("ints_in_interval", "intervals_per_integer", "min_num_intervals"),
    "method": ("negative_gradient_method", "fft_not_bh", "nbody_algo"),
    "n_components": ("no_dims",),
    "n_jobs": ("nthreads",),
    "neighbors, which takes arrays, a graph or a function": (
        *("knn_graph", "knn_index", "knn_kwargs", "precomputed_knn"),
    ),
    "nothing: distances are always squared": ("square_distances",),
    "nothing: no step is longer than 5": ("max_step_norm", "max_grad_norm"),
    "perplexity, of which three times as many neighbors are searched": ("n_neighbors",),
    "supervision": ("target_weight",),
    "random_state": ("rand_seed", "random_seed", "seed"),
    "schedule=[fasttsne.Phase(...), ...], or max_iter for all phases together": (
        *("early_exaggeration_iter", "exaggeration_iter", "n_iter_early_exag"),
        *("stop_early_exag_iter", "initial_momentum", "final_momentum"),
        *("pre_momentum", "post_momentum", "mom_switch_iter"),
    ),
}
"""What to pass to ``TSNE``, and what it is called elsewhere."""
OUR_NAMES = {theirs: ours for ours, names in _FOREIGN_NAMES.items() for theirs in names}
"""The same the other way round: for each foreign name, what to pass here."""

_Parameters = ParamSpec("_Parameters")


def suggest_our_names(init: Callable[_Parameters, None]) -> Callable[_Parameters, None]:
    """Decorate ``TSNE.__init__`` to raise a TypeError that names our parameter for a foreign one.

    The signature stays, as scikit-learn reads the parameters of an estimator from it.
    """
    known = signature(init).parameters

    @wraps(init)
    def checked(*args: _Parameters.args, **given: _Parameters.kwargs) -> None:
        unknown = [
            f"{name!r}: use {OUR_NAMES[name]}" if name in OUR_NAMES else repr(name)
            for name in given
            if name not in known
        ]
        if unknown:
            raise TypeError(f"TSNE got an unexpected keyword argument {'; '.join(unknown)}")
        init(*args, **given)

    return checked
