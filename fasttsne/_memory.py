"""How much memory this process may still take.

Linux grants memory that it does not have, and ends the process without a word once it writes there.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_MEMORY = Path("/proc/meminfo")
"""File of Linux that tells how much memory is free."""
_LIMITS = {
    "MemAvailable": Path("/sys/fs/cgroup/memory.max"),
    "SwapFree": Path("/sys/fs/cgroup/memory.swap.max"),
}
"""Files that tell how much a container may take of it, in cgroups of version 2."""


def free_memory() -> int | None:
    """Return the bytes that this process may still take; None where the system does not tell."""
    try:
        lines = dict(line.split(":") for line in _MEMORY.read_text().splitlines())
        free = {name: 1024 * int(lines[name].split()[0]) for name in _LIMITS}
    except (OSError, KeyError, ValueError):
        return None
    for name, file in _LIMITS.items():
        with suppress(OSError, ValueError):  # no container, or "max": no limit
            free[name] = min(free[name], int(file.read_text()))
    return sum(free.values())
