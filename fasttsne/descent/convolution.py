"""Convolution of a grid with a kernel that reaches everywhere, by FFTs of twice the grid's sides.

The doubling keeps the periodic images apart, and three quarters of a padded plane are zeros going
in and thrown away coming out. So the last axis is transformed first, only where charges are; its
spectra are stored by frequency, where the other axes lie in a row for their own transforms. All of
it goes in chunks that stay in the cache, and below the size at which allocators ask the system for
fresh pages (``pytest bench/test_kernels.py -k mesh_part`` times it beside rfftn and irfftn).

An FFT on several threads gives other bits than on one, so each chunk is transformed on one thread,
and threads share out the chunks.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .. import _threads
from .._threads import alone, in_chunks


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
        if self._spectrum.nbytes > _threads.CHUNK_BYTES:
            return self._convolve(grid)
        # All of it by one worker, rather than each single chunk.
        return alone(lambda: self._convolve(grid), grid.device)

    def _convolve(self, grid: Tensor) -> Tensor:
        rows = grid if grid.dim() > 1 else grid[None]
        # One complex number as one float64: copies know nothing of complex numbers' insides.
        corner = self._spectrum.view(torch.float64)[self._corner]
        out = torch.empty_like(rows)

        def rows_forth(part: slice) -> None:
            transformed = torch.fft.rfft(rows[part], n=self._length)
            corner[:, part] = transformed.view(torch.float64).movedim(-1, 0)

        def other_axes(part: slice) -> None:
            spectrum = torch.fft.fftn(self._spectrum[part], dim=self._axes)
            torch.view_as_real(spectrum).mul_(self._influence[part])
            spectrum = torch.fft.ifftn(spectrum, dim=self._axes, norm="forward")
            self._spectrum[part][self._corner] = spectrum[self._corner]

        def rows_back(part: slice) -> None:
            spectrum = corner[:, part].movedim(0, -1).contiguous().view(torch.complex64)
            values = torch.fft.irfft(spectrum, n=self._length, norm="forward")
            out[part] = values[..., : rows.shape[-1]]

        in_chunks(rows_forth, rows)
        in_chunks(other_axes, self._spectrum)
        in_chunks(rows_back, rows)
        return out.view_as(grid)


def spectrum_of(kernel: Tensor) -> Tensor:
    """Return the spectrum of an even kernel on a padded grid, as rfftn gives it, but real."""
    rows = kernel if kernel.dim() > 1 else kernel[None]
    frequencies = rows.shape[-1] // 2 + 1
    axes = tuple(range(1, rows.dim()))
    spectrum = kernel.new_empty((frequencies, *rows.shape[:-1]), dtype=torch.complex128)
    real = kernel.new_empty(spectrum.shape)

    def last_axis(part: slice) -> None:
        spectrum[:, part] = torch.fft.rfft(rows[part]).movedim(-1, 0)

    def other_axes(part: slice) -> None:
        real[part] = torch.fft.fftn(spectrum[part], dim=axes).real

    in_chunks(last_axis, rows)
    in_chunks(other_axes, spectrum)
    return real.movedim(0, -1).reshape(*kernel.shape[:-1], frequencies)
