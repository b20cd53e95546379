"""The judge of all maps that a benchmark makes of one data set, and its line of a table.

All libraries and schedules are judged alike, by all measures of `fasttsne.metrics`, so that none is
tuned to one of them: P of the exact neighbours, Z over all pairs. The columns:

KL, best    KL divergence, and the same at the best scale of the map
rec10, 30   share of the 10 and 30 nearest neighbours kept
trust, cont trustworthiness, continuity
acc10       accuracy of a vote of the 10 nearest
rank, trip  rank correlation of distances, random triplets
KNC         neighbours of class centres kept
cohes, silh cohesion, silhouette
strays      points far from all others
reach       largest radius over its 99th percentile
span        width of the map
"""

from __future__ import annotations

import numpy as np
import torch

from fasttsne.affinities import JointP, Perplexity
from fasttsne.metrics import Judge, Report, digits
from fasttsne.neighbors.exact import exact_neighbors

COLUMNS = {
    "KL divergence": "KL",
    "KL at best scale": "best",
    "neighbour recall@10": "rec10",
    "neighbour recall@30": "rec30",
    "trustworthiness": "trust",
    "continuity": "cont",
    "10-NN accuracy": "acc10",
    "distances, rank correlation": "rank",
    "random triplets": "trip",
    "class neighbours": "KNC",
    "cohesion": "cohes",
    "silhouette": "silh",
    "strays": "strays",
    "reach": "reach",
}
HEAD = "".join(f"{name:>8}" for name in (*COLUMNS.values(), "span"))


def joint_P(X: np.ndarray, perplexity: float) -> tuple[torch.Tensor, JointP]:
    """Return the centred rows, and P of their exact neighbours."""
    centred = torch.from_numpy(X - X.mean(0))
    neighbors = exact_neighbors(centred, min(len(X) - 1, int(3 * perplexity)))
    return centred, Perplexity(perplexity).joint(neighbors)


def make_judge(X: np.ndarray, labels: np.ndarray | None, P: JointP) -> Judge:
    """Return what measures maps of X."""
    return Judge(X, labels, P=P, method="exact")


def line(found: Report, Y: np.ndarray) -> str:
    """Return the measures of a map below :data:`HEAD`."""
    shown = [digits(found[name]) if name in found else "-" for name in COLUMNS]
    return "".join(f"{cell:>8}" for cell in (*shown, f"{np.ptp(Y, axis=0).max():.0f}"))
