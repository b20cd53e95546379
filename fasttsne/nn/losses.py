"""KL(P || Q) of a map as a torch loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import _validation
from ..affinities import JointP
from ..descent.methods import METHODS
from . import objective
from .mesh_cache import Lease
from .pairs import check_P, check_pairs

_HALF_DTYPES = (torch.float16, torch.bfloat16)


class TSNELoss(nn.Module):
    r"""KL(P || Q) of a map in nats, by the compiled kernels: O(n log n) or O(n) per call.

    With an exaggeration e (van der Maaten and Hinton 2008) the loss is

    .. math:: e \sum_{ij} P_{ij} \ln (P_{ij} / q_{ij}) + \ln Z

    where q is not normalised and :math:`Z = \sum_{i \ne j} q_{ij}`. For e = 1 this is KL(P || Q).
    For every e its gradient is that of t-SNE, 4 (e attractive - repulsive / Z).

    P is held in buffers, so that ``.to(device)`` moves it. They share the memory of P and are not
    in the ``state_dict``. The loss has no second derivatives, and none in forward mode: a
    tangent (``torch.func.jvp``) is an error, but within ``torch.compile`` it is taken for zero.

    Parameters
    ----------
    P : JointP
        P of n points; :func:`fasttsne.affinities.joint_affinities` computes it from data.
    dof : float, default 1
        Degrees of freedom of the Student kernel.
    method : {'auto', 'exact', 'barnes_hut', 'fft'}, default 'auto'
        How the repulsive forces are summed, as in :class:`fasttsne.TSNE`.
    angle : float, default 0.5
        Opening angle of Barnes-Hut, from 0, which is exact, to 1. Its error is larger in the value
        of the loss, which contains ln Z, than in the gradient.
    mesh_step : float, optional
        Distance between nodes of the mesh, as in :class:`fasttsne.TSNE`.
    exaggeration : float, default 1
        Factor e; also an attribute, which may be set between steps.

    Raises
    ------
    TypeError, ValueError
        P is no JointP, does not sum to 1, or requires gradients; or a wrong parameter.
    """

    indptr: Tensor
    indices: Tensor
    values: Tensor

    def __init__(
        self,
        P: JointP,
        dof: float = 1.0,
        method: str = "auto",
        angle: float = 0.5,
        mesh_step: float | None = None,
        exaggeration: float = 1.0,
    ) -> None:
        super().__init__()
        check_P(P)
        if P.values.requires_grad:
            raise ValueError(
                "P must not require gradients, as the loss is differentiable in Y alone: "
                "pass its values detached (TSNELoss.pairs is differentiable in pij, too)"
            )
        for name, part in zip(P._fields, P, strict=True):
            self.register_buffer(name, part, persistent=False)
        self.dof = _validation.number("dof", dof, above=0)
        self.method = _validation.choice("method", method, METHODS)
        self.angle = _validation.number("angle", angle, least=0)
        if self.angle > 1:
            raise ValueError(f"angle must be in 0 .. 1, got {angle}")
        if mesh_step is not None:
            mesh_step = _validation.number("mesh_step", mesh_step, above=0)
        self.mesh_step = mesh_step
        self.exaggeration = exaggeration
        self._lease = Lease()  # keeps the meshes of this loss
        self._negative_entropy = P.negative_entropy()
        self._total = float(P.values.sum(dtype=torch.float64))  # 1 up to rounding
        # Steps of a bisection of the longest row.
        self._bisections = int(P.indptr.diff().max()).bit_length()

    @property
    def exaggeration(self) -> float:
        """Factor on the attraction, above 0."""
        return self._exaggeration

    @exaggeration.setter
    def exaggeration(self, value: float) -> None:
        self._exaggeration = _validation.number("exaggeration", value, above=0)

    def forward(self, Y: Tensor) -> Tensor:
        """Compute the loss of a map.

        Parameters
        ----------
        Y : Tensor, shape (n, m), float32
            On the device of P. With ``method='exact'`` also float64, which
            ``torch.autograd.gradcheck`` needs. Under autocast also float16 or bfloat16, the dtypes
            of a layer's output, which are converted to float32.

        Returns
        -------
        Tensor, shape (), float32, or float64 if Y is float64
            NaN if Y contains NaN or infinity.

        Raises
        ------
        TypeError, ValueError
            Y has another dtype, shape or device.
        """
        Y = self._check_map(Y)
        P = JointP(self.indptr, self.indices, self.values)
        cost = objective.attraction_cost(P, Y, self.dof)
        loss = self.exaggeration * (self._negative_entropy + cost) + self._total * self._ln_Z(Y)
        return loss.to(Y.dtype)

    def pairs(self, Y: Tensor, i: Tensor, j: Tensor, pij: Tensor | None = None) -> Tensor:
        r"""Compute the part of the loss that belongs to some pairs.

        It is :math:`\sum p_{ij} (e \ln (p_{ij} / q_{ij}) + \ln Z)` over the pairs, with Z of the
        whole map. The sum over all pairs of :func:`pairs_of` is the loss. The value for a random
        batch, times the number of batches, is therefore an unbiased estimate of the loss, and its
        gradient of the gradient.

        Parameters
        ----------
        Y : Tensor, shape (n, m)
            As in :meth:`forward`.
        i, j : Tensor, shape (b,), int64 or int32
            First and second point of each pair.
        pij : Tensor, shape (b,), optional
            P of each pair. Default: it is looked up, and 0 for a pair that is not stored.

        Returns
        -------
        Tensor, shape (), as in :meth:`forward`

        Raises
        ------
        TypeError, ValueError
            As in :meth:`forward`, or i, j and pij have wrong dtypes or shapes.
        """
        Y = self._check_map(Y)
        check_pairs(i, j, pij)
        i, j = i.long(), j.long()
        p = (self._look_up(i, j) if pij is None else pij).to(Y.dtype)
        sq_distances = (Y.index_select(0, i) - Y.index_select(0, j)).square().sum(1)
        costs = torch.xlogy(p, p) + p * self.dof * torch.log1p(sq_distances / self.dof)
        total = self.exaggeration * costs.sum(dtype=torch.float64)
        return (total + p.sum(dtype=torch.float64) * self._ln_Z(Y)).to(Y.dtype)

    def extra_repr(self) -> str:
        """Return the parameters of the loss, for ``repr``."""
        return (
            f"n={len(self.indptr) - 1}, dof={self.dof:g}, method={self.method!r}, "
            f"exaggeration={self.exaggeration:g}"
        )

    def _ln_Z(self, Y: Tensor) -> Tensor:
        return objective.partition(Y, self.method, self.angle, self.dof, self.mesh_step).log()

    def _look_up(self, i: Tensor, j: Tensor) -> Tensor:
        """Return P of pairs, found by bisection in their rows; 0 for a pair that is not stored."""
        low, end = self.indptr.index_select(0, i), self.indptr.index_select(0, i + 1)
        high, last = end, len(self.indices) - 1
        for _ in range(self._bisections):
            middle = (low + high) // 2
            below = self.indices[middle.clamp(max=last)] < j
            low, high = torch.where(below, middle + 1, low), torch.where(below, high, middle)
        at = low.clamp(max=last)
        return torch.where((low < end) & (self.indices[at] == j), self.values[at], 0)

    def _check_map(self, Y: Tensor) -> Tensor:
        """Return Y in the dtype to compute in; raise if the loss is not defined for it."""
        if not isinstance(Y, Tensor):
            raise TypeError(f"Y must be a torch.Tensor, got {type(Y).__name__}")
        if Y.dtype in _HALF_DTYPES and torch.is_autocast_enabled(Y.device.type):
            Y = Y.float()
        if Y.dtype != torch.float32 and (Y.dtype != torch.float64 or self.method != "exact"):
            raise TypeError(
                f"Y must be torch.float32, or torch.float64 with method='exact', "
                f"got {Y.dtype} with method={self.method!r}: pass Y.float()"
            )
        n = len(self.indptr) - 1
        if Y.dim() != 2 or Y.shape[0] != n or Y.shape[1] < 1:
            raise ValueError(
                f"Y must have shape ({n}, 1 or more), for P of {n} points, got {tuple(Y.shape)}"
            )
        if Y.shape[1] > 3 and self.method in ("barnes_hut", "fft"):
            raise ValueError(
                f"Y must have 1 to 3 columns for method={self.method!r}, got {Y.shape[1]}; "
                "method='exact' takes any number"
            )
        if Y.device != self.values.device:
            raise ValueError(
                f"Y must be on the device of P, {self.values.device}, got {Y.device}: "
                "move one of them with .to()"
            )
        if self.values.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"P must stay in torch.float32, but was moved to {self.values.dtype}")
        return Y
