"""What the file of an interactive page holds, as a browser would see it."""

import base64
import json
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np


class Reader(HTMLParser):
    """Collects what a browser would: scripts with their attributes and text, styles, title."""

    def __init__(self, text):
        super().__init__()
        self.open = None  # list whose last element is open
        self.scripts, self.styles, self.titles, self.metas, self.tags = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open = {"script": self.scripts, "style": self.styles, "title": self.titles}.get(tag)
        if self.open is not None:
            self.open.append(SimpleNamespace(text="", **{**dict(attributes), "tag": tag}))
        if tag == "meta":
            self.metas.append(dict(attributes))

    def handle_data(self, data):
        if self.open:
            self.open[-1].text += data

    def handle_endtag(self, tag):
        self.open = None

    def block(self, name):
        (found,) = [script for script in self.scripts if getattr(script, "id", "") == name]
        return found

    def json(self, name):
        return json.loads(self.block(name).text)

    def array(self, name):
        block = self.block(name)
        dtype = np.dtype(getattr(block, "data-type")).newbyteorder("<")
        return np.frombuffer(base64.b64decode(block.text, validate=True), dtype)
