"""Pictures: from files, PIL images or arrays, one at a time, upright and in RGB."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ._validation import integer

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = tuple(".jpg .jpeg .png .gif .bmp .webp .tif .tiff .avif .jp2 .pgm .ppm".split())
"""Of the files that are taken for pictures."""

_ORIENTATION = 0x0112  # the Exif tag


def files(folder: str | os.PathLike[str]) -> list[Path]:
    """Files in a folder, and in the folders in it, whose names are those of pictures.

    Parameters
    ----------
    folder : str or path-like
        Folder. Names in it that begin with a dot are left out.

    Returns
    -------
    list of Path
        In alphabetical order.

    Raises
    ------
    ValueError
        If it is no folder, or there are none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: is not a folder")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in ENDINGS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
    if not found:
        raise ValueError(f"{folder}: has no pictures in it, that is {', '.join(ENDINGS)}")
    return found


def read_npz(path: str | os.PathLike[str]) -> tuple[Sequence[Any], np.ndarray | None]:
    """Read pictures, and vectors for them if there are any, from a ``.npz`` file.

    Parameters
    ----------
    path : str or path-like
        File with an array ``images`` of shape (n, height, width) or (n, height, width, 3), uint8,
        and maybe ``X`` of shape (n, d); or with images as ``X``.

    Returns
    -------
    images : sequence of ndarray
        As of `as_sequence`.
    vectors : ndarray, shape (n, d), or None

    Raises
    ------
    ValueError, TypeError
        If the file is damaged or has no such arrays.
    OSError
        If the file cannot be read.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        names = getattr(loaded, "files", [])
        parts = {name: loaded[name] for name in ("images", "X") if name in names}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: is no .npz file, or a damaged one ({error})") from None
    if "images" not in parts and parts.get("X", np.empty(0)).ndim > 2:
        parts["images"] = parts.pop("X")
    if "images" not in parts:
        raise ValueError(f"{path}: has no array of images, but {', '.join(names) or 'nothing'}")
    try:
        images = as_sequence(parts["images"])
    except (TypeError, ValueError) as error:
        raise type(error)(f"{path}: {error}") from None
    vectors = parts.get("X")
    if vectors is not None and (vectors.ndim != 2 or len(vectors) != len(images)):
        raise ValueError(
            f"{path}: X must have shape ({len(images)}, d), a row for each image, "
            f"got {vectors.shape}"
        )
    return images, vectors


def as_sequence(images: Any) -> Sequence[Any]:
    """Check a collection of pictures, as far as that takes no reading.

    Parameters
    ----------
    images : sequence of paths or PIL images, or array or tensor of uint8
        An array has shape (n, height, width) or (n, height, width, 3).

    Returns
    -------
    sequence
        Each item fit for `opened`.

    Raises
    ------
    TypeError
        If it is an array of another type, or something else.
    ValueError
        If it is an array of another shape.
    """
    if isinstance(images, Tensor):
        images = images.detach().cpu().numpy()
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
    """Open a picture.

    Parameters
    ----------
    image : path, PIL image or ndarray of uint8
        Picture. What a camera noted on how it was held is obeyed.
    background : colour, as in PIL
        Seen through where the picture is transparent.
    near : int, optional
        Pixels that will do along its longer side: a large JPEG is then read faster, at a fraction
        of its size that has no fewer.

    Returns
    -------
    PIL.Image.Image
        In RGB.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If there is no such file, or it is not a picture, or a damaged one.
    """
    if isinstance(image, np.ndarray):
        return require_pillow().fromarray(np.ascontiguousarray(image)).convert("RGB")
    with _file(image) as file:
        if near is not None:
            file.draft(None, (near, near))
        return _rgb(file, background)


def size_of(image: Any) -> tuple[int, int]:
    """Width and height of a picture as `opened` will give it; of a file, only the head is read."""
    if isinstance(image, np.ndarray):
        return image.shape[1], image.shape[0]
    with _file(image) as file:
        width, height = file.size
        is_turned = file.getexif().get(_ORIENTATION) in (5, 6, 7, 8)
        return (height, width) if is_turned else (width, height)


@contextmanager
def _file(image: Any) -> Iterator[Image]:
    """Open a file, if it is one, and report what is wrong with it, all in one way."""
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
    from PIL import Image as pillow
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):  # Pillow would clip to 255
        image = pillow.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        below = pillow.new("RGBA", image.size, background)
        image = pillow.alpha_composite(below, image.convert("RGBA"))
    return image.convert("RGB")


def pixels(images: Any, side: int = 32) -> np.ndarray:
    """Pixels of pictures as features: all shrunk, or stretched, to the same small square.

    Parameters
    ----------
    images : sequence of paths or PIL images, or array or tensor of uint8
        As in `as_sequence`.
    side : int
        Pixels along a side of the square.

    Returns
    -------
    ndarray, shape (n, 3 * side²), float32
        Red, green and blue of the pixels in rows, 0 to 1.

    Raises
    ------
    TypeError, ValueError, OSError, ImportError
        As `as_sequence` and `opened` do; if ``side`` is not an integer, or below 1.

    See Also
    --------
    fasttsne.nn.activations : Features from a network, which know what is in a picture.
    """
    side = integer("side", side, 1)
    images = as_sequence(images)
    pillow = require_pillow()
    rows = np.empty((len(images), 3 * side**2), np.float32)
    for row, image in zip(rows, images, strict=True):
        small = opened(image, near=2 * side).resize((side, side), pillow.Resampling.LANCZOS)
        row[:] = np.asarray(small, np.float32).ravel() / 255
    return rows


def require_pillow() -> Any:
    """Give the module PIL.Image, or say how to get it."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("pictures need Pillow: pip install pillow, or fasttsne[plot]") from None
    return Image
