"""The report in Korean: every sentence it can hold has a translation that takes the same values."""

import ast
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from jinja2 import Environment, nodes

from analysis.config import AnalysisConfig, SequentialConfig
from analysis.display.korean import KOREAN
from analysis.display.wording import ENGLISH, Translation
from analysis.notes import no_responses
from analysis.paper import GRAD_CAM
from analysis.report.write import analyze, in_language
from analysis.simulation.simulated_study import TaskDesign, simulate_export
from tests.analysis.conftest import CONFIG, SMALL
from tests.analysis.exports import write_export

ROOM = Path(__file__).parents[3] / "analysis"
KINDS = {"human", "simulated", "machine", "class-discrimination"}  # keys of tables of texts, not texts


def said_in_python():
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = getattr(node, "func", None)
            if getattr(named, "id", "") in ("translate", "inside", "Note", "marked") and node.args:
                yield from (c.value for c in ast.walk(node.args[0]) if isinstance(c, ast.Constant) and c.value)


def said_in_templates():
    for file in ROOM.rglob("*.html"):
        for call in Environment().parse(file.read_text(encoding="utf-8")).find_all(nodes.Call):
            if getattr(call.node, "name", "") == "translate":
                argument = call.args[0]
                constants = [argument] if isinstance(argument, nodes.Const) else argument.find_all(nodes.Const)
                yield from (c.value for c in constants)


def test_every_text_in_the_sources_is_translated():
    texts = {t for t in (*said_in_python(), *said_in_templates()) if isinstance(t, str)} - KINDS
    assert len(texts) > 150
    assert sorted(texts - KOREAN.keys()) == []
    assert {text for deviation in GRAD_CAM.deviations for text in deviation} <= KOREAN.keys()


@pytest.mark.parametrize("english", KOREAN)
def test_a_translation_takes_the_values_of_its_original_and_is_korean(english):
    blanks = [set(re.findall(r"\{(\w+)\}", text)) for text in (english, KOREAN[english])]
    assert blanks[1] <= blanks[0]
    assert blanks[0] - blanks[1] <= {"who"}  # which of the two is single is left out
    assert english in ("p", "p, Holm") or re.search("[가-힣]", KOREAN[english])


@dataclass(frozen=True)
class Listening(Translation):
    """Korean that remembers what it could not translate."""

    missed: set = field(default_factory=set)

    def __call__(self, text, **values):
        if text not in self.catalogue:
            self.missed.add(text)
        return super().__call__(text, **values)

    def note(self, note):
        if not isinstance(note, str) and note.template not in self.catalogue:
            self.missed.add(note.template)
        return super().note(note)


def listening():
    return Listening("ko", KOREAN)


def test_whole_reports_are_said_in_korean(small, tmp_path):
    rule = SequentialConfig(rule="group-sequential", looks=(0.5, 1.0))
    config = AnalysisConfig(contrasts=CONFIG.contrasts, paper="grad-cam", sequential=rule)
    designs = (replace(SMALL[0], named_networks=("strong", "weak"), ratings=1), SMALL[1])
    sequential = simulate_export(np.random.default_rng(5), designs=designs, participants=12, config=config)
    one = replace(small, trials=small.trials[small.trials["participant_id"] == "p00000"])
    for name, export in {"sequential": sequential, "one": one}.items():
        translate = listening()
        html = analyze(write_export(export, tmp_path / name), tmp_path / f"out-{name}", translate=translate).read_text()
        assert translate.missed == set(), name
        assert '<html lang="ko">' in html


def three_networks():
    pairs = {"first": ("vgg", "alex"), "second": ("alex", "squeeze"), "third": ("vgg", "squeeze")}
    return [TaskDesign(n, "trust", ("cam",), images=6, ratings=6, named_networks=pair) for n, pair in pairs.items()]


def test_three_networks_are_ranked_over_all_trust_tasks(tmp_path):
    export = simulate_export(np.random.default_rng(6), designs=three_networks(), participants=12)
    translate = listening()
    html = analyze(write_export(export, tmp_path / "in"), tmp_path / "out", translate=translate).read_text()
    assert translate.missed == set()
    assert "각 네트워크의 강도" in html
    assert all(f"{a} − {b}" in html for a, b in (("vgg", "alex"), ("vgg", "squeeze"), ("alex", "squeeze")))


def test_a_note_is_translated_with_the_names_inside_it():
    note = no_responses([("guided-backprop", "vgg"), "cam"])
    assert str(note) == "No responses in guided-backprop × vgg, cam."
    assert ENGLISH.note(note) == "No responses in Guided Backpropagation × vgg, CAM."
    assert in_language("ko").note(note) == "Guided Backpropagation × vgg, CAM에 응답이 없습니다."
    assert in_language("ko").note("What a researcher {wrote}") == "What a researcher {wrote}"
