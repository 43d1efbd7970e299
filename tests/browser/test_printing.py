"""What a real browser makes of a report's page."""

from pathlib import Path

from analysis.report.printing import print_pdf


def test_a_page_is_printed_with_the_same_bytes_each_time(tmp_path: Path, browser_program: str) -> None:
    page = tmp_path / "report.html"
    page.write_text("<!doctype html><title>A report</title><h1>정답률</h1>" + "<p>words</p>" * 99)
    one, two = tmp_path / "one.pdf", tmp_path / "two.pdf"
    for file in (one, two):
        print_pdf(page, file, browser_program)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes().count(b"/Type /Page\n") > 1
    assert b"Date" not in one.read_bytes()
