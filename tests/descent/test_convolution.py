"""The convolution of the mesh."""

import pytest
import torch
from sample import DEVICES, assert_close

from fasttsne import _threads
from fasttsne.descent.convolution import FreeConvolution

PADDED = [[64], [20, 36], [12, 20, 30]]


def kernel_on(padded, device="cpu"):
    """1 / (1 + squared distance) at the nodes of the padded, periodic grid."""
    sq = torch.zeros(padded, dtype=torch.float64, device=device)
    for axis, size in enumerate(padded):
        number = torch.arange(size, device=device)
        along = [-1 if a == axis else 1 for a in range(len(padded))]
        sq += torch.minimum(number, size - number).square().view(along)
    return 1 / (1 + sq)


def whole_sum(grid):
    """The convolution node by node."""
    nodes = torch.cartesian_prod(*[torch.arange(s, device=grid.device) for s in grid.shape])
    nodes = nodes.view(grid.numel(), -1).double()
    kernel = 1 / (1 + (nodes[:, None] - nodes[None]).square().sum(2))
    return (kernel @ grid.double().flatten()).view(grid.shape)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("padded", PADDED, ids=len)
@pytest.mark.parametrize("chunk_bytes", [1, 4000, 1 << 22])
def test_convolution_is_the_sum_over_nodes(device, padded, chunk_bytes, monkeypatch):
    monkeypatch.setattr(_threads, "CHUNK_BYTES", chunk_bytes)
    convolve = FreeConvolution(padded, torch.fft.rfftn(kernel_on(padded, device)).real.float())
    g = torch.Generator().manual_seed(0)
    # The second also shows that nothing of the first is left behind.
    for _ in range(2):
        grid = torch.rand([size // 2 for size in padded], generator=g).to(device)
        assert_close(convolve(grid), whole_sum(grid), 1e-5)
