"""The report as PDF, printed by a Chromium or Chrome of this machine: both lay out the page as readers see it."""

import os
import re
import shutil
import subprocess
import tempfile
import warnings
from functools import partial
from pathlib import Path

from analysis.report.page_numbers import print_numbered

# Where no program is named: the first of these that the PATH has, or that is installed there.
BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = (
    *("--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-pdf-header-footer", "--generate-pdf-document-outline"),
)
PATIENCE = 180.0  # seconds
OWN = "open report.html and print it from there, or name another program with --browser"
_DATES = re.compile(rb"/(?:CreationDate|ModDate) \(D:[^)]*\)")


class PrintingWarning(UserWarning):
    """The report has no PDF; the message says why and what to do."""


def print_pdf(page: Path, pdf: Path, browser: str | None = None) -> None:
    """Print the HTML file `page` into the file `pdf` with `browser`, else with the first of BROWSERS that is here.

    A contents list gets its page numbers, for which the page is printed twice.

    The same page gives the same bytes with one version of the browser: the time of printing is left out. Without a
    browser, or where it fails, a PrintingWarning is given and there is no file.
    """
    program = shutil.which(browser) if browser else next(filter(None, map(shutil.which, BROWSERS)), None)
    if problem := print_numbered(page, pdf, partial(_printed, program)) if program else _missing(browser):
        pdf.unlink(missing_ok=True)
        warnings.warn(f"{pdf.name} was not written: {problem}", PrintingWarning, stacklevel=2)
    else:
        pdf.write_bytes(_DATES.sub(lambda found: b" " * len(found[0]), pdf.read_bytes()))


def _missing(browser: str | None) -> str:
    if browser:
        return f"there is no program {browser}; name another one with --browser, or leave that out"
    return "no Chromium or Chrome was found; install one (apt-get install chromium), or name it with --browser"


def _printed(program: str, page: Path, pdf: Path) -> str:
    """Why the program did not print; empty where it did."""
    with tempfile.TemporaryDirectory(prefix="discern-", ignore_cleanup_errors=True) as profile:
        places = (f"--user-data-dir={profile}", f"--print-to-pdf={pdf.absolute()}", page.absolute().as_uri())
        try:
            done = subprocess.run(
                [program, *FLAGS, *_of_root(), *places], capture_output=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            return f"{program} needed more than {PATIENCE:.0f} seconds; {OWN}"
        except OSError as error:
            return f"{program} cannot be started ({error.strerror}); {OWN}"
    if done.returncode == 0 and pdf.is_file() and pdf.read_bytes().startswith(b"%PDF-"):
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"{program} ended with status {done.returncode}{f' ({said[-1][:200]})' if said else ''}; {OWN}"


def _of_root() -> tuple[str, ...]:
    """Chromium has no sandbox for root and refuses to start with one. It opens this page only, which has no script."""
    return ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
