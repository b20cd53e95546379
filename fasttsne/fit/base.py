"""The part of ``TSNE`` that is not scikit-learn's interface: running fits and resuming them."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any, TypeVar

import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from .. import _library, _validation
from .._threads import threads
from ..affinities import Affinities, Perplexity
from ..descent.transform import STARTS, FittedMap
from ..neighbors.metric import check_precomputed
from ..neighbors.search import KERNEL_METRICS, Search
from ..shards import Part, Shards
from . import checkpoint, pipeline
from .context import running
from .memory import check_memory, explaining_lack_of_memory
from .parameters import Plan, check_device, check_start, thread_count
from .ranks import (
    agree,
    check_for_ranks,
    check_same,
    facts_of_rank,
    seed_of_all,
    shards_of,
)
from .samples import (
    check_samples,
    check_samples_of_fit,
    columns_of,
    device_of,
    renewing_columns,
    set_columns,
)

_CHANGEABLE = {
    *("callback", "callback_every", "checkpoint_every", "keep_state", "n_jobs", "on_interrupt"),
    *("progress", "verbose"),
}
"""Parameters that change no map, and may therefore be changed when a fit is resumed."""
_OWN_OF_RANK = {"callback", "device", "init", "n_jobs", "progress", "verbose"}
"""Parameters that may be different on every rank."""
_NEEDED_BY_TRANSFORM = ("affinities", "metric", "metric_params")


def _machine(device: torch.device) -> dict[str, Any]:
    """Return what computes; ranks would round differently if it were not the same on all."""
    return {"device": device.type, "kernels (FASTTSNE_SIMD)": _library.kernels_on(device)}


_TSNE = TypeVar("_TSNE", bound="BaseTSNE")


class BaseTSNE(BaseEstimator):
    """Runs fits and keeps their results as attributes of the estimator.

    It exists so that :class:`fasttsne.TSNE`, which derives from it, shows its parameters and
    scikit-learn's methods alone.
    """

    def _run_fit(self, X: Any, y: Any = None) -> Any:
        """Check X, labels and parameters, fit, and return the map."""
        shards = shards_of(self.distributed)
        with renewing_columns(self), shards.together():
            data, n, device, plan = self._check_fit(X, y, shards)
            d = 0 if data is None else data.shape[1]
            is_tensor = isinstance(X, Tensor)
            facts = {}
            if self.checkpoint is not None:
                fingerprint = None if data is None else checkpoint.fingerprint(data)
                rows = None
                if shards.count > 1:
                    fingerprint = " ".join(shards.objects(fingerprint))
                    rows = shards.sizes(len(data))
                facts = self._facts(columns_of(self), is_tensor, fingerprint, rows)
            with (
                running(self, device, facts, shards.rank == 0) as listeners,
                explaining_lack_of_memory(plan, n, d, device),
            ):
                result = pipeline.fit(plan, data, X, n, device, listeners, shards)
            if self.verbose and shards.rank == 0 and result.report.search == "cells":
                recall = result.report.search_recall
                print(f"neighbors by cells, recall {recall:.3f} of a sample", file=sys.stderr)
            part = None if shards.count == 1 else Part(shards, shards.sizes(len(data)))
            return self._keep(result, plan, data, is_tensor, part)

    def _check_fit(self, X: Any, y: Any, shards: Shards) -> tuple[Any, int, torch.device, Plan]:
        """Return the checked data, the number of samples of all ranks, the device, the plan."""

        def check_X() -> tuple[Any, int]:
            data, n = check_samples_of_fit(self, X, 2 if shards.count == 1 else 0)
            if shards.count > 1:
                check_for_ranks(self, data)
            return data, n

        data, own = agree(shards, check_X)
        if shards.count > 1:
            columns = {"columns of X": data.shape[1], "dtype of X": str(data.dtype)}
            check_same({**facts_of_rank(self, _OWN_OF_RANK), **columns}, shards)
        n = sum(shards.sizes(own))

        def check_parameters() -> tuple[torch.device, Plan]:
            device = check_device(self.device, device_of(data))
            plan = Plan.of(self, n, has_X=data is not None, own=own, y=y)
            if self.metric == "precomputed" and data is not None:
                check_precomputed(data, self.method)
            if device.type == "cpu":
                is_copied = isinstance(data, Tensor) and self.metric in KERNEL_METRICS
                check_memory(plan, own, data.numel() if is_copied else 0)
            return device, plan

        device, plan = agree(shards, check_parameters)
        check_same(_machine(device), shards)
        return data, n, device, replace(plan, seed=seed_of_all(plan.seed, shards))

    @classmethod
    def resume(
        cls: type[_TSNE],
        path: str | os.PathLike[str],
        X: Any = None,
        *,
        device: Any = None,
        distributed: bool = False,
        **parameters: Any,
    ) -> _TSNE:
        """Finish a fit from its checkpoint; on a CPU the map is the same as without a stop.

        So it is on as many ranks as before. On another number of ranks, which may be one, the map
        is as good, and each rank gets an even part of its rows.

        Parameters
        ----------
        path : str or path-like
            The file that the parameter ``checkpoint`` named. It is replaced again during this fit.
        X : array or Tensor, optional
            The data of the fit. Only :meth:`transform` needs them.
        device : str or torch.device, optional
            Where to compute. Default: the device of X, or the CPU without X.
        distributed : bool, default False
            Whether the processes of ``torch.distributed`` finish the fit together. All read the
            files that the ranks of the fit wrote.
        **parameters
            Parameters of :class:`fasttsne.TSNE` that do not change the map: callback,
            callback_every, checkpoint_every, keep_state, n_jobs, on_interrupt, progress, verbose.
            Others may be given if they are those of the fit, so that a mistake is noticed.

        Returns
        -------
        TSNE
            Fitted. A parameter that a file cannot hold has its default: arrays, functions, and
            objects other than affinities.

        Raises
        ------
        OSError
            The file does not exist, or cannot be read or replaced.
        ValueError
            It is no checkpoint, or a damaged one, or X are not the data of its fit.
        TypeError
            A parameter that would change the map.
        """
        shards = shards_of(distributed)
        with shards.together():
            return cls._resume(path, X, device, parameters, shards)

    @classmethod
    def _resume(
        cls: type[_TSNE],
        path: str | os.PathLike[str],
        X: Any,
        device: Any,
        parameters: dict[str, Any],
        shards: Shards,
    ) -> _TSNE:
        content = agree(shards, lambda: checkpoint.load(path, shards))
        saved = content["parameters"]
        for name in sorted(set(parameters) - _CHANGEABLE):
            if name not in saved or parameters[name] != saved[name]:
                holds = f", and {path} holds a fit with {name}={saved.get(name)!r}"
                raise TypeError(
                    f"resume takes {', '.join(sorted(_CHANGEABLE))}; got "
                    f"{name}={parameters[name]!r}{holds if name in saved else ''}"
                )
        if unknown := set(content["parameters"]) - set(cls._get_param_names()):
            raise ValueError(
                f"{path} is a damaged checkpoint: TSNE has no {', '.join(sorted(unknown))}"
            )
        again = {"checkpoint": path, "device": device, "distributed": shards.count > 1}
        self = cls(**{**content["parameters"], **parameters, **again})
        if shards.count > 1 and content["constraints"] is not None:
            raise ValueError(
                f"{path} holds a fit with fixed points or anchors, which one process finishes: "
                "resume it without distributed=True"
            )
        n = content["state"]["Y"].shape[0]
        rows = content["rows_of_data"]
        part = of_data = None
        if shards.count > 1:
            part = Part(shards, content["sizes"])
            is_same = rows is not None and len(rows) == shards.count
            of_data = Part(shards, rows) if is_same else Part.even(n, shards)
        where = check_device(device, X.device if isinstance(X, Tensor) else torch.device("cpu"))
        given = {"X": "data" if X is not None else None, **_machine(where)}
        check_same({**facts_of_rank(self, _OWN_OF_RANK), **given}, shards)
        data = None
        if X is not None:
            data = agree(shards, lambda: self._check_resumed_X(X, content, n, of_data))
        set_columns(self, content["columns"])
        plan = replace(Plan.of(self, n, P=content["P"]), phases=content["phases"])
        facts = self._facts(content["columns"], content["is_tensor"], content["data"], rows)
        with running(self, where, facts, shards.rank == 0) as listeners:
            result = pipeline.resume(plan, content, where, listeners, part)
        self._keep(result, plan, data, content["is_tensor"], of_data)
        return self

    def _check_resumed_X(
        self, X: Any, content: dict[str, Any], n: int, of_data: Part | None
    ) -> Any:
        """Return X as checked data if they are those of the checkpoint and ``transform`` works."""
        data = check_samples(self, X, reset=True, least=1 if of_data is None else 0)
        saved = (content["data"] or "").split()
        rank, count = (0, 1) if of_data is None else (of_data.shards.rank, of_data.shards.count)
        if len(saved) != count:
            raise ValueError(
                f"X serves transform alone, on as many ranks as fitted it, {len(saved)}; on "
                f"{count}, resume without X"
            )
        if checkpoint.fingerprint(data) != saved[rank]:
            own = n if of_data is None else of_data.sizes[rank]
            raise ValueError(
                f"X must be the data of the checkpoint, of shape ({own}, {content['d']}), "
                f"row by row; got others of shape {tuple(data.shape)}"
            )
        lost = [name for name in _NEEDED_BY_TRANSFORM if name not in content["parameters"]]
        if lost:
            raise ValueError(
                f"X serves transform alone, which needs {' and '.join(lost)}; the checkpoint "
                "cannot hold what they were, so resume without X"
            )
        return data

    def _facts(
        self,
        columns: dict[str, Any],
        is_tensor: bool,
        fingerprint: str | None,
        rows: list[int] | None,
    ) -> dict[str, Any]:
        """Return what the estimator adds to a checkpoint."""
        return {
            "parameters": checkpoint.storable_parameters(self.get_params()),
            "columns": columns,
            "is_tensor": is_tensor,
            "data": fingerprint,
            "rows_of_data": rows,
        }

    def _keep(
        self,
        result: pipeline.FitResult,
        plan: Plan,
        data: Any,
        is_tensor: bool,
        part: Part | None = None,
        affinities: Affinities | None = None,
        search: Search | None = None,
    ) -> Any:
        """Set the attributes of a fit; return the map, on the device of the data.

        On several ranks these are the rows of this rank. Affinities and search for ``transform``
        are those of the parameters unless others are given.
        """
        embedding = result.embedding.to(device_of(data))
        self.kl_divergence_ = result.kl_divergence
        self.report_ = result.report
        self.n_iter_ = result.report.iterations - 1
        self.learning_rate_ = next(phase for phase in plan.phases if phase.iterations).rate
        self._kept = None if result.kept is None else result.kept.on(device_of(data))
        self._fitted_map = None
        if data is not None:
            affinities = affinities or self.affinities
            if not isinstance(affinities, Affinities):
                affinities = Perplexity(min(self.perplexity, len(embedding) - 1))
            self._fitted_map = FittedMap(
                data,
                embedding.clone(),  # as the user may change the one that is returned
                affinities,
                search or Search("exact", self.metric, self.metric_params),
                plan.repulsion.dof,
            )
        if part is not None:
            embedding = embedding[part.rows].clone()
        self.embedding_ = embedding if is_tensor else embedding.cpu().numpy()
        return self.embedding_

    def _place(self, X: Any, start: Any, iterations: Any) -> Any:
        """Check new samples and place them into the map, as ``transform`` says."""
        if self._fitted_map is None:
            raise ValueError(
                "transform needs the data of the fit, and this TSNE was fitted without X"
            )
        fitted_map, shards = self._fitted_map, shards_of(self.distributed)

        def check() -> tuple[Any, Any, int]:
            data = check_samples(self, X, reset=False, least=1 if shards.count == 1 else 0)
            if shards.count > 1:
                check_for_ranks(self, data)
            if isinstance(start, str):
                _validation.choice("start", start, STARTS)
                begin: str | Tensor = start
            else:
                begin = check_start(start, data.shape[0], self.embedding_.shape[1], "start")
            return data, begin, _validation.integer("iterations", iterations, 0)

        with shards.together(), torch.no_grad(), threads(thread_count(self.n_jobs)):
            data, begin, steps = agree(shards, check)
            home = device_of(data)
            device = check_device(self.device, home)
            placed = fitted_map.place(data, begin, steps, device, shards).to(home)
        return placed if isinstance(X, Tensor) else placed.numpy()
