"""The data of a page as HTML: blocks of JSON and base64, and the policy that protects it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import numpy as np


def content_policy(script: str, style: str) -> str:
    """Return the Content-Security-Policy that allows this script and style and nothing else.

    The browser then makes no requests, runs no other script, and refuses to parse text as HTML.
    """

    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {source(script)}; style-src {source(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def json_block(name: str, content: Any) -> str:
    """Return a block with JSON."""
    # A "<" in the text of a <script> could end the script or begin a comment.
    text = json.dumps(content, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>\n'


def array_block(name: str, array: np.ndarray) -> str:
    """Return a block with the little-endian bytes of an array in base64."""
    little_endian = array.astype(array.dtype.newbyteorder("<"))
    return base64_block(name, little_endian.tobytes(), array.dtype.name)


def base64_block(name: str, content: bytes, kind: str) -> str:
    """Return a block with bytes in base64; ``kind`` is the dtype of the array, or 'webp'."""
    text = base64.b64encode(content).decode()
    return f'<script type="text/plain" id="{name}" data-type="{kind}">{text}</script>\n'
