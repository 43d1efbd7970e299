"""The documentation site: `make docs` builds it with Sphinx from docs/ and the pages at the repository's root."""

import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

project = "Discern"
copyright = "the Discern authors"  # Sphinx's own name for it
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]

# Links between pages are those that work in the repository, so the site has the repository's layout.
include_patterns = ["docs/**", "*.md"]
exclude_patterns = [".*", "node_modules", "var", "mutants", "docs/**/*.ipynb"]
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
html_additional_pages = {"index": "to-the-first-page.html"}
templates_path = ["site"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
default_role = "code"  # docstrings mark code with single backquotes
autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = "Discern"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False


def setup(app: Sphinx) -> None:
    app.connect("env-updated", _leave_out_of_the_menu)
    app.connect("html-page-context", _name_the_language)
    app.connect("sphinx-click-process-options", _show_paths_as_written)


def _leave_out_of_the_menu(_app: Sphinx, env: BuildEnvironment) -> None:
    """Decisions are reached by their index, and the README says what the first page says."""
    for page in env.found_docs:
        if page == "README" or re.match(r"docs/adr/\d", page):
            env.metadata[page]["orphan"] = True


def _name_the_language(_app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    if page.startswith("docs/ko/"):
        context["language"] = "ko"


def _show_paths_as_written(_app: Sphinx, _command: object, lines: list[str]) -> None:
    lines[:] = [re.sub(r"PosixPath\('(.*)'\)", r"\1", line) for line in lines]
