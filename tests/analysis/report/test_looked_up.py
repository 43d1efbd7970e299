"""What a report says of a study's design is looked up in its definition or counted in its data, never assumed."""

import json
import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from analysis.data.export import Proof
from analysis.display.wording import ENGLISH, in_language
from analysis.reading.load import load
from analysis.report.cautions import proven
from analysis.report.counted import methods_balanced, seen_twice
from analysis.report.methods_text import methods_text
from analysis.report.pages import Material, pages
from analysis.report.summary import summarize
from analysis.report.write import analyze, results_document
from analysis.results import compute
from contracts.hashing import canonical_sha256
from tests.analysis.conftest import pages_of
from tests.analysis.exports import write_export


def asked_of_robots(small):
    document = json.loads(json.dumps(small.definition))
    for task in document["tasks"]:
        task["wording"] = "robots"
    sha = canonical_sha256(document)
    tables = {name: getattr(small, name).assign(definition_sha256=sha) for name in ("participants", "trials")}
    return replace(small, definition=document, definition_sha256=sha, **tables)


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("code", "word", "other"),
    [("en", "reasonable", "reliable"), ("ko", "합리적", "믿을 만"), ("de", "vernünftig", "zuverlässig")],
)
def test_networks_are_compared_in_the_words_that_people_were_asked_in(small, tmp_path, code, word, other):
    folder = write_export(asked_of_robots(small), tmp_path / "in")
    assert [task.wording for task in load(folder).tasks] == ["robots", "robots"]
    html = pages_of(analyze(folder, tmp_path / "out", translate=in_language(code)).parent)
    html = re.sub(r"<img[^>]*src=[^>]*>", "", html)
    assert html.count(word) >= 4
    assert other not in html.replace("reliably", "")


@pytest.mark.parametrize(
    ("code", "own", "word"),
    [("en", {"en": "careful", "ko": "신중한"}, "careful"), ("ko", {"en": "careful", "ko": "신중한"}, "신중한"),
     ("de", {"en": "careful"}, "careful"), ("de", {}, "zuverlässig")],
)  # fmt: skip
def test_a_word_of_the_study_s_own_is_the_report_s_too(small, tmp_path, code, own, word):
    document = json.loads(json.dumps(small.definition))
    document["tasks"][1]["words"] = {language: {"words": {"quality": said}} for language, said in own.items()}
    sha = canonical_sha256(document)
    tables = {name: getattr(small, name).assign(definition_sha256=sha) for name in ("participants", "trials")}
    folder = write_export(replace(small, definition=document, definition_sha256=sha, **tables), tmp_path / "in")
    _, task = load(folder).tasks
    assert in_language(code).quality(task.kind, task.wording, task.qualities) == word
    assert f" {word}" in methods_text(load(folder), in_language(code))[0]
    found = summarize(compute(load(folder))[0], 0.95, in_language(code))
    assert sum(f" {word}" in question for question in found.questions) == 1


def test_no_image_is_called_a_photograph_because_it_may_be_a_drawn_scene(small):
    assert not any("photograph" in paragraph for paragraph in methods_text(small, ENGLISH))


def most_apart(trials):
    """Oracle: pandas' own counts."""
    counts = trials.groupby(["task", "participant_id"])["method"].value_counts().unstack(fill_value=0)
    return int((counts.max(axis=1) - counts.min(axis=1)).max())


def test_that_methods_were_balanced_is_counted_in_those_who_finished(small):
    finished = small.participants["participant_id"]
    assert most_apart(small.trials) == 0
    said = methods_balanced(small, ENGLISH)
    assert said == (
        "All who finished saw each method of a task in equally many trials"
        f" (counted: {len(finished)} simulated participants)."
    )
    of_one = small.trials["participant_id"] == finished.iloc[0]
    of_one &= small.trials["method"] == "guided-grad-cam"
    fewer = small.trials.drop(small.trials.index[of_one & (small.trials["task"] == "seeing")][:2])
    assert methods_balanced(replace(small, trials=fewer), ENGLISH) == (
        f"For all who finished, the numbers of trials with each method of a task differed by at most {most_apart(fewer)}"
        f" (counted: {len(finished)} simulated participants)."
    )
    one = replace(small, trials=small.trials.assign(method="guided-grad-cam"))
    assert methods_balanced(one, ENGLISH) != said
    nobody = replace(small, participants=small.participants.assign(completed=False))
    assert methods_balanced(nobody, ENGLISH) == ""


def test_nothing_is_counted_where_nobody_answered(small):
    nobody = replace(small, trials=small.trials.iloc[:0])
    assert (seen_twice(nobody, ENGLISH), methods_balanced(nobody, ENGLISH)) == ("", "")


def test_the_caption_counts_which_unclustered_intervals_are_shorter(small):
    results = compute(small)[0]
    seeing, trusting = results.tasks
    for low, shorter in ((0.0, 0), (0.5, 2)):
        table = seeing.tables["accuracy"].assign(naive_low=low, naive_high=1 - low)
        changed = replace(results, tasks=(replace(seeing, tables=seeing.tables | {"accuracy": table}), trusting))
        material = Material(small, (changed,), {"simulated": defaultdict(tuple)}, None, ENGLISH)
        assert f"here it is shorter for {shorter} of 2 methods." in pages(material)["report.html"]


def test_whether_the_export_was_compared_with_the_audit_log_is_said():
    assert proven(None, ENGLISH).startswith("not compared")
    assert proven(Proof(at=datetime(2026, 1, 2, tzinfo=UTC)), ENGLISH).endswith("given out on 2026-01-02")
    assert proven(Proof(difference="data/x.csv differs"), ENGLISH) == "NOT what the server gave out: data/x.csv differs"


@pytest.mark.parametrize(
    ("proof", "told"),
    [
        (None, None),
        (Proof(at=datetime(2026, 1, 2, tzinfo=UTC)), {"given_out_at": "2026-01-02T00:00:00+00:00", "difference": ""}),
        (Proof(difference="data/x.csv differs"), {"given_out_at": None, "difference": "data/x.csv differs"}),
    ],
)
def test_the_results_say_whether_the_export_was_compared_too(small, proof, told):
    assert results_document(small, (), proof)["audit_log"] == told
