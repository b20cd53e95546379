"""How Sphinx builds the site: `make docs`, without the network and with warnings as errors."""

import sys
from pathlib import Path

from docutils import nodes

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from fasttsne import __version__  # noqa: E402

project = "fasttsne"
version = release = __version__
copyright = "the authors of fasttsne; BSD-3-Clause"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "mathml",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
highlight_language = "text"  # where a block does not name its own
nitpicky = True  # a role that finds nothing is an error

# Types stand in the docstrings, in words; single backticks there name something documented.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
default_role = "py:obj"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "fasttsne"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is
# These have no pages beside them, or wide pictures.
html_sidebars = {"index": [], "install": [], "gallery": [], "benchmarks": [], "parameters": []}
html_theme_options = {
    "logo": {
        "text": "fasttsne",
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo.svg",
    },
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def fill_the_page(app, doctree):
    """Make pictures as wide as the text; Sphinx then links them to their full size."""
    for image in doctree.findall(nodes.image):
        image["width"] = "100%"


def setup(app):
    """Connect what is above."""
    app.connect("doctree-read", fill_the_page)
