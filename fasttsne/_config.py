"""Description of this installation as text: what was built and what runs."""

from __future__ import annotations

import torch

from . import _library
from ._version import __version__


def show_config() -> str:
    """Describe this installation: versions, SIMD levels, CUDA, threads.

    Returns
    -------
    str
        One fact per line. Please include it in bug reports.
    """
    lines = [f"fasttsne {__version__}", f"torch {torch.__version__}"]
    if _library.info is None:
        lines.append("kernels: none, runs on the pure-torch reference")
    else:
        facts = _library.info
        lines += [
            f"built by {facts['compiler']} with torch {facts['torch_built_with']}",
            f"CPU kernels: built {facts['simd_built']}; "
            f"this CPU has {facts['simd_detected']}; active {facts['simd_active']}",
            f"CUDA kernels: built {facts['cuda_architectures'] or 'none'}; GPU {_gpu()}",
        ]
    lines.append(f"threads: {torch.get_num_threads()}")
    return "\n".join(lines)


def _gpu() -> str:
    if not torch.cuda.is_available():
        return "none"
    # Importing ops defines the op that trouble_on calls. It is imported here because `import
    # fasttsne`, which needs this module, must stay quick.
    from . import ops  # noqa: F401

    trouble = _library.trouble_on(torch.device("cuda", torch.cuda.current_device()))
    return f"not usable: {trouble}" if trouble else "usable"
