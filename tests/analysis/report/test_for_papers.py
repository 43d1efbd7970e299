"""What a paper takes over: citations that are in the bibliography, and sentences whose numbers are those of the results."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from analysis.config import AnalysisConfig, SequentialConfig
from analysis.data.completeness import Reached
from analysis.display.markdown import as_markdown
from analysis.display.wording import ENGLISH, in_language
from analysis.report.apa import apa_sentences
from analysis.report.for_papers import methods, sentences
from analysis.report.methods_text import references
from analysis.report.works import TOPICS, WORKS, with_citations
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from contracts.conditions import ConditionConfig
from languages.read import languages
from tests.analysis.conftest import CONFIG, SMALL

CITATION = re.compile(r"\[-?@(\w+)\]")
LOOKS = SequentialConfig(rule="group-sequential", looks=(0.5, 1.0))


@cache
def with_everything():
    pairs = {"first": ("vgg", "alex"), "second": ("alex", "squeeze"), "third": ("vgg", "squeeze")}
    designs = [TaskDesign(n, "trust", ("cam",), images=6, ratings=6, named_networks=pair) for n, pair in pairs.items()]
    designs.append(TaskDesign("rating", "rating", ("cam",), images=6, ratings=6, named_networks=("vgg", "alex")))
    designs.append(TaskDesign("checking", "ai-check", ("cam",), images=6, ratings=6))
    designs.append(TaskDesign("advised", "reliance", ("cam",), images=6, ratings=6))
    designs.append(TaskDesign("answers", "simulatability", ("cam",), images=6, ratings=6))
    designs.append(TaskDesign("tiles", "distinction", ("cam",), images=6, ratings=6))
    designs.append(TaskDesign("labels", "guess-label", ("cam",), images=6, ratings=6))
    designs.append(TaskDesign("fitting", "sentence-fit", ("cam",), images=6, ratings=6))
    designs.append(TaskDesign("cues", "cue-detection", ("cam",), images=6, ratings=3, named_networks=("vgg", "alex")))
    config = AnalysisConfig(paper="grad-cam", sequential=LOOKS, smallest_effect=0.1)
    made = simulate_export(np.random.default_rng(6), designs=(SMALL[0], *designs), participants=12, config=config)
    return replace(made, conditions=tuple(ConditionConfig(name=name) for name in ("one", "two")))


CONFIGS = {
    "plain": AnalysisConfig(contrasts=CONFIG.contrasts),
    "equivalence": AnalysisConfig(contrasts=CONFIG.contrasts, smallest_effect=0.1),
    "paper": CONFIG,
}


def cited_and_listed(export, code):
    text = methods(export, in_language(code))
    return set(CITATION.findall(text)), {work.key for work in references(export)}


@pytest.mark.parametrize("code", languages())
def test_each_citation_is_in_the_bibliography_and_the_other_way_round(code, small):
    for config in CONFIGS.values():
        cited, listed = cited_and_listed(replace(small, config=config), code)
        assert cited == listed
    cited, listed = cited_and_listed(with_everything(), code)
    assert cited == listed == {work.key for work in WORKS}


def test_every_work_is_cited_somewhere_once():
    keys = [key for topic in TOPICS.values() for key in topic]
    assert sorted(keys) == sorted(work.key for work in WORKS)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.key)
def test_an_entry_of_the_bibliography_is_valid_and_is_the_work_that_the_report_prints(work):
    head, *fields, end = work.bibtex.splitlines()
    kind, key = re.fullmatch(r"@(article|book)\{(\w+),", head).groups()
    found = {name: text for name, text in (re.fullmatch(r"  (\w+) = \{(.+)\},", line).groups() for line in fields)}
    assert end == "}"
    surname = work.authors[0].partition(",")[0]
    assert key == work.key == f"{surname.lower()}{found['year']}"
    needed = {"article": {"journal", "volume", "pages"}, "book": {"publisher"}}[kind]
    assert {"author", "title", "year"} | needed <= set(found)
    assert all(text.count("{") == text.count("}") for text in found.values())
    assert not re.search(r"(?<!\\)[&%$#_]|[–′“”]", "".join(found.values()).replace("$'$", ""))
    assert all(re.fullmatch(r"[A-Z]\w+, [A-Z]\.([ -][A-Z]\.)*", author) for author in found["author"].split(" and "))
    assert re.fullmatch(r"10\.\d{4}/\S+", found.get("doi", "10.0000/none"))
    printed = str(work)
    assert printed.startswith(surname)
    assert f"({found['year']}). {work.title}" in printed
    assert printed.endswith(f" https://doi.org/{work.doi}" if work.doi else ".")


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("bootstrap (Owen, 2007), and", "bootstrap [@owen2007], and"),
        ("Holm's (1979) method", "Holm's [-@holm1979] method"),
        ("의 α(2019)로, Krippendorff의 α(2019)로", "의 α(2019)로, Krippendorff의 α [-@krippendorff2019]로"),
        ("variance (people; Cameron, Gelbach & Miller, 2011).", "variance (people) [@cameron2011]."),
        ("planned in (2011), not (Smith, 2007)", "planned in (2011), not (Smith, 2007)"),
    ],
)
def test_only_works_that_are_named_are_cited(text, cited):
    assert with_citations(text, WORKS) == cited


def test_what_a_researcher_wrote_is_no_markup():
    assert as_markdown("*a* [@b] <c> `d` e_f") == r"\*a\* \[\@b\] \<c\> \`d\` e\_f"


NUMBER = r"(−?\d*\.?\d+)"
SENTENCE = re.compile(
    rf"Task “(\w+)”: .+ \(M = {NUMBER}%?\) against .+ \(M = {NUMBER}%?\), difference = {NUMBER} [a-z ]+,"
    rf" 95% CI \[{NUMBER}, {NUMBER}\], t\({NUMBER}\) = {NUMBER}, p (= |< |> ){NUMBER}, p (= |< |> ){NUMBER} after Holm's"
    rf" correction\.(?: Equivalence within ±{NUMBER} [a-z ]+, two one-sided tests: p (= |< |> ){NUMBER} after)?"
)


def read(text):
    return float(text.replace("−", "-"))


def is_written(sign, text, p):
    assert not text.startswith("0")
    return {"= ": abs(read(text) - p) <= 0.0005, "< ": p < 0.001 == read(text), "> ": p > 0.999 == read(text)}[sign]


def test_each_number_of_a_sentence_is_recomputed_from_results_json(small_report):
    """Oracle: scipy's t distribution on the value, its standard error and degrees of freedom; Holm's steps by hand."""
    observer = small_report.results["observers"]["simulated"]
    rows = observer["contrasts"]
    p_values = [2 * stats.t.sf(abs(row["value"] / row["se"]), row["df"]) for row in rows]
    ordered = sorted(p_values)
    steps = [max((len(rows) - i) * p for i, p in enumerate(ordered[: rank + 1])) for rank in range(len(rows))]
    for row, p, sentence in zip(rows, p_values, observer["sentences"], strict=True):
        task, mean_a, mean_b, difference, low, high, df, t, sign, raw, holm_sign, holm, *_ = SENTENCE.fullmatch(
            sentence
        ).groups()
        factor = {"class-discrimination": 100, "trust": 1}[row["kind"]]
        near = 0.0501 if factor == 100 else 0.00501  # half of the last digit written
        table = {"class-discrimination": "accuracy", "trust": "scores"}[row["kind"]]
        means = {r["method"]: factor * r["value"] for r in observer["tasks"][task][table]}
        reach = stats.t.ppf(0.975, row["df"]) * row["se"]
        written = [mean_a, mean_b, difference, low, high]
        value = row["value"]
        expected = [means[row["a"]], means[row["b"]], *(factor * x for x in (value, value - reach, value + reach))]
        assert [read(text) for text in written] == pytest.approx(expected, abs=near)
        assert (read(df), read(t)) == (row["df"], pytest.approx(value / row["se"], abs=0.00501))
        assert is_written(sign, raw, p)
        assert is_written(holm_sign, holm, min(1, steps[ordered.index(p)]))


def test_the_page_of_sentences_is_that_of_results_json_and_says_who_answered(small_report):
    page = (small_report.folder / "sentences.md").read_text(encoding="utf-8")
    assert "## 12 simulated participants\n\nSIMULATED: " in page
    listed = [line.removeprefix("- ") for line in page.replace("*", "").splitlines() if line.startswith("- ")]
    assert listed == small_report.results["observers"]["simulated"]["sentences"]
    assert "*t*(7) = " in page


@cache
def computed():
    config = AnalysisConfig(contrasts=CONFIG.contrasts[:1], smallest_effect=0.05)
    return compute(simulate_export(np.random.default_rng(5), designs=SMALL[:1], participants=12, config=config))[0]


def of_contrast(**changes):
    return replace(computed(), contrasts=computed().contrasts.assign(**changes))


def test_an_exact_test_has_no_t_and_equivalence_is_told():
    (sentence,) = apa_sentences(of_contrast(se=np.nan, p_equivalence_holm=0.9999), 0.95, ENGLISH)
    assert "t(" not in sentence
    assert "], p < .001, p < .001 after Holm's correction. Equivalence within ±5.0 percentage points," in sentence
    assert sentence.endswith("two one-sided tests: p > .999 after Holm's correction.")


def test_effective_degrees_of_freedom_have_a_decimal_and_no_data_a_reason():
    (sentence,) = apa_sentences(of_contrast(df=11.43), 0.95, ENGLISH, "*")
    assert "*t*(11.4) = " in sentence
    (sentence,) = apa_sentences(of_contrast(value=np.nan, note="No responses in A."), 0.95, ENGLISH)
    assert sentence.endswith("cannot be compared in “seeing”: No responses in A.")


def test_sentences_of_interim_results_say_so_above():
    half = replace(of_contrast(), reached=(Reached("seeing", 40, 96),))
    page = sentences(with_everything(), (half,), ENGLISH)
    warning = "These are interim results: “seeing” 40 of 96 (41.7%) of the planned ratings were in."
    assert page.index(warning) < page.index("- Task “seeing”")


def test_people_have_no_warning_and_controls_no_sentences(small):
    of_people = replace(of_contrast(), observer_kind="human")
    page = sentences(small, (of_people, replace(of_people, observer_kind="machine:classifier+blank")), ENGLISH)
    assert "SIMULATED" not in page
    assert page.count("\n## ") == 1
