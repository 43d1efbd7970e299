"""Several photographs in a trial: what a page is told of each, and the words and stimuli that such a task needs."""

import json

import pytest

from study.conduct.opening import take_in
from study.conduct.stand_ins import stand_ins
from study.config import TaskConfig
from study.database.schema import Stimulus
from study.errors import OpeningError
from study.taking_part.plan import plan
from study.taking_part.sheets import in_sheets
from study.tasks.own_words import faults_of_own_words
from study.tasks.rating import _require_sheets
from study.tasks.wording import words_of
from tests.study.samples import NOW, document, enrol, seeing, sha256
from tests.study.tasks.test_wording import lacking_language

FOIL = "photographs|dog|image-1|tvmonitor|image-2"


def rating(explanations=2, **changes):
    sample = seeing(kind="rating", methods=["cam"], explanations=explanations, images=8, trials=2)
    return TaskConfig.model_validate(sample | changes)


def test_each_photograph_of_a_sheet_has_its_place_its_texts_and_its_prediction():
    changes = {"prompt": "It said {category}.", "categories": {"dog": "hound"}}
    words = words_of(rating(), "en").model_copy(update=changes)
    photographs = {"url": "p", "label": "{number}: {class}", "alt": None, "width": 10, "height": 20}
    told = in_sheets([photographs, photographs | {"url": "e", "label": None}], FOIL, words, "en")
    parts = [("1: hound", "hound"), ("2: TV monitor", "TV monitor")]
    cut = {"width": 10, "height": 10, "alt": None, "columns": 1}
    prompts = [{"prompt": ["It said ", name, "."]} for _, name in parts]
    assert told == [
        cut | {"url": "p", "label": "{number}: {class}"}
        | {"tiles": [{"place": n, "label": parts[n][0], "alt": ""} | prompts[n] for n in (0, 1)]},
        cut | {"url": "e", "label": None, "tiles": [{"place": n, "label": "", "alt": ""} for n in (0, 1)]},
    ]  # fmt: skip
    assert json.dumps(told[0]["height"]) == "10", "whole pixels"


@pytest.mark.parametrize(("foil", "there"), [("", 1), ("photographs|a|1|b|2|c|3", 3)])
def test_a_sheet_of_another_number_is_refused(foil, there):
    _require_sheets(rating(), [Stimulus(stimulus_id="s", foil=FOIL)])
    with pytest.raises(OpeningError, match=f"shows 2 photographs together, and stimulus s holds {there};"):
        _require_sheets(rating(), [Stimulus(stimulus_id="s", foil=foil)])


@pytest.mark.parametrize(
    ("explanations", "wording", "title"),
    [(1, "plain", "One"), (2, "paper", "Several"), (2, "plain", "Several in plain words"), (2, "told", "Told")],
)
def test_several_photographs_have_words_of_their_own_where_there_are_some(
    explanations, wording, title, tmp_path, monkeypatch
):
    texts = 'question = "?"\nimage_alts = []\nsteps = []\nintro = "?"\ntitle = "One"\n'
    several = '[kinds.rating.wordings]\npaper = {}\nplain = { several = { title = "Several in plain words" } }\n'
    lacking_language(
        tmp_path,
        monkeypatch,
        f'[kinds.rating]\n{texts}several = {{ title = "Several" }}\n{several}told = {{ title = "Told" }}\n',
    )
    assert words_of(rating(explanations, wording=wording), "xx").title == title


def test_a_kind_without_words_for_several_has_those_of_one(tmp_path, monkeypatch):
    texts = 'question = "?"\nimage_alts = []\nsteps = []\nintro = "?"\ntitle = "One"\n'
    lacking_language(tmp_path, monkeypatch, f"[kinds.rating]\n{texts}[kinds.rating.wordings]\npaper = {{}}\n")
    assert words_of(rating(), "xx").title == "One"


def test_texts_of_several_photographs_may_tell_each_class():
    words = {"en": {"image_labels": ["{number}: {class}", "{number}"]}}
    assert faults_of_own_words(rating(words=words), ["en"]) == []
    assert len(faults_of_own_words(rating(1, words=words), ["en"])) == 3


def test_a_plan_tells_both_photographs_of_two(database, tmp_path):
    task = rating(networks=["strong"], explanations=2).model_dump(mode="json", exclude_defaults=True)
    with database.writing() as session:
        rows = stand_ins([TaskConfig.model_validate(task)], ["dog", "cat"])
        take_in(session, document(task), sha256(task), rows, {}, tmp_path, NOW)
        session.commit()
    person = enrol(database)
    with database.reading() as session:
        shown = plan(session, session.merge(person, load=False), lambda token: token)["trials"]
    assert {len(image["tiles"]) for trial in shown for image in trial["images"]} == {2}
