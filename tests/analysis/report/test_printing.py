"""The PDF beside the report: printed by the program that is named or found, and never in the way of the report."""

import sys

import pytest

from analysis.report import printing
from analysis.report.printing import PrintingWarning, print_pdf

PRINTS = """#!{python}
import sys
from pathlib import Path
(place,) = [a.partition("=")[2] for a in sys.argv if a.startswith("--print-to-pdf=")]
{do}
"""
DATED = b"%PDF-1.4 /CreationDate (D:20260101) /ModDate (D:20260101120000+00) "
WRITES = f"Path(place).write_bytes({DATED!r} + sys.argv[-1].encode())"


@pytest.fixture
def page(tmp_path):
    page = tmp_path / "report.html"
    page.write_text("<title>A report</title>")
    return page


def program(folder, do, name="browser"):
    """A program that does `do` in place of a browser."""
    file = folder / name
    file.write_text(PRINTS.format(python=sys.executable, do=do))
    file.chmod(0o755)
    return str(file)


def test_the_page_is_printed_without_the_time_of_printing(page, tmp_path):
    print_pdf(page, tmp_path / "report.pdf", program(tmp_path, WRITES))
    printed = (tmp_path / "report.pdf").read_bytes()
    copy = page.with_name("printed-report.html").as_uri()
    assert printed.split() == [b"%PDF-1.4", copy.encode()]
    assert len(printed) == len(DATED) + len(copy)  # places in the file stay where they are


def test_the_first_browser_of_the_path_is_taken_where_none_is_named(page, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, "sys.exit('wrong')", "msedge")
    program(tmp_path, WRITES, "google-chrome")
    print_pdf(page, tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").is_file()


FAILURES = {
    "sys.exit('no display')": r"browser ended with status 1 \(no display\); open report.html and print it from there, or",
    "pass": r"browser ended with status 0; open report.html",
    "Path(place).write_text('no PDF')": r"browser ended with status 0; open report.html",
    "import time; time.sleep(60)": r"browser needed more than 1 seconds; open report.html",
}


@pytest.mark.slow
@pytest.mark.parametrize("do", FAILURES)
def test_a_browser_that_fails_is_a_caution_and_leaves_no_file(do, page, tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "PATIENCE", 1.0 if "sleep" in do else 60.0)
    with pytest.warns(PrintingWarning, match=r"^report.pdf was not written: .*" + FAILURES[do]):
        print_pdf(page, tmp_path / "report.pdf", program(tmp_path, do))
    assert not (tmp_path / "report.pdf").exists()


@pytest.mark.parametrize(
    ("named", "words"),
    [(None, "install one .*, or name it with --browser"), ("/no/such", "there is no program /no/such")],
)
def test_without_a_browser_the_remedy_is_told(named, words, page, tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "BROWSERS", ("no-such-browser",))
    with pytest.warns(PrintingWarning, match=words):
        print_pdf(page, tmp_path / "report.pdf", named)


def test_a_program_that_cannot_be_started_is_a_caution(page, tmp_path):
    file = tmp_path / "browser"
    file.write_bytes(b"\x7fELF no program")
    file.chmod(0o755)
    with pytest.warns(PrintingWarning, match="cannot be started"):
        print_pdf(page, tmp_path / "report.pdf", str(file))
