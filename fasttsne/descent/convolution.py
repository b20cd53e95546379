"""Convolution of a grid with a kernel of unlimited reach, by FFTs of twice the grid's sides.

The doubling keeps the periodic images apart. It also means that three quarters of a padded plane
are zeros before the transform and are discarded after it. So the last axis is transformed first,
only in the rows that hold charges. Its spectra are stored frequency by frequency, so that the other
axes are contiguous for their own transforms. All of it is done in chunks that stay in the cache and
are smaller than the size from which allocators request fresh pages from the system
(``pytest bench/test_kernels.py -k mesh_part`` times it beside rfftn and irfftn).

An FFT rounds differently on one thread than on several. So each chunk is transformed on one thread,
and several threads share the chunks: the result does not depend on the number of threads.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .. import _threads
from .._threads import alone, in_chunks
from ..shards import ALONE, Part, Shards

_MANY_NODES = 1 << 17
"""Nodes of a grid above which several ranks share the work. With fewer, each does all of it in less
time than the ranks take to exchange what they have."""


class FreeConvolution:
    """Convolves grids of one shape with one kernel, as if they were surrounded by zeros.

    Calls reuse a buffer for the spectrum, so that an object serves one thread at a time.

    Parameters
    ----------
    padded : list of int
        Sides of the padded grid, even. The grids themselves have half of each.
    influence : Tensor, shape (*padded[:-1], padded[-1] // 2 + 1), float32
        Spectrum of the kernel on the padded grid, as rfftn gives it; it is real, as the kernel is
        even.
    """

    def __init__(self, padded: list[int], influence: Tensor) -> None:
        self.padded = padded
        # A line is treated as a plane of one row.
        *others, self._length = padded if len(padded) > 1 else [1, *padded]
        self._axes = tuple(range(1, 1 + len(others)))
        # The part of the spectrum whose rows hold charges; its axes: frequency, other axes.
        self._corner = (slice(None), *(slice(0, max(1, size // 2)) for size in others))
        frequencies = influence.shape[-1]
        by_frequency = influence.view(*others, frequencies).movedim(-1, 0) / math.prod(padded)
        # Twice each, to multiply real and imaginary parts in one pass over real numbers.
        self._influence = torch.stack([by_frequency, by_frequency], -1)
        # Only the corner is ever written; the rest stays zero.
        self._spectrum = influence.new_zeros((frequencies, *others), dtype=torch.complex64)

    def __call__(self, grid: Tensor, shards: Shards = ALONE) -> Tensor:
        """Return the convolution at the nodes of ``grid``, shape padded / 2, float32.

        Several ranks have the same grid, and each does a part of the work.
        """
        if self._spectrum.nbytes <= _threads.CHUNK_BYTES:
            # So small that one worker does all of it, rather than one for each step.
            return alone(lambda: self._convolve(grid, ALONE), grid.device)
        return self._convolve(grid, ALONE if grid.numel() < _MANY_NODES else shards)

    def _convolve(self, grid: Tensor, shards: Shards) -> Tensor:
        rows = grid if grid.dim() > 1 else grid[None]
        # Of each rank some rows, and some frequencies of the spectrum.
        of_rows = Part.even(len(rows), shards)
        of_frequencies = Part.even(len(self._spectrum), shards)
        mine = rows[of_rows.rows]
        # As float64, also 8 bytes, each complex64 is copied as one item.
        corner = self._spectrum.view(torch.float64)[self._corner]
        lines = corner[:, of_rows.rows]
        out = torch.empty_like(mine)

        def transform_rows(part: slice) -> None:
            transformed = torch.fft.rfft(mine[part], n=self._length)
            lines[:, part] = transformed.view(torch.float64).movedim(-1, 0)

        frequencies = self._spectrum[of_frequencies.rows]

        def convolve_other_axes(part: slice) -> None:
            spectrum = torch.fft.fftn(frequencies[part], dim=self._axes)
            torch.view_as_real(spectrum).mul_(self._influence[of_frequencies.rows][part])
            spectrum = torch.fft.ifftn(spectrum, dim=self._axes, norm="forward")
            frequencies[part][self._corner] = spectrum[self._corner]

        def transform_rows_back(part: slice) -> None:
            spectrum = lines[:, part].movedim(0, -1).contiguous().view(torch.complex64)
            values = torch.fft.irfft(spectrum, n=self._length, norm="forward")
            out[part] = values[..., : rows.shape[-1]]

        in_chunks(transform_rows, mine)
        _swap(corner, of_rows, of_frequencies)
        in_chunks(convolve_other_axes, frequencies)
        _swap(corner.transpose(0, 1), of_frequencies, of_rows)
        in_chunks(transform_rows_back, mine)
        return of_rows.gather(out).view_as(grid)


def _swap(t: Tensor, columns: Part, rows: Part) -> None:
    """Turn the columns of a matrix that each rank has into rows that each rank has, in place.

    Parameters
    ----------
    t : Tensor, shape (sum of rows, sum of columns, ...)
        Before, the columns of this rank are valid; afterwards, its rows.
    columns, rows : Part
    """
    shards = rows.shards
    if shards.count == 1:
        return
    mine = t[:, columns.rows]
    size = t[0, :1].numel()
    given = [size * columns.sizes[shards.rank] * count for count in rows.sizes]
    taken = [size * rows.sizes[shards.rank] * count for count in columns.sizes]
    got, _ = shards.exchange(mine.reshape(-1), given, taken)
    out = t[rows.rows]
    for part, place in zip(got.split(taken), out.split(columns.sizes, dim=1), strict=True):
        place.copy_(part.view(place.shape))


def spectrum_of(kernel: Tensor) -> Tensor:
    """Return the spectrum of an even kernel on a padded grid: the real part of its rfftn.

    Parameters
    ----------
    kernel : Tensor, float64
        Of any shape; even in each axis, so that the imaginary part is 0.
    """
    rows = kernel if kernel.dim() > 1 else kernel[None]
    frequencies = rows.shape[-1] // 2 + 1
    axes = tuple(range(1, rows.dim()))
    spectrum = kernel.new_empty((frequencies, *rows.shape[:-1]), dtype=torch.complex128)
    real = kernel.new_empty(spectrum.shape)

    def transform_rows(part: slice) -> None:
        spectrum[:, part] = torch.fft.rfft(rows[part]).movedim(-1, 0)

    def transform_other_axes(part: slice) -> None:
        real[part] = torch.fft.fftn(spectrum[part], dim=axes).real

    in_chunks(transform_rows, rows)
    in_chunks(transform_other_axes, spectrum)
    return real.movedim(0, -1).reshape(*kernel.shape[:-1], frequencies)
