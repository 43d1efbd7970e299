"""The preregistration sheet says what the definition says, names what it does not say, and is tied to it by its hash."""

import copy
import re
from functools import reduce

import pytest

from analysis.config import AnalysisConfig
from analysis.display.wording import ENGLISH, Translation
from analysis.preregistration.measured import ASKED
from analysis.preregistration.plan import Plan
from analysis.preregistration.sheet import AS_PREDICTED, OSF, sheet, write_sheet
from analysis.report.methods_text import predictions_shown
from contracts.hashing import canonical_sha256
from contracts.methods import METHOD_NAMES
from contracts.own_files import NotOwnFileError
from contracts.tasks import KINDS, WAIT
from tests.languages.pseudo import CODE, plain_words, write_language
from tests.study.samples import document, seeing, trusting

STATED = {
    "smallest_effect": 0.05,
    "planning": {"participant_sd": 0.7, "dropout": 0.1},
    "sequential": {"rule": "group-sequential", "looks": [0.5, 1.0]},
    "exclusions": {"failed_attention_checks": 2, "max_rt_ms": 9000},
    "contrasts": [
        {"task": "seeing", "a": "guided-grad-cam", "b": "guided-backprop"},
        {"task": "trusting", "a": "guided-grad-cam", "b": "guided-backprop", "smallest_effect": 0.1},
    ],
}


def whole():
    """A definition in which nothing is left out."""
    tasks = seeing(practice=2, comprehension=True, confidence=True), trusting(images=6, trials=4)
    made = document(*tasks, provider="prolific", limit=40)
    made["study"]["demographics"] = [{"name": "age", "label": {"en": "Age"}}]
    made["study"]["information"] = {"investigator": "Ada *L*", "eligibility": {"en": "adults"}}
    made["study"]["pay"] = {"amount": 2, "currency": "EUR"}
    return made | {"analysis": copy.deepcopy(STATED)}


def plan(made, translate=ENGLISH):
    analysis = AnalysisConfig.model_validate(made["analysis"])
    return Plan(made, canonical_sha256(made), analysis, translate)


def answer(text, heading):
    return re.search(rf"^#### {re.escape(heading)}\n\n(.*?)(?=\n\n#|\Z)", text, re.MULTILINE | re.DOTALL)[1]


def test_a_repeated_study_is_named_with_its_source():
    made = whole() | {"original": {"name": "HIVE: agreement", "source": "Kim et al. (ECCV 2022)"}}
    told = "It repeats a published study: HIVE: agreement. Kim et al. (ECCV 2022)."
    assert told in answer(sheet(plan(made)), "Study design")
    assert "It repeats" not in sheet(plan(whole()))


def test_every_heading_of_both_registries_has_an_answer():
    text = sheet(plan(whole()))
    headings = [question.heading for questions in (*OSF.values(), AS_PREDICTED) for question in questions]
    assert re.findall(r"^#### (.*)$", text, re.MULTILINE) == headings
    assert all(answer(text, heading).strip() for heading in headings)
    assert "Not stated" not in text
    assert [h for h in headings if "Fill it in here" in answer(text, h)] == [
        "Foreknowledge of data or evidence",
        "Explanation of foreknowledge and managing unintended influences",
        "Additional blinding during research or analysis",
        "1. Have any data been collected for this study already?",
    ]


OSF_VERSION_4 = """
Overview: Research questions or hypotheses; Foreknowledge of data or evidence;
 Explanation of foreknowledge and managing unintended influences
Research Design: Study type; Intention for causal interpretation; Blinding of experimental treatments;
 Additional blinding during research or analysis; Study design; Randomization
Sampling: Data collection procedures; Sample size; Sample size rationale; Starting and stopping rules
Variables: Manipulated variables; Measured variables; Indices
Analysis Plan: Statistical models; Transformations; Inference criteria; Data inclusion and exclusion; Missing data;
 Other planned analysis
Other: Context and additional information
"""
"""The pages of OSF's form and their questions, as its API gives them (docs/how-to/write-a-paper.md)."""


def test_the_headings_are_those_of_osf():
    text = sheet(plan(whole())).split("## OSF")[1].split("## AsPredicted")[0]
    pages = [line.split(": ") for line in OSF_VERSION_4.replace("\n ", " ").strip().splitlines()]
    _, *found = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    for (page, questions), part in zip(pages, found, strict=True):
        assert part.startswith(page + "\n")
        assert re.findall(r"^#### (.*)$", part, re.MULTILINE) == questions.split("; ")


def test_a_cause_is_spoken_of_only_where_chance_decides_the_method():
    assert "can be interpreted as their effect" in answer(sheet(plan(whole())), "Intention for causal interpretation")
    assert "Fill it in here" in answer(sheet(plan(in_conditions())), "Intention for causal interpretation")


def test_the_description_asks_in_the_study_s_own_words():
    made = whole()
    made["tasks"][1] = trusting() | {"words": {"en": {"words": {"quality": "trustworthy"}}}}
    assert answer(sheet(plan(made)), "Description") == (
        "Can people tell which category an explanation is about?"
        " Can people tell from two explanations which network is more trustworthy?"
    )


def test_hypotheses_have_their_smallest_effects_on_the_scale_of_their_task():
    first, second, _ = answer(sheet(plan(whole())), "Research questions or hypotheses").splitlines()
    assert first.startswith(
        "- H1. Task “seeing” (Class discrimination; correct answers, %): the mean with Guided Grad-CAM minus"
    )
    assert first.endswith("Smallest effect of interest: ±5.0 percentage points.")
    assert second.endswith("Smallest effect of interest: ±0.40 on the score.")


def test_sizes_are_those_that_the_definition_leads_to():
    """By hand: 4 images × 2 categories × 4 methods × 2 ratings; 6 images × 2 methods × 4 ratings."""
    lines = answer(sheet(plan(whole())), "Sample size").splitlines()
    assert lines == [
        "- Task “seeing”: 32 items × 2 ratings = 64 responses, from at least 16 people.",
        "- Task “trusting”: 12 items × 4 ratings = 48 responses, from at least 12 people.",
        "- Participants at most: 40.",
    ]


def test_facts_of_the_information_sheet_are_told_and_are_no_markup():
    text = sheet(plan(whole()))
    assert answer(text, "Contributors") == r"Ada \*L\*"
    assert "- Who can take part: adults\n- Pay: 2.00 EUR" in answer(text, "Data collection procedures")


def test_rules_on_who_can_take_part_are_told():
    """A reviewer compares them with the participant flow: age, device, platform, screening, quotas, earlier studies."""
    made = whole()
    made["study"]["minimum_age"] = 18
    made["participants"]["device"] = {"min_width": 900, "phones": False, "pointer": "fine"}
    made["recruitment"] = {"places": 48, "languages": ["German", "Korean"], "filters": [{"filter_id": "x"}]}
    answers = {name: {"en": name.title()} for name in ("yes", "no")}
    made["screening"] = {
        "not_after": ["a-pilot"],
        "questions": [
            {"name": "used", "text": {"en": "Used *it*?"}, "options": answers, "quotas": {"yes": 26, "no": 24}},
            {"name": "sees", "text": {"en": "See colours?"}, "options": answers, "admit": ["yes"], "right": "yes"},
        ],
    }
    told = answer(sheet(plan(made)), "Data collection procedures").splitlines()
    assert told[2:-1] == [
        "- Participants confirm that they are at least 18 years old.",
        "- The window must be at least 900 CSS pixels wide.",
        "- People with phones are turned away.",
        "- A mouse or touchpad is needed.",
        '- The platform is asked for (keys of `recruitment`): `languages` German, Korean; `filters` {"filter_id": "x"};'
        " `places` 48.",
        r"- Screening question: Used \*it\*? Maximum number of participants by answer: “Yes” 26, “No” 24.",
        "- Screening question: See colours? Admitted answers: “Yes”.",
        "- Entry test: 1 of 1 right answers are needed.",
        "- People who joined these studies are turned away: a-pilot.",
    ]
    assert answer(sheet(plan(whole())), "Data collection procedures").count("\n") == 2, "no rule, no sentence"


def test_moderators_are_told_as_exploratory():
    made = whole()
    made["analysis"]["moderators"] = ["load"]
    assert "main score in the questionnaires “load”" in answer(sheet(plan(made)), "Other planned analysis")


def test_looks_rules_and_assumptions_are_told():
    text = sheet(plan(whole()))
    assert "- Looks at 50%, 100% of the planned responses, by a group-sequential rule." in text
    assert "No look at the data" not in text
    assert "people who failed at least 2 attention checks." in answer(text, "Data inclusion and exclusion")
    assert "responses slower than 9000 ms." in answer(text, "Data inclusion and exclusion")
    rationale = answer(text, "Sample size rationale")
    assert "0.7 between people, 0.3 between people by method" in rationale
    assert "10% of people leave" in rationale
    assert "all comparisons (2)" in answer(text, "Inference criteria")


def test_without_looks_and_rules_the_sheet_says_that_there_are_none():
    made = whole()
    del made["analysis"]["sequential"], made["analysis"]["exclusions"]
    text = sheet(plan(made))
    assert "No look at the data before that." in answer(text, "Starting and stopping rules")
    assert "The definition has no exclusion rule." in answer(text, "Data inclusion and exclusion")
    assert "Not stated" not in text


def test_only_what_varies_within_people_is_called_random_and_balanced():
    """In conditions of one method each, no person has methods to balance; trust shows both networks in every trial."""
    made = whole()
    assert "methods are balanced within people" in answer(sheet(plan(made)), "Randomization")
    assert "The network of each image" not in sheet(plan(made))
    next(task for task in made["tasks"] if task["kind"] == "class-discrimination")["networks"] = ["strong", "weak"]
    assert "The network of each image is random." in answer(sheet(plan(made)), "Randomization")
    told = answer(sheet(plan(in_conditions())), "Randomization")
    assert told.startswith("Each new participant gets the condition with the largest share of its ratings missing")
    assert "balanced" not in told


def test_the_methods_of_each_condition_are_told_and_nobody_is_counted_in_two():
    """By hand: each condition has 4 images × 2 categories × 2 ratings = 16 responses, which 3 people of 6 trials give."""
    text = sheet(plan(in_conditions()))
    design = answer(text, "Study design").splitlines()
    assert "- Condition “alone” shows in “seeing”: Guided Backpropagation." in design
    assert "- Condition “other” shows in “seeing”: Guided Grad-CAM." in design
    assert "32 responses, from at least 6 people" in answer(text, "Sample size")


def in_conditions():
    made = whole() | {
        "conditions": [
            {"name": "alone", "methods": {"seeing": ["guided-backprop"]}},
            {"name": "other", "methods": {"seeing": ["guided-grad-cam"]}},
        ]
    }
    made["tasks"] = [made["tasks"][0] | {"trials_per_participant": 6}]
    made["analysis"]["contrasts"] = made["analysis"]["contrasts"][:1]
    return made


def test_further_questions_and_questionnaires_are_told_in_words():
    made = whole()
    made["questionnaires"] = [
        {"name": "load", "scale": "nasa-tlx-raw", "at": "after:seeing"},
        {"name": "about", "at": "start", "items": [{"name": "one"}, {"name": "two"}]},
    ]
    lines = answer(sheet(plan(made)), "Measured variables").splitlines()
    assert "Each trial also asks for: confidence." in lines[0]
    assert "also asks" not in lines[1]
    assert "Positive values favour “strong”." in lines[1]
    assert lines[2:4] == [
        "- Questionnaire “load”, after the task “seeing”; number of questions: 6.",
        "- Questionnaire “about”, at the start; number of questions: 2.",
    ]


def test_every_further_question_of_every_kind_has_words():
    """But for the wait before advice, which asks nothing."""
    names = {question.name for kind in KINDS.values() for question in kind.questions[1:]}
    assert names - set(ASKED) == {WAIT}


def test_one_comparison_is_not_corrected():
    assert answer(sheet(plan(in_conditions())), "Inference criteria").startswith(
        "One two-sided test at 5%, without a correction"
    )


def test_people_of_the_published_study_are_part_of_the_reason_for_the_sample():
    made = whole() | {"original": {"name": "HIVE", "source": "Kim", "people": "50 for each method"}}
    assert "- People in the published study: 50 for each method." in answer(sheet(plan(made)), "Sample size rationale")


def test_no_key_of_the_definition_stands_for_a_word():
    text = answer(
        sheet(plan(whole() | {"participants": {"provider": "plain", "limit": 3}})), "Data collection procedures"
    )
    assert text.splitlines()[0].startswith("- People come by: a link to the study. Languages: English")


def test_a_task_with_one_scale_is_told():
    made = whole()
    assert "on one scale" not in sheet(plan(made))
    next(task for task in made["tasks"] if task["kind"] == "trust")["joint_scale"] = True
    assert sheet(plan(made)).count("pictures of an image by one method are drawn on one scale.") == 2, (
        "once for each registry"
    )


def test_matched_predictions_are_told_in_the_words_of_their_kind():
    for kind, facts in KINDS.items():
        task = {"kind": kind, "matched": True}
        assert (list(predictions_shown(task, ENGLISH)) != [""]) == facts.is_balanced, kind


@pytest.mark.parametrize(
    ("key", "heading"),
    [
        ("analysis.contrasts", "Research questions or hypotheses"),
        ("analysis.smallest_effect", "Research questions or hypotheses"),
        ("analysis.planning", "Sample size rationale"),
        ("participants.limit", "Sample size"),
        ("participants.provider", "Data collection procedures"),
        ("study.demographics", "Measured variables"),
        ("study.information.investigator", "Contributors"),
        ("study.information.eligibility", "Data collection procedures"),
        ("study.pay", "Data collection procedures"),
    ],
)
def test_a_key_that_is_missing_is_named(key, heading):
    made, (*path, name) = whole(), key.split(".")
    del reduce(lambda table, part: table[part], path, made)[name]
    text = sheet(plan(made))
    assert f"Not stated in the definition (`{key}`)." in answer(text, heading)
    assert set(re.findall(r"Not stated in the definition \(`(.*?)`\)", text)) == {key}


def test_both_files_name_the_hash_and_are_the_same_each_time(tmp_path):
    files = write_sheet(plan(whole()), tmp_path / "out")
    assert [file.name for file in files] == ["preregistration.md", "preregistration.html"]
    before = [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in write_sheet(plan(whole()), tmp_path / "out")] == before
    sha256 = canonical_sha256(whole())
    changed = whole() | {"participants": {"provider": "prolific", "limit": 41}}
    assert all(text.count(sha256.encode()) >= 3 for text in before)
    assert sha256 not in sheet(plan(changed))


def test_words_of_the_title_are_no_markup(tmp_path):
    made = whole()
    made["study"]["title"]["en"] = "A *new* <script>alert(1)</script> `study`"
    text, page = (file.read_text(encoding="utf-8") for file in write_sheet(plan(made), tmp_path))
    assert "<script>" not in page
    assert "A *new* &lt;script&gt;" in page
    assert r"A \*new\* \<script\>" in text


def test_a_file_of_somebody_is_left(tmp_path):
    (tmp_path / "preregistration.md").write_text("mine")
    with pytest.raises(NotOwnFileError, match=r"preregistration.md exists, and Discern did not write it"):
        write_sheet(plan(whole()), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["preregistration.md"]


@pytest.mark.parametrize("bare", [False, True])
def test_nothing_english_is_left_in_a_language_made_for_it(bare, tmp_path, monkeypatch):
    write_language(tmp_path)
    monkeypatch.setenv("DISCERN_LANGUAGES", str(tmp_path))
    made = whole()
    if bare:
        made |= {"analysis": {"contrasts": STATED["contrasts"]}, "participants": {"tasks": "one"}}
    names = (
        *METHOD_NAMES.values(), *METHOD_NAMES, "OSF AsPredicted Ada adults EUR information investigator eligibility pay strong weak seeing trusting Prolific plain English age",
        "What did the network see?", "correct score", canonical_sha256(made),
        "analysis smallest effect planning sequential exclusions participants limit provider study demographics",
    )  # fmt: skip
    assert plain_words(sheet(plan(made, Translation(CODE))), names) == []


EXTRAS = {
    "practice": "practice trials: 3",
    "attention_checks": "attention checks: 3",
    "identical_pairs": "identical pairs: 3",
    "learning": "examples to learn from, with the network's answer: 3",
}


@pytest.mark.parametrize("used", EXTRAS)
def test_only_what_a_task_uses_is_told(used):
    made = whole()
    made["tasks"] = [task | dict.fromkeys(EXTRAS, 0) | {used: 3} for task in made["tasks"]]
    text = answer(sheet(plan(made)), "Study design")
    assert text.count(f"In addition: {EXTRAS[used]}.") == len(made["tasks"])
    assert not any(words.replace("3", "0") in text for words in EXTRAS.values())


def test_a_task_without_extras_tells_none():
    made = whole()
    made["tasks"] = [task | dict.fromkeys(EXTRAS, 0) for task in made["tasks"]]
    assert "In addition" not in sheet(plan(made))


def test_networks_that_a_kind_compares_have_a_hypothesis():
    made = whole()
    rating = {"name": "selling", "kind": "rating", "networks": ["normal", "spurious", "reset"]}
    made["tasks"] = [*made["tasks"], trusting() | rating]
    lines = answer(sheet(plan(made)), "Research questions or hypotheses").splitlines()
    assert [line.split(".")[0] for line in lines] == ["- H1", "- H2", "- H3", "- H4"]
    assert "H3. Task “trusting” (Trust; mean score): with each method, the mean score is not 0" in lines[2]
    assert "other network (“spurious”, “reset”) minus that of “normal” is not 0." in lines[3]
    assert lines[3].endswith("with intervals and not tested.")
    made["tasks"][-1]["networks"] = ["normal"]
    assert "selling" not in answer(sheet(plan(made)), "Research questions or hypotheses")


def test_without_comparisons_the_hypotheses_about_networks_are_left():
    made = whole()
    del made["analysis"]["contrasts"]
    first, second = answer(sheet(plan(made)), "Research questions or hypotheses").splitlines()
    assert first == "- Not stated in the definition (`analysis.contrasts`)."
    assert second.startswith("- H1. Task “trusting”")
