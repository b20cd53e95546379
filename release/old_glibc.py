"""Make libraries to link with instead of this system's glibc, so that wheels run on older systems.

    python release/old_glibc.py 2.28 x86_64 FOLDER

A linker asks for the newest version of each symbol that the glibc of its system has. With
``-L FOLDER`` it finds empty libraries with the symbols of the older glibc. They are those that the
compiler of zig (``pip install ziglang``) makes for itself when it links. What this system's C++
library takes from the newer glibc alone is put beside them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# What is not in the library that programs load: `atexit` is linked into each of them, and whether a
# process has one thread is told since 2.32 alone. Never, so that counters are always atomic.
ADDED = """
char __libc_single_threaded = 0;
extern void *__dso_handle __attribute__((visibility("hidden")));
int __cxa_atexit(void (*)(void *), void *, void *);
int atexit(void (*f)(void)) { return __cxa_atexit((void (*)(void *))f, 0, &__dso_handle); }
"""
# What `-lc` and so on stand for. This system's glibc is one library where the older one is several,
# so that `-lc` stands for these, too.
SCRIPTS = {
    "c": "libc.so.6 AS_NEEDED ( libpthread.so.0 libdl.so.2 libld.so.2 ) libadded.a",
    "m": "libm.so.6",
    "dl": "libdl.so.2",
    "rt": "librt.so.1",
    "pthread": "libpthread.so.0",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("version", help="of glibc, such as 2.28")
    parser.add_argument("processor", help="x86_64 or aarch64")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    target = ["-target", f"{arguments.processor}-linux-gnu.{arguments.version}"]
    with tempfile.TemporaryDirectory() as work:

        def zig(*command: str | Path) -> None:
            subprocess.run(
                [sys.executable, "-m", "ziglang", *command],
                env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": work, "ZIG_LOCAL_CACHE_DIR": work},
                check=True,
            )

        (Path(work) / "added.c").write_text(ADDED)
        zig("cc", *target, "-fPIC", "-c", f"{work}/added.c", "-o", f"{work}/added.o")
        zig("ar", "rcs", arguments.folder / "libadded.a", f"{work}/added.o")
        zig("cc", *target, "-shared", "-x", "c", "/dev/null", "-o", f"{work}/unused.so")
        made = next(Path(work).rglob("libc.so.6")).parent
        for library in made.glob("lib*.so.*"):
            (arguments.folder / library.name).write_bytes(library.read_bytes())
    for name, libraries in SCRIPTS.items():
        (arguments.folder / f"lib{name}.so").write_text(f"INPUT ( {libraries} )\n")


if __name__ == "__main__":
    main()
