"""Make the pictures that the pages show from those that the examples drew: `make gallery`.

    python docs/pictures.py

For every `images/NAME.webp` that a page mentions, `gallery/NAME.png` or `NAME.jpg` is made as small
as a page wants it.
"""

import argparse
import re
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent
BOXES = (1600, 1000), (1100, 690), (800, 500)
"""Pixels: twice as wide as a page, for fine screens; a square map need not be as wide. What is all
detail gets fewer."""
LARGEST = 120_000
"""Bytes."""
QUALITIES = (85, 75, 65, 55, 45)


def shrink(picture, smaller):
    """Write a picture as WebP of no more than LARGEST bytes."""
    with Image.open(picture) as image:
        image = image.convert("RGB")
    for box in BOXES:
        image.thumbnail(box)
        for quality in QUALITIES:
            image.save(smaller, quality=quality, method=6)
            if smaller.stat().st_size <= LARGEST:
                return
    raise ValueError(f"{picture} does not fit into {LARGEST:,} bytes")


def main():
    """Shrink what the pages mention."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gallery", type=Path, default=Path("gallery"), help="default: gallery")
    arguments = parser.parse_args()
    text = "".join(page.read_text() for page in sorted(DOCS.glob("*.md")))
    for name in sorted(set(re.findall(r"images/(\w+)\.webp", text))):
        smaller = DOCS / "images" / f"{name}.webp"
        drawn = arguments.gallery / f"{name}.png"
        shrink(drawn if drawn.exists() else drawn.with_suffix(".jpg"), smaller)
        print(f"{smaller.relative_to(DOCS.parent)}: {smaller.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
