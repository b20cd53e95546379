"""Reading images from files, PIL images and arrays.

`opened` returns each image upright and in RGB, whatever it came from. Collections are checked by
`as_sequence` without reading files, so that only one image is in memory at a time.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from . import _validation

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "ENDINGS",
    "as_sequence",
    "files",
    "opened",
    "pixels",
    "read_npz",
    "size_of",
    "unread",
]

ENDINGS = tuple(".jpg .jpeg .png .gif .bmp .webp .tif .tiff .avif .jp2 .pgm .ppm".split())
"""Endings of the names of image files."""

_OTHER_ENDINGS = frozenset(
    ".heic .heif .jxl .svg .psd .eps .ai .pdf .raw .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf".split()
)
"""Endings of the names of pictures that are not read."""

_ORIENTATION = 0x0112  # Exif tag: how the camera was held


def files(folder: str | os.PathLike[str]) -> list[Path]:
    """List the image files in a folder and its subfolders, recognised by ``ENDINGS``.

    Parameters
    ----------
    folder : str or path-like
        Folder. Files and subfolders whose names begin with a dot are left out.

    Returns
    -------
    list of Path
        In alphabetical order.

    Raises
    ------
    ValueError
        If ``folder`` is not a folder, or has no image files.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: is not a folder")
    found = _files_ending(folder, ENDINGS)
    if not found:
        others = unread(folder)
        why = (
            f", but {len(others)} in forms that are not read, as {others[0].name}" if others else ""
        )
        raise ValueError(f"{folder}: has no image files in it ({', '.join(ENDINGS)}){why}")
    return found


def unread(folder: str | os.PathLike[str]) -> list[Path]:
    """List the pictures in a folder and its subfolders in forms that are not read, such as HEIC.

    Parameters
    ----------
    folder : str or path-like

    Returns
    -------
    list of Path
        In the order of their names.
    """
    return _files_ending(Path(folder), _OTHER_ENDINGS)


def _files_ending(folder: Path, endings: Container[str]) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in endings
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def read_npz(path: str | os.PathLike[str]) -> tuple[Sequence[Any], np.ndarray | None]:
    """Read images, and vectors for them if there are any, from a ``.npz`` file.

    Parameters
    ----------
    path : str or path-like
        File with an array ``images`` of uint8, shape (n, height, width) or (n, height, width, 3),
        and optionally vectors ``X``, shape (n, d). Without ``images``, an array ``X`` of more than
        two dimensions is taken for the images.

    Returns
    -------
    images : sequence of ndarray
        As `as_sequence` returns.
    vectors : ndarray, shape (n, d), or None
        None if the file has none.

    Raises
    ------
    ValueError
        If the file is not a ``.npz`` file, is damaged, has no images or has arrays of other shapes.
    TypeError
        If the images are not uint8.
    OSError
        If the file cannot be read.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        names = getattr(loaded, "files", [])
        parts = {name: loaded[name] for name in ("images", "X") if name in names}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: is not a .npz file, or is damaged ({error})") from None
    if "images" not in parts and parts.get("X", np.empty(0)).ndim > 2:
        parts["images"] = parts.pop("X")
    if "images" not in parts:
        raise ValueError(
            f"{path}: must have an array named images, got {', '.join(names) or 'no arrays'}"
        )
    try:
        images = as_sequence(parts["images"])
    except (TypeError, ValueError) as error:
        raise type(error)(f"{path}: {error}") from None
    vectors = parts.get("X")
    if vectors is not None and (vectors.ndim != 2 or len(vectors) != len(images)):
        raise ValueError(
            f"{path}: X must have shape ({len(images)}, d), one row for each image, "
            f"got {vectors.shape}"
        )
    return images, vectors


def as_sequence(images: Any) -> Sequence[Any]:
    """Check the type and shape of a collection of images, without reading files.

    Parameters
    ----------
    images : sequence of paths or PIL images, or array or tensor of uint8
        An array has shape (n, height, width) or (n, height, width, 3).

    Returns
    -------
    sequence
        Items that `opened` accepts.

    Raises
    ------
    TypeError
        If it is an array of another dtype, or not a collection.
    ValueError
        If it is an array of another shape.
    """
    if isinstance(images, Tensor):
        images = _validation.as_array(images)
    if isinstance(images, np.ndarray) and images.dtype.kind not in "OU":
        if images.dtype != np.uint8:
            raise TypeError(f"images must be uint8, 0 to 255, got an array of {images.dtype}")
        if images.ndim != 3 and (images.ndim != 4 or images.shape[3] != 3):
            raise ValueError(
                "images must have shape (n, height, width) or (n, height, width, 3), "
                f"got {images.shape}"
            )
        return list(images)
    if isinstance(images, (str, os.PathLike)) or not hasattr(images, "__iter__"):
        raise TypeError(
            "images must be a list of paths or of PIL images, or an array, got "
            f"{type(images).__name__}"
        )
    return list(images)


def opened(image: Any, background: Any = "white", near: int | None = None) -> Image:
    """Read an image upright and in RGB.

    Parameters
    ----------
    image : path, PIL image or ndarray of uint8
        Image. If a camera recorded its orientation (Exif), it is turned upright.
    background : colour, as in PIL
        Shown where the image is transparent.
    near : int, optional
        Number of pixels along the longer side that is enough. A larger JPEG is then decoded at a
        fraction of its size that still has as many, which is faster. Default: full size.

    Returns
    -------
    PIL.Image.Image
        In RGB.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If the file does not exist, is not an image, or is damaged.
    """
    if isinstance(image, np.ndarray):
        return require_pillow().fromarray(np.ascontiguousarray(image)).convert("RGB")
    with _file(image) as file:
        if near is not None:
            file.draft(None, (near, near))
        return _rgb(file, background)


def size_of(image: Any) -> tuple[int, int]:
    """Return the size of an image as `opened` reads it; of a file, only the header is read.

    Parameters
    ----------
    image : path, PIL image or ndarray of uint8

    Returns
    -------
    width, height : int

    Raises
    ------
    ImportError, OSError
        As for `opened`.
    """
    if isinstance(image, np.ndarray):
        return image.shape[1], image.shape[0]
    with _file(image) as file:
        width, height = file.size
        is_turned = file.getexif().get(_ORIENTATION) in (5, 6, 7, 8)
        return (height, width) if is_turned else (width, height)


@contextmanager
def _file(image: Any) -> Iterator[Image]:
    """Open a path with PIL; all its errors become OSError with the name of the file.

    A PIL image is passed through.
    """
    pillow = require_pillow()
    if isinstance(image, pillow.Image):
        yield image
        return
    try:
        with pillow.open(image) as file:
            yield file
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        raise OSError(f"{image}: cannot be read as a picture ({error})") from None


def _rgb(image: Image, background: Any) -> Image:
    """Turn an image upright and convert it to RGB, on a background where it is transparent."""
    from PIL import ImageOps

    pillow = require_pillow()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):  # 16 bits; Pillow's convert clips values above 255
        image = pillow.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        below = pillow.new("RGBA", image.size, background)
        image = pillow.alpha_composite(below, image.convert("RGBA"))
    return image.convert("RGB")


def pixels(images: Any, side: int = 32) -> np.ndarray:
    """Compute features of images: the pixels after resizing all to the same small square.

    Parameters
    ----------
    images : sequence of paths or PIL images, or array or tensor of uint8
        As in `as_sequence`.
    side : int, default=32
        Pixels along a side of the square; the aspect ratio is not kept.

    Returns
    -------
    ndarray, shape (n, 3 * side²), float32
        Red, green and blue of each pixel, row by row, 0 to 1.

    Raises
    ------
    TypeError, ValueError, OSError, ImportError
        As for `as_sequence` and `opened`; TypeError if ``side`` is not an integer, ValueError if
        it is below 1.

    See Also
    --------
    fasttsne.nn.activations : Features from a neural network, which reflect the content of images.
    """
    side = _validation.integer("side", side, 1)
    images = as_sequence(images)
    pillow = require_pillow()
    rows = np.empty((len(images), 3 * side**2), np.float32)
    for row, image in zip(rows, images, strict=True):
        small = opened(image, near=2 * side).resize((side, side), pillow.Resampling.LANCZOS)
        row[:] = np.asarray(small, np.float32).ravel() / 255
    return rows


def require_pillow() -> Any:
    """Import and return the module PIL.Image.

    Raises
    ------
    ImportError
        If Pillow is not installed; the message says how to install it.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("pictures need Pillow: pip install pillow, or fasttsne[plot]") from None
    return Image
