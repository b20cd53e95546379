"""Rows that are shared among processes: what each rank has to know of the others.

The rows of a fit are numbered through all ranks: those of rank 0 come first. Code that works on its
own rows asks a :class:`Shards` for what depends on all of them. :class:`Shards` itself is the only
process that there is, and returns what it is given. :class:`Ranks` are the processes of
``torch.distributed``, which ``torchrun`` starts.

All ranks call the same functions in the same order. Sums are taken in the order of the ranks, so
that all ranks get the same bits, and every run does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

_PATIENCE = timedelta(days=30)
"""How long a rank waits for another, which may search longer than itself. One whose process has
ended is noticed at once."""
_SECONDS_FOR_REASONS = 3.0
"""How long the ranks wait for one another's reasons after one has failed."""


class Shards:
    """The only process, which has all rows."""

    rank = 0
    """Number of this process."""
    count = 1
    """Number of processes."""
    sent = 0
    """Bytes that this process has sent to others."""

    def gather(self, t: Tensor) -> Tensor:
        """Return the tensors of all ranks, which have one shape: (count, *shape)."""
        return t[None]

    def gather_rows(self, t: Tensor) -> Tensor:
        """Return the rows of all ranks, one rank after the other; their numbers may differ."""
        return t

    def exchange(
        self, rows: Tensor, counts: list[int], taken: list[int] | None = None
    ) -> tuple[Tensor, list[int]]:
        """Give rows to all ranks, and return those that the ranks gave to this one.

        Parameters
        ----------
        rows : Tensor, shape (l, ...)
            Those for rank 0 come first. The further sides and the dtype are the same on all ranks.
        counts : list of int
            How many rows each rank gets.
        taken : list of int, optional
            How many rows each rank gives, where that is known before.

        Returns
        -------
        rows : Tensor, shape (r, ...)
            Those of rank 0 come first.
        counts : list of int
            How many rows each rank gave.
        """
        return rows, counts

    def objects(self, value: Any) -> list[Any]:
        """Return the values of all ranks, small objects of Python."""
        return [value]

    def sum(self, t: Tensor) -> Tensor:
        """Return the sum of the tensors of all ranks, added in the order of the ranks."""
        return t if self.count == 1 else reduce(torch.add, self.gather(t))

    def sizes(self, rows: int) -> list[int]:
        """Return how many rows each rank has."""
        return self.gather(torch.tensor(rows, dtype=torch.int64, device="cpu")).tolist()

    def any(self, value: bool) -> bool:
        """Whether a value is true on any rank."""
        return bool(self.gather(torch.tensor(value, dtype=torch.bool, device="cpu")).any())

    @contextmanager
    def together(self) -> Iterator[None]:
        """End the work of all ranks if that of one fails within the block."""
        yield


ALONE = Shards()
"""The only process. There is nothing else that it could be."""


def even_bounds(n: int, count: int) -> list[int]:
    """Return where n things are cut into parts of even size: (count + 1,)."""
    return [n * i // count for i in range(count + 1)]


@dataclass(frozen=True)
class Part:
    """The rows that this rank has of all n, and how to get those of all."""

    shards: Shards
    sizes: list[int]
    """Rows of each rank."""

    @classmethod
    def even(cls, n: int, shards: Shards) -> Part:
        """Return a part of n rows that are as evenly dealt as can be."""
        bounds = even_bounds(n, shards.count)
        return cls(shards, [end - begin for begin, end in pairwise(bounds)])

    @property
    def n(self) -> int:
        """Number of all rows."""
        return sum(self.sizes)

    @property
    def first(self) -> int:
        """Number of the first row of this rank."""
        return sum(self.sizes[: self.shards.rank])

    @property
    def rows(self) -> slice:
        """The rows of this rank."""
        return slice(self.first, self.first + self.sizes[self.shards.rank])

    def gather(self, mine: Tensor) -> Tensor:
        """Return the rows of all ranks, given those of this one."""
        return mine if self.shards.count == 1 else self.gather_and_tell(mine, False)[0]

    def gather_and_tell(self, mine: Tensor, news: bool) -> tuple[Tensor, bool]:
        """Return the rows of all ranks, and whether one of them has news, in one message."""
        most = max(self.sizes)
        padded = mine.new_zeros(most + 1, *mine.shape[1:])
        padded[: len(mine)] = mine
        padded[most] = news
        every = self.shards.gather(padded)
        rows = [rows[:size] for rows, size in zip(every, self.sizes, strict=True)]
        return torch.cat(rows), bool(every[:, most].any())


class RankError(RuntimeError):
    """Another rank failed; the message names it and its error."""


class Ranks(Shards):
    """The processes of ``torch.distributed``, over connections of their own.

    The default process group must exist (``torch.distributed.init_process_group``), and all ranks
    must make one at the same time.
    """

    _made = 0
    """How many were made in this process; the same on all ranks, as all make them together."""

    def __init__(self) -> None:
        import torch.distributed as dist

        self._dist = dist
        self.rank, self.count = dist.get_rank(), dist.get_world_size()
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        self._group: Any = dist.new_group(backend=backend, timeout=_PATIENCE)
        Ranks._made += 1
        self._store = dist.PrefixStore(
            f"fasttsne{Ranks._made}", dist.distributed_c10d._get_default_store()
        )

    def gather(self, t: Tensor) -> Tensor:
        """Return the tensors of all ranks, which have one shape: (count, *shape)."""
        out = t.new_empty(self.count, *t.shape)
        self.sent += t.nbytes * (self.count - 1)
        with self._noticing():
            self._dist.all_gather(list(out), t.contiguous(), group=self._group)
        return out

    def gather_rows(self, t: Tensor) -> Tensor:
        """Return the rows of all ranks, one rank after the other; their numbers may differ."""
        sizes = self.sizes(len(t))
        padded = t.new_empty(max(sizes), *t.shape[1:])
        padded[: len(t)] = t
        every = self.gather(padded)
        return torch.cat([rows[:size] for rows, size in zip(every, sizes, strict=True)])

    def exchange(
        self, rows: Tensor, counts: list[int], taken: list[int] | None = None
    ) -> tuple[Tensor, list[int]]:
        """Give rows to all ranks, and return those that the ranks gave to this one."""
        if taken is None:
            given = self.gather(torch.tensor(counts, dtype=torch.int64, device=rows.device))
            taken = given[:, self.rank].tolist()
        out = rows.new_empty(sum(taken), *rows.shape[1:])
        others = len(rows) - counts[self.rank]
        self.sent += others * rows[:1].nbytes
        with self._noticing():
            self._dist.all_to_all_single(out, rows.contiguous(), taken, counts, group=self._group)
        return out, taken

    def objects(self, value: Any) -> list[Any]:
        """Return the values of all ranks, small objects of Python."""
        out: list[Any] = [None] * self.count
        with self._noticing():
            self._dist.all_gather_object(out, value, group=self._group)
        return out

    @contextmanager
    def together(self) -> Iterator[None]:
        """End the work of all ranks if that of one fails within the block.

        The one that fails leaves its reason and closes its connections, so that the others, which
        wait for it now or later, fail as well and find the reason.
        """
        try:
            yield
        except BaseException as error:
            if not isinstance(error, RankError):
                with suppress(Exception):
                    self._store.set(f"why{self.rank}", f"{type(error).__name__}: {error}")
            self._close()
            raise
        self._close()

    def _close(self) -> None:
        with suppress(Exception):
            self._dist.destroy_process_group(self._group)
        self._group = None

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Reword the error of a lost connection."""
        try:
            yield
        except RuntimeError as error:
            raise RankError(self._reason() or str(error)) from error

    def _reason(self) -> str:
        """Return which ranks failed and why, as far as it can be known; empty if no rank failed."""
        end = time.monotonic() + _SECONDS_FOR_REASONS
        silent = set(range(self.count)) - {self.rank}
        why: dict[int, str] = {}
        try:
            self._store.set(f"alive{self.rank}", "")
            while silent and not why and time.monotonic() < end:
                for rank in sorted(silent):
                    if self._store.check([f"why{rank}"]):
                        why[rank] = self._store.get(f"why{rank}").decode()
                    elif self._store.check([f"alive{rank}"]):
                        silent.remove(rank)
                time.sleep(0.05)
        except Exception:
            return "rank 0 has ended, and with it what the ranks know of one another"
        if why:
            return "; ".join(f"rank {rank} failed: {text}" for rank, text in why.items())
        if silent:
            some = ", ".join(map(str, sorted(silent)))
            return f"rank {some} ended without a word: it was killed, perhaps for lack of memory"
        return ""
