"""A rating in the report: its main tables are in the page at the published size, and sets of photographs are told."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.display.wording import in_language
from analysis.report.methods_text import methods_text
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from tests.analysis.report.test_report import report_on
from tests.drawing import drawn_only

NETWORKS = ("normal", "spurious", "mislabelled", "reset", "foreign")
DESIGN = TaskDesign("rating", "rating", ("gradient", "smoothgrad", "cam"), images=6, ratings=2, named_networks=NETWORKS)


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=30)


def test_five_networks_with_three_methods_are_in_the_page(export, tmp_path):
    with drawn_only():
        page, _ = report_on(export, tmp_path)
    assert "too large for a page" not in page
    assert page.count(">foreign · SmoothGrad") >= 3, "means, shares and differences"


@pytest.mark.parametrize(("code", "told"), [("en", "showed 4 photographs"), ("de", "4 Fotos"), ("ko", "사진 4장")])
def test_the_methods_section_says_that_an_image_is_a_set(export, code, told):
    together = replace(export, tasks=tuple(replace(task, explanations=4) for task in export.tasks))
    assert told in methods_text(together, in_language(code))[0]
    assert told not in methods_text(export, in_language(code))[0]
