"""Tables in files of tensors: ``.pt``, ``.pth`` and ``.safetensors``."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import table_of_arrays, table_of_matrix
from .options import Options
from .table import Table


def read_torch(path: Path, options: Options) -> Table:
    """Read a tensor, a dict of tensors, or data and labels in a tuple, which torch has saved.

    See `fasttsne.tables.read`.
    """
    import torch

    path.stat()  # raises FileNotFoundError with the name of the file
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (
        *(pickle.UnpicklingError, RuntimeError, EOFError, ValueError, AttributeError),
        *(KeyError, IndexError, TypeError),
    ) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"{path}: is no file of torch, is damaged, or holds other objects than tensors, which "
            f"are not loaded because they could run any program ({reason})"
        ) from None
    if isinstance(loaded, torch.Tensor):
        return table_of_matrix(path, _as_array(path, loaded), options)
    if isinstance(loaded, (tuple, list)) and 1 <= len(loaded) <= 2:
        loaded = dict(zip(("X", "y"), loaded, strict=False))
    if not isinstance(loaded, Mapping):
        raise ValueError(
            f"{path}: must hold a tensor, a dict of tensors, or a pair of data and labels, got "
            f"{type(loaded).__name__}"
        )
    found = {str(key): _of(path, value) for key, value in loaded.items()}
    arrays = {key: array for key, array in found.items() if array is not None}
    return table_of_arrays(path, arrays, options)


def _of(path: Path, value: Any) -> Any:
    """Return a tensor or a list of texts or numbers as an array, and None for anything else."""
    import torch

    if isinstance(value, torch.Tensor):
        return _as_array(path, value)
    if isinstance(value, (list, tuple)) and all(isinstance(v, (str, int, float)) for v in value):
        array = np.asarray(value)
        return array if array.dtype.kind in "biufU" else None
    return None


def _as_array(path: Path, tensor: Any) -> Any:
    """Return a tensor as an array, or as a sparse matrix; floats that NumPy lacks become float32.

    Raises
    ------
    ValueError
        If the tensor is of another layout, quantized, or has no numbers.
    """
    import torch
    from scipy import sparse

    tensor = tensor.detach()
    if tensor.dtype.is_floating_point and tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.to(torch.float32)
    if tensor.layout in (torch.sparse_coo, torch.sparse_csr) and tensor.dim() == 2:
        tensor = tensor.to_sparse_coo().coalesce()
        at = tensor.indices().numpy()
        return sparse.csr_matrix((tensor.values().numpy(), (at[0], at[1])), tuple(tensor.shape))
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
        raise ValueError(
            f"{path}: tensors must be dense or sparse matrices of numbers, got {tensor.dtype} with "
            f"layout {tensor.layout} on {tensor.device}"
        )
    return tensor.resolve_conj().resolve_neg().numpy()


def read_safetensors(path: Path, options: Options) -> Table:
    """Read a file of named tensors; see `fasttsne.tables.read`."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise ImportError(
            f"{path}: needs safetensors: pip install safetensors, or fasttsne[files]"
        ) from None
    try:
        with safe_open(path, framework="pt") as file:
            arrays = {key: _as_array(path, file.get_tensor(key)) for key in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path}: is no file of safetensors, or is damaged ({error})") from None
    return table_of_arrays(path, arrays, options)
