"""``python -m fasttsne`` is the command ``fasttsne``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
