"""Files that are written whole or not at all: beside their place, and then renamed."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where what a killed process leaves is not found
    fcntl = None  # type: ignore[assignment]


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OSError if no file can be written under this name; leave nothing behind."""
    with _temporary(path, _target(path)):
        pass


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name to write to, which then becomes ``path``.

    If anything is raised within, Ctrl-C included, the temporary file is removed and ``path``
    stays as it was. What a process that was killed has left is removed by the next one that
    writes to ``path``.

    Parameters
    ----------
    path : str or path-like
        Final name. A symbolic link is followed; a file that is replaced hands on its permissions.

    Yields
    ------
    Path
        Name of an empty file in the same folder, with the same extension.

    Raises
    ------
    OSError
        If there is no such folder, or no file can be written there, or there is something else
        than a regular file, such as a device.
    """
    target = _target(path)
    with _temporary(path, target) as temporary:
        yield temporary
        with suppress(FileNotFoundError):
            before = target.stat()
            with suppress(OSError, AttributeError):  # only root may give files away
                os.chown(temporary, before.st_uid, before.st_gid)
            temporary.chmod(stat.S_IMODE(before.st_mode) & 0o777)
        os.replace(temporary, target)


def _target(path: str | os.PathLike[str]) -> Path:
    """Return where a file will be, if there may be one."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path}: is a folder, not a file")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {target.parent}")
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(target.lstat().st_mode):
            raise OSError(f"{path}: is no regular file, and will not be replaced by one")
        if not os.access(target, os.W_OK):
            raise PermissionError(f"{path}: is protected against writing")
    return target


@contextmanager
def _temporary(path: str | os.PathLike[str], target: Path) -> Iterator[Path]:
    """Make an empty file beside ``target``; at the end remove it, if it still has its name.

    It is locked while it is written, and the system ends a lock with its process: a file of such a
    name without a lock was left by a process that was killed.
    """
    begin = f".{target.stem[:40]}.fasttsne-"
    _remove_left_over(target.parent, re.escape(begin) + "[0-9a-f]{8}" + re.escape(target.suffix))
    # Nobody may read for a while what only its owner may read in the end.
    mode = 0o600 if target.exists() else 0o666
    while True:
        temporary = target.with_name(f"{begin}{secrets.token_hex(4)}{target.suffix}")
        try:
            file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        except OSError as error:
            raise type(error)(f"{path}: cannot be written ({error.strerror})") from None
        if fcntl is None:
            os.close(file)
            break
        with suppress(OSError):  # some file systems have no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            break
        os.close(file)  # another process was faster than the lock, and took it for left over
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        if fcntl is not None:
            os.close(file)


def _remove_left_over(folder: Path, pattern: str) -> None:
    if fcntl is None:
        return
    left_over: list[Path] = []
    with suppress(OSError):  # one may write to some folders, but not list them
        left_over = [folder / name for name in os.listdir(folder) if re.fullmatch(pattern, name)]
    for path in left_over:
        with suppress(OSError):
            file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while it is written
                path.unlink()
            finally:
                os.close(file)
