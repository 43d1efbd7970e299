"""Numbers of tables and figures, and links to them from each page of the report."""

import pytest

from analysis.display.wording import ENGLISH, in_language
from analysis.report.numbering import Numbering, linked, see


def two_pages(translate):
    report, supplement = Numbering("report.html", translate), Numbering("supplement.html", translate, "S")
    assert report.figure("flow") == ("figure-1", translate("Figure {number}", number="1"))
    report.table("means")
    supplement.table("spreads")
    supplement.table("multiverse")
    return report, supplement


def test_a_page_links_to_its_own_tables_and_to_those_of_the_other_page():
    report, supplement = two_pages(ENGLISH)
    text = linked(f"See {see('means')} and {see('multiverse')}.", report, (report, supplement))
    assert text == ('See <a href="#table-1">Table 1</a> and <a href="supplement.html#table-2">Table S2</a>.')
    assert linked(see("flow"), supplement, (report, supplement)) == '<a href="report.html#figure-1">Figure 1</a>'


def test_numbers_are_called_in_the_language_of_the_report():
    report, supplement = two_pages(in_language("ko"))
    assert linked(see("spreads"), report, (report, supplement)) == '<a href="supplement.html#table-1">표 S1</a>'


def test_a_link_to_what_no_page_has_is_refused_by_name():
    report, supplement = two_pages(ENGLISH)
    with pytest.raises(ValueError, match="'nothing', which no table or figure is called"):
        linked(see("nothing"), report, (report, supplement))
