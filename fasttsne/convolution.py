"""Convolution of a grid with a kernel that reaches everywhere, by FFTs of twice the grid's sides.

The doubling keeps the periodic images apart, and three quarters of a padded plane are zeros going
in and thrown away coming out. So the last axis is transformed first, only where charges are; its
spectra are stored by frequency, where the other axes lie in a row for their own transforms. All of
it goes in chunks that stay in the cache, and below the size at which allocators ask the system for
fresh pages (``pytest bench/test_kernels.py -k mesh_part`` times it beside rfftn and irfftn).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

CHUNK_BYTES = 1 << 22


class FreeConvolution:
    """Convolve grids of one shape with one kernel, as if nothing but zeros lay around them.

    Parameters
    ----------
    padded : list of int
        Sides of the padded grid, even. The grids themselves have half of each.
    influence : Tensor, shape (*padded[:-1], padded[-1] // 2 + 1), float32
        Spectrum of the kernel on the padded grid, as rfftn gives it; real, for an even kernel.
    """

    def __init__(self, padded: list[int], influence: Tensor) -> None:
        self.padded = padded
        # A line is a plane of one row.
        *others, self._length = padded if len(padded) > 1 else [1, *padded]
        self._axes = tuple(range(1, 1 + len(others)))
        # Where the grid is among frequencies and the other axes.
        self._corner = (slice(None), *(slice(0, max(1, size // 2)) for size in others))
        frequencies = influence.shape[-1]
        by_frequency = influence.view(*others, frequencies).movedim(-1, 0) / math.prod(padded)
        # Each number twice, for the real and the imaginary part: the product is one plain pass.
        self._influence = torch.stack([by_frequency, by_frequency], -1)
        # Zero outside the corner, and stays so.
        self._spectrum = influence.new_zeros((frequencies, *others), dtype=torch.complex64)

    def __call__(self, grid: Tensor) -> Tensor:
        """Return the convolution at the nodes of ``grid``, shape padded / 2, float32."""
        rows = grid if grid.dim() > 1 else grid[None]
        # One complex number as one float64: copies know nothing of complex numbers' insides.
        corner = self._spectrum.view(torch.float64)[self._corner]
        for part in _chunks(rows):
            transformed = torch.fft.rfft(rows[part], n=self._length)
            corner[:, part] = transformed.view(torch.float64).movedim(-1, 0)
        for part in _chunks(self._spectrum):
            spectrum = torch.fft.fftn(self._spectrum[part], dim=self._axes)
            torch.view_as_real(spectrum).mul_(self._influence[part])
            spectrum = torch.fft.ifftn(spectrum, dim=self._axes, norm="forward")
            self._spectrum[part][self._corner] = spectrum[self._corner]
        out = torch.empty_like(rows)
        for part in _chunks(rows):
            spectrum = corner[:, part].movedim(0, -1).contiguous().view(torch.complex64)
            values = torch.fft.irfft(spectrum, n=self._length, norm="forward")
            out[part] = values[..., : rows.shape[-1]]
        return out.view_as(grid)


def _chunks(t: Tensor) -> Iterator[slice]:
    """Cut the first axis into chunks; on a GPU, which has no such cache, one."""
    per_entry = t[0].numel() * 8
    size = max(1, CHUNK_BYTES // per_entry) if t.device.type == "cpu" else t.shape[0]
    return (slice(i, i + size) for i in range(0, t.shape[0], size))
