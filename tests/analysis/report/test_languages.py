"""Whole reports in another language: no English is left in text, captions, alternative texts, figures or tables."""

import html
import json
import os
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.config import AnalysisConfig, ExclusionsConfig, SequentialConfig
from analysis.data.table_files import conform
from analysis.display.wording import in_language
from analysis.report.pages import LIBRARIES
from analysis.report.works import WORKS
from analysis.report.write import analyze
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from contracts.hashing import canonical_sha256
from contracts.methods import METHOD_NAMES
from languages.read import messages, translations
from tests.analysis.conftest import CONFIG, SMALL
from tests.analysis.exports import write_export
from tests.drawing import drawn_only
from tests.languages.pseudo import CODE, plain_words, pseudo, write_language

pytestmark = pytest.mark.slow

OBSERVERS = ("human", "machine:box-energy", "machine:classifier+blank")
CATEGORIES = ("bird", "cat", "cow", "dog", "horse", "person", "sheep")


def everything():
    """All that a report can tell of two networks and several kinds of observer."""
    rule = SequentialConfig(rule="group-sequential", looks=(0.5, 1.0))
    rules = ExclusionsConfig(
        incomplete=True,
        failed_attention_checks=1,
        failed_comprehension=True,
        min_median_rt_ms=1500,
        max_median_rt_ms=3e6,
        min_rt_ms=1,
        max_rt_ms=3e6,
        same_side=1,
        longest_run=20,
    )
    config = AnalysisConfig(contrasts=CONFIG.contrasts, paper="grad-cam", sequential=rule, exclusions=rules)
    designs = (replace(SMALL[0], named_networks=("strong", "weak"), ratings=1), SMALL[1])
    parts = [
        _watched(simulate_export(np.random.default_rng(5), designs=designs, participants=12, config=config), kind)
        for kind in OBSERVERS
    ]
    tables = {
        name: pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        for name in ("participants", "trials", "events")
    }
    return replace(parts[0], **tables)


def _watched(export, kind):
    """`export` of one kind of observer, with checks failed, confidence stated, and events of the browser."""
    people, trials, mark = export.participants, export.trials, str(OBSERVERS.index(kind))
    people = people.assign(
        observer_kind=kind,
        participant_id=people["participant_id"] + mark,
        attention_checks=2.0,
        attention_checks_passed=[1.0, *[2.0] * 11],
        comprehension=[1.0, 0.0, *[1.0] * 10],
        completed=[True, True, False, *[True] * 9],
        excluded=[False] * 3 + [True] + [False] * 8,
        exclusion_reason=[None] * 3 + ["ABC"] + [None] * 8,
    )
    steps = np.random.default_rng(2).integers(1, 4, len(trials)).astype(float)
    trials = trials.assign(
        observer_kind=kind,
        participant_id=trials["participant_id"] + mark,
        trial_id=trials["trial_id"] + mark,
        confidence=np.where(trials["task"] == "seeing", steps, np.nan),
    )
    events = pd.DataFrame({"event": ["blur", "resize"], "participant_id": people["participant_id"][:2]})
    events = conform(events.assign(event_id=events["event"] + mark, occurred_at=people["joined_at"][:2]), "events")
    return replace(export, participants=people, trials=trials, events=events)


def one_person():
    small = simulate_export(np.random.default_rng(5), designs=SMALL, participants=12, config=CONFIG)
    return replace(small, trials=small.trials[small.trials["participant_id"] == "p00000"])


def three_networks():
    designs = [
        TaskDesign("first", "trust", ("cam",), images=6, ratings=4, named_networks=("vgg", "alex", "squeeze")),
        TaskDesign("second", "trust", ("cam",), images=6, ratings=6, named_networks=("alex", "squeeze")),
    ]
    made = simulate_export(np.random.default_rng(6), designs=designs, participants=12)
    own = {"cam": {"captum": "LayerActivation", "name": {"en": "Map of Ada", "ko": "에이다의 지도"}}}
    definition = made.definition | {"methods": own}
    sha256 = canonical_sha256(definition)
    tables = {name: getattr(made, name).assign(definition_sha256=sha256) for name in ("participants", "trials")}
    return replace(made, definition=definition, definition_sha256=sha256, **tables)


STUDIES = {"everything": everything, "one person": one_person, "three networks": three_networks}
# Of works cited, methods, programs, networks, tasks, machine observers, the study, and what a researcher wrote.
NAMES = (
    *map(str, WORKS), *METHOD_NAMES.values(), *LIBRARIES, "python",
    "strong weak vgg alex squeeze", "seeing trusting first second", "classifier box-energy", "Simulated study",
    "ABC", "Map of Ada",
)  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """(study, language) → its report, written once."""
    folder, written = tmp_path_factory.mktemp("reports"), {}

    def of(study, language):
        if study not in written:
            written[study] = write_export(STUDIES[study](), folder / study)
        if (study, language) not in written:
            with drawn_only("as_svg"):
                written[study, language] = analyze(
                    written[study], folder / language / study, translate=in_language(language)
                )
        return written[study, language]

    return of


@pytest.fixture
def pseudo_language(tmp_path, monkeypatch):
    """The language made from English, in which the categories of these studies have names too."""
    english, made = tmp_path / "further" / "en", tmp_path / "made"
    english.mkdir(parents=True)
    (english / "tasks.toml").write_text("[categories]\n" + "".join(f'{c} = "{c}"\n' for c in CATEGORIES))
    monkeypatch.setenv("DISCERN_LANGUAGES", str(english.parent))
    write_language(made)
    monkeypatch.setenv("DISCERN_LANGUAGES", f"{english.parent}{os.pathsep}{made}")


def words_shown(report):
    """All that a reader of the report can read or hear: texts, alternative texts, labels, and what is in figures; and
    what papers take over.
    """
    page = re.sub(
        r"(?s)<style>(.*?)</style>",
        lambda style: " ".join(re.findall(r'content: "([^"]*)"', style[1])),
        report.read_text(encoding="utf-8"),
    )
    page = re.sub(r'src="data:[^"]*"', "", page)
    attributes = re.findall(r'(?:alt|data-label|title|aria-label)="([^"]*)"', page)
    figures = [figure.read_text(encoding="utf-8") for figure in report.parent.rglob("*.svg")]
    drawn = [text for figure in figures for text in re.findall(r"<!-- (.*?) -->", figure)]  # beside its outlines
    texts = [file.read_text(encoding="utf-8") for file in report.parent.glob("*.md")]
    papers = [re.sub(r"(?s)^---.*?---|\[-?@\w+\]|\\", "", text) for text in texts]
    return html.unescape("\n".join([re.sub(r"<[^>]*>", " ", page), *attributes, *drawn, *papers]))


@pytest.mark.parametrize("study", STUDIES)
def test_nothing_english_is_left_in_a_language_made_for_it(study, report, pseudo_language):
    shown = words_shown(report(study, CODE))
    assert plain_words(shown, NAMES) == []
    assert pseudo("responses") in shown


@pytest.mark.parametrize("study", STUDIES)
def test_a_korean_report_has_no_english_but_what_its_translators_kept(study, report):
    korean = translations("ko", "report")
    kept = [korean.ngettext(*m.id, 2) if m.pluralizable else korean.gettext(m.id) for m in messages("report")]
    page = report(study, "ko")
    assert plain_words(words_shown(page), (*NAMES, *kept)) == []
    assert '<html lang="ko">' in page.read_text(encoding="utf-8")


def test_numbers_are_the_same_in_every_language(report):
    english, korean = (report("one person", language).parent for language in ("en", "ko"))
    files = [file.relative_to(english) for file in english.rglob("*") if file.suffix in (".csv", ".json")]
    assert len(files) > 20
    assert [file for file in files if numbers_of(english / file) != numbers_of(korean / file)] == []


def numbers_of(file):
    """The file without the hashes of the report's other files, whose words differ."""
    return json.loads(file.read_text()) | {"files": {}} if file.suffix == ".json" else file.read_bytes()


def test_three_networks_are_ranked_over_all_trust_tasks(report):
    text = report("three networks", "ko").read_text(encoding="utf-8")
    assert "각 신경망의 선호 강도" in text
    assert all(f"{a} − {b}" in text for a, b in (("vgg", "alex"), ("vgg", "squeeze"), ("alex", "squeeze")))
    assert "“먼저 적힌 신경망” 쪽" in text, "of the task that compares all three"
    assert "“alex” 쪽" in text, "of the task that compares two"
    methods = words_shown(report("three networks", "en"))
    assert "In “first”, every pair of the networks vgg, alex, squeeze was compared;" in methods


def test_a_study_s_own_names_of_methods_are_printed_in_its_language(report):
    """In the page, in what figures draw and in what papers take over; what the results file says is English."""
    page = report("three networks", "ko")
    drawn = [file for file in page.parent.rglob("*.svg") if "에이다의 지도" in file.read_text(encoding="utf-8")]
    assert "에이다의 지도" in page.read_text(encoding="utf-8")
    assert len(drawn) > 2
    assert "CAM" not in words_shown(page).replace("Grad-CAM", "")
    results = (page.parent / "results.json").read_text(encoding="utf-8")
    assert "에이다" not in results


def test_one_is_never_counted_as_many(report):
    many = "participants|people|images|responses|trials|times|runs|analyses|categories|ratings|networks"
    shown = words_shown(report("one person", "en"))
    assert "1 simulated participant gave " in shown
    assert re.findall(rf"(?<![\d,.–-])\b1 (?:simulated |eligible )?(?:{many})\b", shown) == []
