"""All measures of the maps of one data set, as a line of a table.

All libraries and schedules are judged by the same measures, all of those in `fasttsne.metrics`, so
that no one is favoured that is tuned to a single measure. The KL divergence has P of the exact
neighbours and Z over all pairs. The columns:

KL, best    KL divergence, and the KL divergence at the best scale of the map
rec10, 30   share of the 10 and 30 nearest neighbours that the map keeps
trust, cont trustworthiness, continuity
acc10       accuracy of a vote of the 10 nearest neighbours in the map
rank, trip  rank correlation of distances, share of random triplets in the same order
KNC         share of the nearest class centres that the map keeps
cohes, silh cohesion, silhouette
strays      points far from all others
reach       largest radius over the 99th percentile of radii
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
    """Return the centred rows, and P from their exact neighbours."""
    centred = torch.from_numpy(X - X.mean(0))
    neighbors = exact_neighbors(centred, min(len(X) - 1, int(3 * perplexity)))
    return centred, Perplexity(perplexity).joint(neighbors)


def make_judge(X: np.ndarray, labels: np.ndarray | None, P: JointP) -> Judge:
    """Return a function that measures maps of X."""
    return Judge(X, labels, P=P, method="exact")


def line(found: Report, Y: np.ndarray) -> str:
    """Return the line of a map for the table with the heading :data:`HEAD`."""
    shown = [digits(found[name]) if name in found else "-" for name in COLUMNS]
    return "".join(f"{cell:>8}" for cell in (*shown, f"{np.ptp(Y, axis=0).max():.0f}"))
