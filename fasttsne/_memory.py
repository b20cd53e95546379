"""How much memory this process may still take.

Linux grants memory that it does not have, and ends the process without a word once it writes there.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_MEMORY = Path("/proc/meminfo")
"""File of Linux that tells how much memory is free."""
_GROUP = Path("/sys/fs/cgroup")
"""Folder that tells how much a container may take and has taken, in cgroups of version 2."""
_COUNTED = {"MemAvailable": "memory", "SwapFree": "memory.swap"}


def free_memory() -> int | None:
    """Return the bytes that this process may still take; None where the system does not tell."""
    try:
        lines = dict(line.split(":") for line in _MEMORY.read_text().splitlines())
        free = {name: 1024 * int(lines[name].split()[0]) for name in _COUNTED}
    except (OSError, KeyError, ValueError):
        return None
    for name, counted in _COUNTED.items():
        with suppress(OSError, ValueError):  # no container, or "max": no limit
            limit = int((_GROUP / f"{counted}.max").read_text())
            free[name] = min(free[name], max(0, limit - _taken(counted)))
    return sum(free.values())


def _taken(counted: str) -> int:
    """Return the bytes that a container has taken, less files that it has read: they give way."""
    taken = 0
    with suppress(OSError, ValueError):
        taken = int((_GROUP / f"{counted}.current").read_text())
        if counted == "memory":
            lines = (_GROUP / "memory.stat").read_text().splitlines()
            held = dict(line.split() for line in lines)
            taken -= int(held.get("inactive_file", 0)) + int(held.get("active_file", 0))
    return max(0, taken)
