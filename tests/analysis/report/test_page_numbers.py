"""The contents list is printed with page numbers only where they are those of the print that shows them."""

from pathlib import Path

import pytest
from pypdf import PdfWriter

from analysis.report.page_numbers import pages_of, print_numbered, with_numbers

PAGE = '<li><span class="page" data-of="{0}"></span></li>'
CONTENTS = PAGE.format("one") + PAGE.format("two") + PAGE.format("gone")


def pdf_with(places, file):
    """A PDF of five pages with these named destinations, each on the page of its number, from 1."""
    writer = PdfWriter()
    for _ in range(5):
        writer.add_blank_page(100, 100)
    for name, number in places.items():
        writer.add_named_destination(f"/{name}", number - 1)
    writer.write(file)


@pytest.fixture
def page(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(CONTENTS)
    return page


def printing(*prints):
    """Prints each time the next of `prints`: a PDF with these places, or a problem. What it was given is kept."""
    given = []

    def printed(page: Path, pdf: Path) -> str:
        given.append(page.read_text())
        of_this = prints[len(given) - 1]
        if isinstance(of_this, str):
            pdf.write_bytes(b"nothing")
            return of_this
        pdf_with(of_this, pdf)
        return ""

    return printed, given


def test_a_copy_with_the_numbers_of_the_first_print_is_printed(page):
    printed, given = printing({"one": 2, "two": 5}, {"one": 2, "two": 5})
    assert print_numbered(page, page.with_name("report.pdf"), printed) == ""
    shown = '<li><span class="page" data-of="{0}">{1}</span></li>'
    assert given == [CONTENTS, shown.format("one", 2) + shown.format("two", 5) + PAGE.format("gone")]
    assert sorted(file.name for file in page.parent.iterdir()) == ["report.html", "report.pdf"]
    assert page.read_text() == CONTENTS


@pytest.mark.parametrize("second", [{"one": 2, "two": 4}, "the browser crashed"])
def test_the_first_print_stays_where_the_second_is_not_as_it_says(page, second):
    printed, given = printing({"one": 2, "two": 5}, second)
    assert print_numbered(page, page.with_name("report.pdf"), printed) == ""
    assert len(given) == 2
    assert pages_of(page.with_name("report.pdf")) == {"one": 2, "two": 5}


def test_a_page_is_printed_once_where_there_is_nothing_to_number(page):
    printed, given = printing({})
    assert print_numbered(page, page.with_name("report.pdf"), printed) == ""
    page.write_text("no contents")
    for prints, problem in ((printing({"one": 1}), ""), (printing("no display"), "no display")):
        assert print_numbered(page, page.with_name("report.pdf"), prints[0]) == problem
        given += prints[1]
    assert given == [CONTENTS, "no contents", "no contents"]


def test_a_file_that_is_no_pdf_tells_no_pages(tmp_path):
    file = tmp_path / "broken.pdf"
    file.write_bytes(b"%PDF-1.4 broken")
    assert pages_of(file) == {}
    assert with_numbers(CONTENTS, {}) == CONTENTS


def test_links_to_other_files_are_not_printed(page):
    kept = '<a href="#one">1</a><a href="https://example.org">2</a>'
    page.write_text(f'{kept}<a href="supplement.html#table-1">3</a><a href="tables/a.csv">4</a>')
    printed, given = printing({})
    print_numbered(page, page.with_name("report.pdf"), printed)
    assert given == [f"{kept}<a>3</a><a>4</a>"]
