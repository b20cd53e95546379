"""The cost that t-SNE minimises, for any map: as it is, and at the best scale of the map."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

from torch import Tensor

from .. import _validation, ops
from ..affinities import JointP
from ..descent.methods import choose_repulsion
from ..descent.repulsion import SMALL_KL
from .inputs import as_points


def kl_divergence(P: JointP, Y: Any, dof: float = 1.0, method: str = "exact") -> float:
    r"""Kullback-Leibler divergence of a map's affinities Q from the data's P: the cost of t-SNE.

    KL(P || Q) is the sum of P_ij ln(P_ij / Q_ij) over all pairs, where
    Q_ij = (1 + \|y_i - y_j\|^2 / dof)^-dof / Z and Z is the sum of the numerators over all pairs
    (van der Maaten and Hinton 2008, eq. 4, for dof = 1; Kobak et al. 2019 for any other).

    It sees pairs that are near in the data, and few others, as P is 0 for pairs far apart. A class
    that is cut in two costs only the pairs along the cut, and wider halves can gain more than that.
    It depends on the scale of the map, unlike :func:`kl_at_best_scale`. Values for different data
    or perplexities cannot be compared.

    Parameters
    ----------
    P : JointP
        Affinities of the data, which must sum to 1. The computation runs on their device.
    Y : array or tensor, shape (n, m)
        Map. It is centred, then rounded to float32.
    dof : float
        Degrees of freedom of the kernel.
    method : {'exact', 'approximate'}
        How Z is summed, in float64. 'exact' sums over all pairs, in O(n^2) time but not memory.
        'approximate' uses a Barnes-Hut tree or a particle mesh, whichever is cheaper, and is as
        precise as the divergence that a fit reports. It is exact, too, for up to 1,500 points, in 4
        or more dimensions, and where Z is less than a thousandth of n.

    Returns
    -------
    float
        0 if P = Q, else more.

    Raises
    ------
    TypeError
        If ``P`` is not a JointP or ``Y`` does not hold real numbers.
    ValueError
        If P and Y differ in their number of rows, P does not sum to 1, ``Y`` is not finite or
        spreads beyond float32, ``dof`` is not positive or ``method`` is unknown.
    """
    return _compute_kl(P, *_check_arguments(P, Y, dof, method))


class BestScale(NamedTuple):
    """What :func:`kl_at_best_scale` found."""

    kl_divergence: float
    """KL divergence of the map times ``scale``."""
    scale: float


def kl_at_best_scale(P: JointP, Y: Any, dof: float = 1.0, method: str = "exact") -> BestScale:
    r"""Lowest :func:`kl_divergence` that a map has when it is stretched or shrunk as a whole.

    This is the minimum over s > 0 of KL(P || Q(s Y)). It depends on the shape of the map alone, so
    it also suits methods whose maps have no natural size, such as PCA. A descent that has not
    converged usually ends above its own minimum, because the map is still growing.

    The scale is doubled or halved until the divergence rises, and then refined by Brent's method to
    about 1 %; an error of that size hardly changes the divergence.

    Like the divergence itself, it sees little of pairs that are far apart, and does not see that a
    class is in two pieces.

    Parameters
    ----------
    P, Y, dof
        As of :func:`kl_divergence`.
    method : {'exact', 'approximate'}
        How Z is summed at the scale that was found. The search itself is approximate.

    Returns
    -------
    BestScale
        The divergence, and the scale by which to multiply ``Y``; 1 if all points coincide.

    Raises
    ------
    TypeError, ValueError
        As :func:`kl_divergence`.
    """
    from scipy.optimize import minimize_scalar

    y, dof, method = _check_arguments(P, Y, dof, method)
    y = y - y.mean(0)
    largest = float(y.abs().max())
    if largest == 0:
        return BestScale(_compute_kl(P, y, dof, method), 1.0)
    y /= largest
    # The search starts at about the size of a t-SNE map. This makes it short, and the same for
    # every scale of Y.
    start = math.sqrt(len(y)) / 4 / float(y.square().sum(1).mean().sqrt())

    @cache
    def cost(doublings: float) -> float:
        return _cross_entropy(P, y * (start * 2.0**doublings), dof, "approximate")

    best = 0.0
    for step in (1.0, -1.0):
        # The cost approaches a limit for ever narrower maps, and for ever wider ones. The tolerance
        # ends the search there.
        while cost(best + step) < cost(best) - 1e-4:
            best += step
    best = float(
        minimize_scalar(
            cost, bounds=(best - 1, best + 1), method="bounded", options={"xatol": 0.01}
        ).x
    )
    scale = start * 2.0**best
    return BestScale(_compute_kl(P, y * scale, dof, method), scale / largest)


def _check_arguments(P: JointP, Y: Any, dof: float, method: str) -> tuple[Tensor, float, str]:
    """Check all arguments; return the map in float64 on the device of P, ``dof``, ``method``."""
    if not isinstance(P, JointP):
        raise TypeError(f"P must be a fasttsne.affinities.JointP, got {type(P).__name__}")
    y = as_points("Y", Y).to(P.values.device)
    dof = _validation.number("dof", dof, above=0)
    method = _validation.choice("method", method, ("exact", "approximate"))
    rows = len(P.indptr) - 1
    if rows != len(y):
        raise ValueError(f"P and Y must have the same number of rows, got {rows} and {len(y)}")
    total = float(P.values.detach().double().sum())
    if not abs(total - 1) < 1e-3:
        raise ValueError(f"P must sum to 1, got {total:g}")
    return y, dof, method


def _compute_kl(P: JointP, y: Tensor, dof: float, method: str) -> float:
    kl = P.negative_entropy() + _cross_entropy(P, y, dof, method)
    if method == "approximate" and kl < SMALL_KL:
        # The error of ln Z could be as large as the divergence itself.
        kl = P.negative_entropy() + _cross_entropy(P, y, dof, "finest")
    return kl


def _cross_entropy(P: JointP, y: Tensor, dof: float, method: str) -> float:
    """Return minus the sum of P ln Q, the part of the divergence that depends on the map."""
    span = float((y.amax(0) - y.amin(0)).max())
    y = (y - y.mean(0)).float()
    # Squares of a larger span overflow in float32.
    Z = _kernel_sum(y, dof, method) if span < 1e18 else 0.0
    if not Z > 0:
        raise ValueError(
            f"Y must spread less: its span is {span:g}, for which the kernel is 0 in float32"
        )
    P = JointP(*(part.detach() for part in P))
    _, cost = ops.attractive_forces(*P, y, dof, True)
    return float(cost) + math.log(Z)


def _kernel_sum(Y: Tensor, dof: float, method: str) -> float:
    """Return Z, the sum of the kernel over all ordered pairs of different points.

    ``method`` is that of :func:`kl_divergence`, or 'finest', which is precise enough for a small
    divergence.
    """
    if method != "exact":
        repulsion = choose_repulsion("auto", len(Y), Y.shape[1], dof, theta=0.5).precise()
        if method == "finest":
            repulsion = repulsion.finest(len(Y))
        Z = float(repulsion(Y, Y.amin(0).tolist(), Y.amax(0).tolist())[1])
        # A mesh or tree sums over all points in float32 and subtracts the kernel of a point with
        # itself, 1. A smaller Z has no correct digits left then.
        if Z > 1e-3 * len(Y):
            return Z
    return float(ops.repulsive_exact(Y, dof)[1])
