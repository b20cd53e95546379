"""A fit on disk: written every few iterations, taken up again to the same bits."""

from __future__ import annotations

import os
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from .affinities import JointP
from .schedule import Phase
from .tables import replacing

_FORMAT = 1


class Checkpoint:
    """The file of one fit; what does not change while points move is gathered once.

    Parameters
    ----------
    path : str or path-like
    P : JointP
    phases : list of Phase
    facts : dict
        Whatever else the fit needs to be finished: numbers, strings, tensors, and lists and dicts
        of them.
    """

    def __init__(
        self, path: str | os.PathLike[str], P: JointP, phases: list[Phase], facts: dict[str, Any]
    ) -> None:
        self.path = Path(path)
        self._constant = {
            "format": _FORMAT,
            "P": [part.cpu() for part in P],
            "phases": [asdict(phase) for phase in phases],
            **facts,
        }

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file by a complete one; a disk that is full costs no fit."""
        try:
            with replacing(self.path) as temporary:
                torch.save({**self._constant, "state": state}, temporary)
        except (OSError, RuntimeError) as error:  # torch reports a full disk by the latter
            warnings.warn(f"checkpoint {self.path} was not written: {error}", stacklevel=2)


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what :class:`Checkpoint` wrote.

    Returns
    -------
    dict
        The facts; ``'P'``, a JointP; ``'phases'``; and ``'state'``, that of the descent.

    Raises
    ------
    OSError
        There is no such file.
    ValueError
        It is not a checkpoint of this version.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"{path} is no checkpoint of fasttsne: {error}") from None
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"{path} is no checkpoint of fasttsne of format {_FORMAT}")
    content["P"] = JointP(*content["P"])
    content["phases"] = [Phase(**phase) for phase in content["phases"]]
    return content
