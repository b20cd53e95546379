"""Files to write: their extensions, and atomic replacement.

A file is written under a temporary name beside the target and then renamed, so that an incomplete
file never has the final name.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, temporary files of killed processes are not removed
    fcntl = None  # type: ignore[assignment]


def check_extension(path: str | os.PathLike[str], extensions: Sequence[str], what: str) -> str:
    """Return the extension of a path in lower case, after checking it.

    Parameters
    ----------
    path : str or path-like
        File.
    extensions : sequence of str
        Extensions that are allowed, such as '.npy'.
    what : str
        What the file is, for the message, such as 'the output'.

    Raises
    ------
    ValueError
        If the extension is another.
    """
    extension = Path(path).suffix.lower()
    if extension not in extensions:
        raise ValueError(f"{path}: {what} must end in one of {', '.join(extensions)}")
    return extension


def check_output(path: str | os.PathLike[str], extensions: Sequence[str], what: str) -> None:
    """Check the extension of a file, and that it can be written, before there is anything to write.

    Parameters
    ----------
    path, extensions, what
        As in `check_extension`.

    Raises
    ------
    ValueError
        If the extension is another.
    OSError
        If the folder does not exist or the file cannot be written.
    """
    check_extension(path, extensions, what)
    check_writable(path)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check that a file can be written, by making and removing a temporary file beside it.

    Parameters
    ----------
    path : str or path-like
        File that will be written.

    Raises
    ------
    OSError
        As in `replacing`.
    """
    with _temporary_file(path, _resolve(path)):
        pass


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary file to write to; at the end, rename it to ``path``.

    If the body raises an exception, including KeyboardInterrupt, the temporary file is removed and
    ``path`` stays as it was. If the process is killed, the next one that writes to ``path`` removes
    the temporary file.

    Parameters
    ----------
    path : str or path-like
        Final name. A symbolic link is followed. The permissions of a file that is replaced are kept
        and, where that is allowed, its owner.

    Yields
    ------
    Path
        Name of an empty file in the same folder, with the same extension.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to, or ``path`` exists and is protected
        against writing or not a regular file, but a folder or a device, for example. An error while
        the body writes names ``path``.
    """
    target = _resolve(path)
    with _temporary_file(path, target) as temporary:
        try:
            yield temporary
        except OSError as error:
            # A full disk, for example, is reported without a name, or with the temporary one.
            if error.errno is None or error.filename not in (None, str(temporary)):
                raise
            raise type(error)(error.errno, error.strerror, os.fspath(path)) from error
        with suppress(FileNotFoundError):
            before = target.stat()
            with suppress(OSError, AttributeError):  # only root may change owners
                os.chown(temporary, before.st_uid, before.st_gid)
            temporary.chmod(stat.S_IMODE(before.st_mode) & 0o777)
        os.replace(temporary, target)


def _resolve(path: str | os.PathLike[str]) -> Path:
    """Follow symbolic links, and raise OSError if the file that they lead to cannot be replaced."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path}: is a folder, not a file")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {target.parent}")
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(target.lstat().st_mode):
            raise OSError(f"{path}: is not a regular file, and will not be replaced by one")
        if not os.access(target, os.W_OK):
            raise PermissionError(f"{path}: is protected against writing")
    return target


@contextmanager
def _temporary_file(path: str | os.PathLike[str], target: Path) -> Iterator[Path]:
    """Make an empty file beside ``target``; at the end, remove it unless it was renamed.

    The file is locked while it is written, and the system releases the lock when the process ends.
    A file with such a name and without a lock is therefore stale: its process was killed.
    """
    prefix = f".{target.stem[:40]}.fasttsne-"
    _remove_stale(target.parent, re.escape(prefix) + "[0-9a-f]{8}" + re.escape(target.suffix))
    # The file that is replaced may be readable by its owner only, so the temporary file is, too.
    mode = 0o600 if target.exists() else 0o666
    while True:
        temporary = target.with_name(f"{prefix}{secrets.token_hex(4)}{target.suffix}")
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
        os.close(file)  # another process found it before it was locked, and removed it as stale
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        if fcntl is not None:
            os.close(file)


def _remove_stale(folder: Path, pattern: str) -> None:
    """Remove the files in a folder whose names match ``pattern`` and that no process has locked."""
    if fcntl is None:
        return
    candidates: list[Path] = []
    with suppress(OSError):  # a folder that can be written to cannot always be listed
        candidates = [folder / name for name in os.listdir(folder) if re.fullmatch(pattern, name)]
    for path in candidates:
        with suppress(OSError):
            file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises OSError if it is locked
                path.unlink()
            finally:
                os.close(file)
