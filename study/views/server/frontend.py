"""Browser files of other people, served by us from node_modules: never from a CDN, never copied into the repository."""

from pathlib import Path

from flask import Blueprint, Response, send_file

from study.errors import StudyError
from study.views.server.static_files import compressed

PACKAGES = Path(__file__).resolve().parents[3] / "node_modules"

# Name in /vendor/<name> → file of an npm package. Only these are ever served.
VENDORED = {
    "jspsych.js": "jspsych/dist/index.browser.min.js",
    # Researchers' pages only.
    "d3.js": "d3/dist/d3.min.js",
    "plot.js": "@observablehq/plot/dist/plot.umd.min.js",
}

bp = Blueprint("frontend", __name__)


class FrontendError(StudyError):
    """A front-end package is not installed; the message names it and the command that installs it."""


def vendored_file(name: str, packages: Path = PACKAGES) -> Path:
    """The file behind `/vendor/<name>`: KeyError for a name not in VENDORED, FrontendError for a file not there."""
    path = packages / VENDORED[name]
    if not path.is_file():
        raise FrontendError(f"front-end package file {VENDORED[name]} is not in {packages}; run `make setup`")
    return path


def check_packages(packages: Path = PACKAGES) -> None:
    """Raise FrontendError unless every vendored file is there, so that a server refuses to start without them."""
    for name in VENDORED:
        vendored_file(name, packages)


@bp.get("/vendor/<name>")
def vendored(name: str) -> Response | tuple[str, int, dict[str, str]]:
    """Serve one of VENDORED. A day of caching: names stay the same when a package is upgraded."""
    if name not in VENDORED:
        return "no such file", 404, {"Content-Type": "text/plain; charset=utf-8"}
    try:
        path = vendored_file(name)
        return compressed(send_file(path, mimetype="text/javascript", max_age=86400), path)
    except FrontendError as error:
        return str(error), 500, {"Content-Type": "text/plain; charset=utf-8"}
