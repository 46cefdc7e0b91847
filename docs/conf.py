"""Settings of Sphinx; `scripts/docs` builds the site."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from h11client import __version__  # noqa: E402  # from this checkout, which the path says

project = "h11client"
author = "The h11client developers"
copyright = "The h11client developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["examples"]
root_doc = "index"
nitpicky = False
show_warning_types = True

# One pair of backticks in a docstring is code, as in Markdown.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the signatures would not be readable; the text says what things are
autodoc_class_signature = "mixed"
add_module_names = False

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = "h11client"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}
