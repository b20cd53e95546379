"""Check that a wheel of Linux needs no more than it says: `make wheel`.

    python release/audit.py WHEEL [--glibc 2.28] [--megabytes 15]

The wheel must hold no file that is tied to a version of Python. Its libraries may use symbols of
glibc up to the given version, of libgcc, of each other, and the C functions of torch's stable ABI;
nothing else, so that the loader finds all of them everywhere.
"""

from __future__ import annotations

import argparse
import io
import re
import zipfile
from pathlib import Path

from elftools.elf.elffile import ELFFile

TORCH = re.compile(r"(aoti_)?torch_\w+")
# glibc 2.28 and the compiler of its time: https://peps.python.org/pep-0600
LIBGCC = (8, 0, 0)


class Library:
    """The symbols of an ELF file: what it gives, and what it needs with which version."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.bytes = name, len(content)
        elf = ELFFile(io.BytesIO(content))
        self.machine = elf["e_machine"]
        symbols = list(elf.get_section_by_name(".dynsym").iter_symbols())[1:]
        self.gives = {s.name for s in symbols if s["st_shndx"] != "SHN_UNDEF"}
        versions = elf.get_section_by_name(".gnu.version")
        names = {
            auxiliary["vna_other"]: auxiliary.name
            for _, group in elf.get_section_by_name(".gnu.version_r").iter_versions()
            for auxiliary in group
        }
        self.needs = {
            symbol.name: names.get(versions.get_symbol(i).entry["ndx"], "")
            for i, symbol in enumerate(symbols, 1)
            if symbol["st_shndx"] == "SHN_UNDEF" and symbol["st_info"]["bind"] != "STB_WEAK"
        }
        self.versions = set(names.values())


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def faults(libraries: list[Library], glibc: str) -> list[str]:
    """Return what is wrong with the symbols, in words."""
    given = set().union(*(library.gives for library in libraries))
    limits = {"GLIBC": numbers(glibc), "GCC": LIBGCC}
    found = []
    for library in libraries:
        for version in sorted(library.versions):
            kind, _, number = version.partition("_")
            if kind not in limits or numbers(number) > limits[kind]:
                names = [name for name, needed in library.needs.items() if needed == version]
                found.append(
                    f"{library.name} needs {version} for {', '.join(names) or 'weak ones'}"
                )
        for name, version in library.needs.items():
            if not version and name not in given and not TORCH.fullmatch(name):
                found.append(f"{library.name} needs {name}, of no version, which nothing gives it")
    return found


def main() -> None:
    """Print what is in the wheel; fail with what should not be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--glibc", default="2.28")
    parser.add_argument("--megabytes", type=float, default=15)
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.wheel) as wheel:
        names = [name for name in wheel.namelist() if re.search(r"\.(so|pyd|dylib)\b", name)]
        libraries = [Library(name, wheel.read(name)) for name in names]
    megabytes = arguments.wheel.stat().st_size / 1e6
    print(f"{arguments.wheel.name}: {megabytes:.1f} MB")
    for library in libraries:
        glibc = max(numbers(v[6:]) for v in library.versions if v.startswith("GLIBC_"))
        newest = ".".join(map(str, glibc))
        print(
            f"  {library.name:32} {library.bytes / 1e6:5.1f} MB  {library.machine}, glibc {newest}"
        )
    found = faults(libraries, arguments.glibc)
    if not arguments.wheel.name.split("-")[2:4] == ["py3", "none"]:
        found.append("its name is not that of a wheel for every Python: py3-none")
    if megabytes > arguments.megabytes:
        found.append(f"it is larger than {arguments.megabytes:g} MB")
    if len(libraries) < 2:
        found.append("it holds no kernels")
    if found:
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
