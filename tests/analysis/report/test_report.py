"""The report: complete, self-contained, the same each time, honest about who answered, and never a traceback."""

import json
import re
from dataclasses import replace
from hashlib import sha256
from itertools import chain

import numpy as np
import pandas as pd
import pytest

from analysis.config import AnalysisConfig, ContrastConfig, ExclusionsConfig
from analysis.display.wording import ENGLISH
from analysis.report.write import ReportError, _figures, analyze, results_document
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from contracts.hashing import canonical_sha256
from tests.analysis.conftest import CONFIG, SMALL, pages_of, small_study
from tests.analysis.exports import write_export
from tests.drawing import drawn_only

pytestmark = pytest.mark.slow


def report_on(export, tmp_path):
    """Write the export, analyse it; returns the HTML of all pages and results.json."""
    path = analyze(write_export(export, tmp_path / "in"), tmp_path / "out")
    return pages_of(path.parent), json.loads((tmp_path / "out" / "results.json").read_text())


def mixed(small, *kinds):
    """One export in which `kinds` of observers took part, twelve each."""
    parts = [
        simulate_export(np.random.default_rng(i), designs=SMALL, participants=12, config=CONFIG)
        for i in range(len(kinds))
    ]
    tables = {}
    for name, ids in (("participants", ["participant_id"]), ("trials", ["participant_id", "trial_id"])):
        frames = [getattr(p, name).assign(observer_kind=kind) for p, kind in zip(parts, kinds, strict=True)]
        for kind, frame in zip(kinds, frames, strict=True):
            frame[ids] = kind + frame[ids]
        tables[name] = pd.concat(frames, ignore_index=True)
    return replace(small, **tables)


@pytest.fixture(scope="module")
def small_results():
    return compute(small_study())[0]


@pytest.fixture
def known_results(monkeypatch, small_results):
    """For tests of folders: the small study's results are not computed again."""
    monkeypatch.setattr("analysis.report.write.compute", lambda _export: (small_results,))


def test_the_report_holds_every_table_and_figure_and_tells_its_progress(small_report):
    assert small_report.steps == ((1, 3), (2, 3), (3, 3))
    folder = small_report.folder
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    both = ("individuals", "times")
    drawn = ["flow", *(f"seeing-{n}" for n in ("accuracy", "confusion", *both))]
    drawn += [f"trusting-{n}" for n in ("scores", "answers", *both)]
    drawn += [f"multiverse-{task}-guided-grad-cam-guided-backprop" for task in ("seeing", "trusting")]
    figures = {f"figures/simulated/{n}.{e}" for n in drawn for e in ("svg", "png", "pdf")}
    shared = ("biases", "raters", "participants", "images", "times", "balance", "by-condition")
    seeing = ("accuracy", "discriminability", "networks", "categories", "crossed", "confusion", "confidence")
    seeing = (*seeing, "overconfidence", "random-effects", "method-networks", "category-networks", *shared)
    tables = {"course", "flow", "excluded", "contrasts", "multiverse", "equivalence", "odds-ratios", "strengths"}
    tables |= {
        "utilities",
        "changes",
        "gains",
        "alone",
        "people-alone",
        "swaps",
        "network-pairs",
        "attention-checks",
        "browser-events",
        "dropout",
        "reasons",
    } | {f"seeing-{n}" for n in seeing}
    tables |= {
        "metrics",
        "original",
        "original-answers",
        "turned-away",
        "questionnaire-items",
        "questionnaire-scores",
        "moderators",
        "conditions",
        "preregistered",
    }
    tables |= {f"trusting-{n}" for n in ("scores", "shares", *shared)}
    texts = {"report.html", "supplement.html", "results.json", "methods.md", "references.bib", "sentences.md"}
    assert names == texts | figures | {f"tables/simulated/{n}.{e}" for n in tables for e in ("csv", "tex")}
    html = small_report.html
    assert html.count("<img ") == html.count("alt=") == html.count("<figcaption>") == len(drawn)
    assert 'alt=""' not in html


def test_nothing_in_the_html_is_fetched_from_elsewhere(small_report):
    html = small_report.html
    assert not re.search(r"<(script|link|iframe)\b|url\(", html)
    assert set(re.findall(r'src(?:set)?="([^"]{0,26})', html)) == {"data:image/svg+xml;base64,"}


def test_the_same_export_gives_the_same_bytes(small_report, export_folder, tmp_path):
    one, two = small_report.folder, tmp_path / "two"
    analyze(export_folder, two)
    files = [p.relative_to(one) for p in one.rglob("*") if p.is_file()]
    assert len(files) > 40
    for file in files:
        assert (one / file).read_bytes() == (two / file).read_bytes(), file


def test_results_json_holds_the_numbers_that_counting_gives(small, small_report):
    results = small_report.results
    tasks = results["observers"]["simulated"]["tasks"]
    means = small.trials.groupby(["task", "method"])[["correct", "score"]].mean()
    for row in tasks["seeing"]["accuracy"]:
        assert row["value"] == pytest.approx(means.loc[("seeing", row["method"]), "correct"])
        assert row["low"] < row["value"] < row["high"]
    for row in tasks["trusting"]["scores"]:
        assert row["value"] == pytest.approx(means.loc[("trusting", row["method"]), "score"])
    assert [c["paper"] for c in results["observers"]["simulated"]["contrasts"]] == pytest.approx([0.1679, 0.27])
    assert results["definition_sha256"] == small.definition_sha256
    assert set(results["software"]) == {"python", "numpy", "scipy", "pandas", "matplotlib"}


def test_simulated_people_are_announced_and_never_make_a_headline(small_report):
    assert small_report.results["headline"] is None
    assert "SIMULATED: these responses were drawn from a model" in small_report.html


@pytest.mark.usefixtures("undrawn")
def test_people_programs_and_simulations_are_kept_apart(small, tmp_path):
    """Each kind's results are what they would be had the others not taken part, and have pages of their own."""
    export = mixed(small, "machine", "human", "simulated")
    _, results = report_on(export, tmp_path)
    assert results["headline"] == "human"
    assert list(results["observers"]) == ["human", "simulated", "machine"]
    for name, whose in (("report", "human"), ("report-simulated", "simulated"), ("report-machine", "machine")):
        page = (tmp_path / "out" / f"{name}.html").read_text()
        assert re.findall(r'<section id="(human|simulated|machine)"', page) == [whose]
        supplement = name.replace("report", "supplement")
        assert f'href="{supplement}.html"' in page
        assert re.findall(r'<section class="(\w+)"', (tmp_path / "out" / f"{supplement}.html").read_text()) == [whose]
    assert "SIMULATED" not in (tmp_path / "out" / "report.html").read_text()
    for kind in results["observers"]:
        document = results_document(export.of(kind), compute(export.of(kind)))
        assert json.loads(json.dumps(document))["observers"][kind] == results["observers"][kind]


@pytest.mark.usefixtures("vector_only")
def test_every_figure_without_human_answers_is_marked(small_results):
    """The same responses give a higher picture, with a hatched band and words, once they are not people's."""
    drawn = {}
    for kind in ("human", "simulated", "machine"):
        found = chain.from_iterable(_figures(replace(small_results, observer_kind=kind), ENGLISH).values())
        drawn[kind] = {figure.name: figure for figure in found}
    for kind, word in (("simulated", b"<!-- SIMULATED -->"), ("machine", b"<!-- MACHINE -->")):
        assert drawn[kind].keys() == drawn["human"].keys()
        for name, figure in drawn[kind].items():
            plain = drawn["human"][name]
            for marked, bare in ((figure.svg, plain.svg), (figure.phone, plain.phone)):
                assert bool(marked) == bool(bare)
                if marked:
                    assert word in marked
                    assert word not in bare
                    assert height(marked) > height(bare)


def height(svg):
    return float(re.search(rb'<svg [^>]*height="([\d.]+)pt"', svg)[1])


def trials_with(small, **columns):
    return replace(small, trials=small.trials.assign(**columns))


def all_choices(small, right):
    seeing = small.trials["task"] == "seeing"
    chosen = small.trials["category"] if right else small.trials["foil"]
    return trials_with(
        small,
        response=small.trials["response"].where(~seeing, chosen),
        correct=small.trials["correct"].where(~seeing, float(right)),
    )


def keep(small, rows):
    people = set(small.trials.loc[rows, "participant_id"])
    return replace(
        small,
        trials=small.trials[rows].reset_index(drop=True),
        participants=small.participants[small.participants["participant_id"].isin(people)].reset_index(drop=True),
    )


def unanswered(small):
    missing = small.trials.index % 3 == 0
    empty = dict.fromkeys(("correct", "score", "rt", "time_elapsed"), np.nan) | {
        "response": None,
        "answered_at": pd.NaT,
    }
    changed = {c: small.trials[c].mask(missing, v) for c, v in empty.items()}
    return trials_with(small, state=small.trials["state"].mask(missing, "open"), **changed)


def redefined(small, **changes):
    document = json.loads(json.dumps(small.definition)) | changes
    sha256 = canonical_sha256(document)
    return replace(
        small,
        definition=document,
        definition_sha256=sha256,
        trials=small.trials.assign(definition_sha256=sha256),
        participants=small.participants.assign(definition_sha256=sha256),
    )


def one_task(small, kind):
    tasks = [t for t in small.definition["tasks"] if t["kind"] == kind]
    return redefined(keep(small, small.trials["trial_type"] == kind), tasks=tasks, analysis={})


def one_method(small):
    tasks = [t | {"methods": ["guided-grad-cam"]} for t in small.definition["tasks"]]
    return redefined(keep(small, small.trials["method"] == "guided-grad-cam"), tasks=tasks, analysis={})


STRICT = ExclusionsConfig(incomplete=True, min_median_rt_ms=1e6).model_dump()

# what happened → (how to make it from the small study, what the report must say of it)
DEGENERATE = {
    "one participant": (lambda s: keep(s, s.trials["participant_id"] == "p00000"), "one participant cannot speak"),
    "one image": (lambda s: keep(s, s.trials["image_id"] == "image00000"), "one image cannot speak"),
    "one response": (lambda s: keep(s, s.trials.index == 0), "one participant and one image cannot speak"),
    "one method": (one_method, "named in"),
    "no trust task": (lambda s: one_task(s, "class-discrimination"), "Accuracy by method"),
    "trust task only": (lambda s: one_task(s, "trust"), "Mean score by method"),
    "all right": (
        lambda s: all_choices(s, True),
        "the interval is the exact binomial one",
        "named equally often with every method, in 100.0% of the answers",
    ),
    "all wrong": (lambda s: all_choices(s, False), "the interval is the exact binomial one"),
    "nobody joined": (lambda s: keep(s, s.trials.index < 0), "Nobody has taken part"),
    "nobody answered": (
        lambda s: trials_with(
            s, state="open", response=pd.Series(np.nan, s.trials.index, "str"), correct=np.nan, score=np.nan, rt=np.nan
        ),
        "There are no responses to analyse.",
    ),
    "a tenth of the times missing": (
        lambda s: trials_with(s, rt=s.trials["rt"].mask(s.trials.index % 10 == 0)),
        "without a time",
    ),
    "no response time": (lambda s: trials_with(s, rt=np.nan), "Accuracy by method"),
    "a third unanswered": (unanswered, "Trial not answered"),
    "everybody excluded": (
        lambda s: redefined(s, analysis={"exclusions": STRICT}),
        "There are no responses to analyse.",
    ),
    "only overflow": (lambda s: trials_with(s, is_overflow=True), "There are no responses to analyse."),
    "one method never shown": (
        lambda s: keep(s, (s.trials["method"] == "guided-grad-cam") | (s.trials["task"] == "trusting")),
        "No responses in Guided Backpropagation.",
    ),
    "one task without responses": (lambda s: keep(s, s.trials["task"] == "seeing"), "“trusting” has no responses"),
    "everybody fully trusts": (
        lambda s: trials_with(
            s,
            score=s.trials["score"].where(s.trials["task"] != "trusting", 2.0),
            response=s.trials["response"].where(
                s.trials["task"] != "trusting", np.where(s.trials["left_network"] == "strong", "2", "-2")
            ),
        ),
        "no variation between participants or between images",
    ),
    "no tasks' contrasts": (lambda s: redefined(s, analysis={}), "Accuracy by method"),
}
# Cases whose figures differ from those of a usual study in nothing that is drawn.
DRAWN_AS_EVER = {
    "one method",
    "no trust task",
    "trust task only",
    "a tenth of the times missing",
    "no tasks' contrasts",
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_data_get_an_estimate_with_its_limit_or_a_plain_sentence(small, tmp_path, case):
    make, *words = DEGENERATE[case]
    with drawn_only(*([] if case in DRAWN_AS_EVER else ["as_svg"])):
        html, results = report_on(make(small), tmp_path)
    assert all(said in html for said in words)
    body = re.sub(r"base64,[^\"]+", "", html.partition("<body>")[2])
    assert not re.search(r"\b(nan|NaN|inf|None|NaT)\b", body)
    for observer in results["observers"].values():
        tables = [
            t[name]
            for t in observer["tasks"].values()
            for name in ("accuracy", "scores", "shares", "discriminability")
            if name in t
        ]
        for row in (r for table in [*tables, observer["contrasts"]] for r in table):
            assert row["low"] is not None or row["note"], f"a missing interval without a reason: {row}"


@pytest.mark.usefixtures("undrawn")
def test_a_report_replaces_an_earlier_one_as_a_whole(known_results, export_folder, tmp_path):
    out = tmp_path / "out"
    results = json.loads(analyze(export_folder, out).with_name("results.json").read_text())
    (out / "figures" / "stale.svg").write_text("old")  # of a task that is no longer in the study
    results["files"]["figures/stale.svg"] = sha256(b"old").hexdigest()
    (out / "results.json").write_text(json.dumps(results))
    (out / ".DS_Store").touch()
    analyze(export_folder, out)
    assert not (out / "figures" / "stale.svg").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["export", "out"]


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", ["figures/mine.svg", "report.html"])
def test_what_was_added_to_a_report_or_changed_in_it_is_not_lost(known_results, export_folder, tmp_path, name):
    out = tmp_path / "out"
    analyze(export_folder, out)
    (out / name).write_text("mine")
    with pytest.raises(ReportError, match=rf"out holds {name}, which Discern did not write or which was changed"):
        analyze(export_folder, out)
    assert (out / name).read_text() == "mine"


def test_a_folder_with_something_else_in_it_is_left_alone(export_folder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(ReportError, match="no earlier report"):
        analyze(export_folder, out)
    assert [p.name for p in out.iterdir()] == ["thesis.tex"]


@pytest.mark.usefixtures("undrawn")
def test_a_failure_while_writing_leaves_the_earlier_report_as_it_was(
    known_results, export_folder, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    before = analyze(export_folder, out).read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("analysis.report.write.pages", full)
    with pytest.raises(ReportError, match="No space left on device"):
        analyze(export_folder, out)
    assert (out / "report.html").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["export", "out"]


@pytest.mark.usefixtures("undrawn")
def test_texts_of_the_study_cannot_become_markup(small, tmp_path):
    study = small.definition["study"] | {"title": {"en": "<script>alert(1)</script>"}}
    html, _ = report_on(redefined(small, study=study), tmp_path)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.usefixtures("undrawn")
def test_holm_s_correction_is_over_all_contrasts_of_the_definition(small, tmp_path):
    contrasts = [ContrastConfig(task=t, a="guided-grad-cam", b="guided-backprop") for t in ("seeing", "trusting")]
    _, results = report_on(redefined(small, analysis=AnalysisConfig(contrasts=contrasts).model_dump()), tmp_path)
    rows = results["observers"]["simulated"]["contrasts"]
    low, high = sorted(rows, key=lambda row: row["p"])
    assert low["p_holm"] == pytest.approx(min(1, 2 * low["p"]))
    assert high["p_holm"] == pytest.approx(max(low["p_holm"], high["p"]))


@pytest.mark.usefixtures("undrawn")
def test_a_study_closed_early_says_so_and_does_not_claim_to_have_waited(small, small_report, tmp_path):
    claim = "No look at the data before they were complete was planned."
    html, results = small_report.html, small_report.results
    assert claim in html
    assert "interim results" not in html
    assert results["observers"]["simulated"]["ratings"]["seeing"] == {"given": 96, "planned": 96}
    early = small.trials["task"].eq("trusting") | (small.trials.groupby("task").cumcount() < 24)
    html, results = report_on(keep(small, early), tmp_path)
    assert "These are interim results: “seeing” 24 of 96 (25.0%) of the planned ratings were in." in html
    assert '<strong class="mark">Interim, 57.1% of planned ratings</strong>' in html
    assert "The difference so far is" in html
    assert "The data were analysed before all planned ratings were in: “seeing” 24 of 96 (25.0%)." in html
    assert claim not in html
    assert results["observers"]["simulated"]["ratings"]["seeing"] == {"given": 24, "planned": 96}
