"""AI check tells people the network's confidence, in the words of their language, and the export holds it."""

from dataclasses import replace

import pytest

from contracts.methods import PHOTOGRAPH
from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.find import find_study
from study.errors import OpeningError
from study.export.rows import READERS
from study.taking_part.plan import plan
from study.tasks.kinds import STUDY_KINDS
from study.tasks.own_words import faults_of_own_words
from study.tasks.wording import told_confidence, words_of
from tests.study.samples import NOW, answer, document, enrol, sha256, trials_of


def checking(**changes):
    return {
        "name": "checking",
        "kind": "ai-check",
        "wording": "plain",
        "methods": ["grad-cam"],
        "networks": ["weak"],
        "images": 8,
        "ratings_per_item": 1,
        "trials_per_participant": 8,
    } | changes


REFUSAL = (
    "^task 'checking': the stimulus set does not tell the network's confidence for 1 images, the first is checking-003;"
    " fill in the column probability of your table of pictures, or use the kind agreement, which tells no confidence$"
)


def rows(task, sure):
    """Stand-ins; `sure` is the network's confidence of each image by its number."""
    made = stand_ins([TaskConfig.model_validate(task)], ["dog", "cat"])
    return [replace(row, probability=sure(int(row.image_id[-3:]))) for row in made]


def opened(database, folder, task, sure):
    with database.writing() as session:
        take_in(session, document(task), sha256(task), rows(task, sure), {}, folder, NOW)
        session.commit()


def shown_to(database, person):
    with database.reading() as session:
        return plan(session, session.merge(person, load=False), lambda token: token)


def test_each_trial_tells_its_own_confidence_and_the_export_holds_it(database, tmp_path):
    opened(database, tmp_path, checking(), lambda number: (number + 0.5) / 8)
    person = enrol(database, 0)
    shown = shown_to(database, person)
    told = {t["trial_token"]: "".join(t["prompt"]) for t in shown["trials"]}
    trials = trials_of(database, person)
    assert all(len(t["images"]) == 2 for t in shown["trials"]), "the photograph and its explanation"
    for trial in trials:
        sure = (int(trial.image_id[-3:]) + 0.5) / 8
        assert f"({100 * sure:.0f}% sure)" in told[trial.trial_token]
        answer(database, person, trial, choice=0)
    with database.snapshot() as session:
        exported = list(READERS["trials"](session, find_study(session, "demo")))
    assert {row["network_confidence"] for row in exported} == {(n + 0.5) / 8 for n in range(8)}
    assert all(row["response"] == "yes" for row in exported)
    assert [row["correct"] for row in exported] == [row["foil"] == "no" for row in exported]
    assert sum(row["correct"] for row in exported) == 4, "half of the labels are right"


@pytest.mark.parametrize(
    ("methods", "recipe", "scales"),
    [
        (["grad-cam"], "heat-v1", ["none", "heat-v1"]),
        (["grad-cam"], "paper-v1", ["none", None]),
        ([PHOTOGRAPH], "heat-v1", ["none"]),
    ],
)
def test_an_explanation_beside_its_photograph_tells_the_scale_of_its_colours(
    database, tmp_path, methods, recipe, scales
):
    task = checking(methods=methods)
    with database.writing() as session:
        definition = document(task) | {"stimuli": {"recipe": recipe}}
        take_in(session, definition, sha256(definition), rows(task, lambda _: 0.5), {}, tmp_path, NOW)
        session.commit()
    for trial in shown_to(database, enrol(database, 0))["trials"]:
        assert [image.get("scale", "none") for image in trial["images"]] == scales


def test_the_photograph_alone_tells_its_confidence_too(database, tmp_path):
    opened(database, tmp_path, checking(methods=[PHOTOGRAPH]), lambda _: 0.871)
    shown = shown_to(database, enrol(database, 0))
    assert {"".join(t["prompt"]).split("(")[1] for t in shown["trials"]} == {"87% sure)"}
    assert all(len(t["images"]) == 1 for t in shown["trials"])
    assert "mattered" not in shown["tasks"][0]["intro"]


@pytest.mark.parametrize(("language", "said"), [("en", "87%"), ("ko", "87%"), ("de", "87\u00a0%")])
def test_per_cent_is_written_as_the_language_writes_it(language, said):
    for wording in ("paper", "plain"):
        words = told_confidence(words_of(TaskConfig.model_validate(checking(wording=wording)), language), 0.871)
        assert said in words.prompt
        assert "{confidence}" not in words.prompt


@pytest.mark.parametrize("language", ["en", "ko", "de"])
def test_people_alone_read_neither_confidence_nor_who_gave_the_label(language):
    task = TaskConfig.model_validate(checking(wording="alone", methods=[PHOTOGRAPH]))
    words = words_of(task, language)
    assert "{confidence}" not in words.prompt
    assert "%" not in words.prompt
    assert not any(name in words.intro for name in ("program", "프로그램", "Programm", "Sam", "샘"))


def test_a_set_that_tells_no_confidence_is_refused_with_the_remedy(database, tmp_path):
    with pytest.raises(OpeningError, match=REFUSAL):
        opened(database, tmp_path, checking(), lambda number: None if number == 3 else 0.5)


def test_the_confidence_may_be_told_in_own_words_where_the_kind_tells_it():
    def faults(kind, **words):
        task = checking(kind=kind, words={"en": words})
        return faults_of_own_words(TaskConfig.model_validate(task), ["en"])

    assert faults("ai-check", prompt="It says {category} with {confidence} per cent.") == []
    own = TaskConfig.model_validate(checking(words={"en": {"question": "Is it right, at {confidence} %?"}}))
    assert told_confidence(words_of(own, "en"), 0.5).question == "Is it right, at 50 %?"
    assert "unknown placeholder {confidence}" in faults("agreement", prompt="{category}, {confidence} %")[0]


@pytest.mark.parametrize("kind", ["ai-check", "agreement"])
def test_stand_ins_have_right_and_wrong_labels_so_that_a_preview_can_be_answered(kind):
    made = rows(checking(kind=kind), lambda _: 0.5)
    truths = [set(STUDY_KINDS[kind].truth(row)) for row in made]
    assert {frozenset(truth) for truth in truths} == {
        frozenset(set(STUDY_KINDS[kind].options(row)) - truth) for row, truth in zip(made, truths, strict=True)
    }
    assert len({frozenset(truth) for truth in truths}) == 2
