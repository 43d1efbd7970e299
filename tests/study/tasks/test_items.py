"""Items from stimuli, and what a kind makes of an answer."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from contracts.tasks import KINDS, REASON_QUESTION
from study.config import TaskConfig
from study.database.schema import Stimulus
from study.errors import OpeningError
from study.tasks import wording
from study.tasks.items import one_picture_each, pairs_of_networks
from study.tasks.kinds import STUDY_KINDS
from study.tasks.own_words import faults_of_own_words
from study.tasks.wording import category_label, further_question, lacking, option_label, practice_feedback, words_of
from study.words import FurtherQuestion

METHODS, NETWORKS = ("cam", "occlusion"), ("strong", "weak")


def task(kind, networks=NETWORKS):
    return TaskConfig(
        name="t", kind=kind, methods=METHODS, networks=networks, images=2, ratings_per_item=1, trials_per_participant=2
    )


def stimuli(foils=True, networks=NETWORKS):
    """Two images with two categories each, listed backwards; ids from 1."""
    found = []
    for image in ("b", "a"):
        for category, foil in (("dog", "cat"), ("cat", "dog")):
            for network in networks:
                for method in METHODS[::-1]:
                    row = Stimulus(image_id=image, category=category, foil=foil if foils else "", network=network)
                    row.method, row.id, row.stimulus_id = method, len(found) + 1, f"s{len(found) + 1}"
                    found.append(row)
    return found


def by_id(rows):
    return {row.id: row for row in rows}


def test_class_discrimination_has_an_item_for_every_picture_by_image_category_method_and_network():
    rows = stimuli()
    items = one_picture_each(task("class-discrimination"), rows)
    shown = [by_id(rows)[item.stimulus_a_id] for item in items]
    expected = [
        (image, category, method, network)
        for image in "ab"
        for category in ("cat", "dog")
        for method in METHODS
        for network in NETWORKS
    ]
    assert [(s.image_id, s.category, s.method, s.network) for s in shown] == expected
    for item, s in zip(items, shown, strict=True):
        assert (item.image_id, item.category, item.foil, item.method) == (s.image_id, s.category, s.foil, s.method)
        assert item.stimulus_b_id is None


def test_trust_has_an_item_for_every_image_category_and_method_with_both_networks_in_order():
    rows = stimuli(foils=False)
    items = pairs_of_networks(task("trust", ("weak", "strong")), rows)
    pairs = [(by_id(rows)[item.stimulus_a_id], by_id(rows)[item.stimulus_b_id]) for item in items]
    assert [(a.image_id, a.category, a.method) for a, _ in pairs] == [
        (image, category, method) for image in "ab" for category in ("cat", "dog") for method in METHODS
    ]
    assert {(a.network, b.network) for a, b in pairs} == {("weak", "strong")}
    assert all((a.image_id, a.category, a.method) == (b.image_id, b.category, b.method) for a, b in pairs)
    assert {item.foil for item in items} == {""}
    assert [item.image_id for item in items] == ["a"] * 4 + ["b"] * 4


@pytest.mark.parametrize(
    ("of", "gone", "message"),
    [
        (one_picture_each, ("a", "dog", "cam", "weak"), "no cam of network 'weak' for dog in image a"),
        (pairs_of_networks, ("b", "cat", "occlusion", "strong"), "no occlusion of network 'strong' for cat in image b"),
        (pairs_of_networks, ("b", "cat", "occlusion", "weak"), "no occlusion of network 'weak' for cat in image b"),
    ],
)
def test_a_picture_that_the_set_lacks_is_named_with_the_remedy(of, gone, message):
    rows = [row for row in stimuli() if (row.image_id, row.category, row.method, row.network) != gone]
    kind = "trust" if of is pairs_of_networks else "class-discrimination"
    with pytest.raises(OpeningError) as refusal:
        of(task(kind), rows)
    assert str(refusal.value) == f"task 't': the stimulus set has {message}; run `./manage.py generate-stimuli` again"


def test_a_photograph_that_the_set_lacks_is_named_with_its_task():
    rows = stimuli(networks=("strong",))
    with pytest.raises(
        OpeningError, match=r"^task 't': the stimulus set has no photograph of network 'strong' for cat"
    ):
        one_picture_each(task("agreement", ("strong",)), rows)


def test_a_picture_without_a_second_category_cannot_be_discriminated():
    rows = stimuli()
    (row,) = (s for s in rows if (s.image_id, s.category, s.method, s.network) == ("a", "cat", "cam", "strong"))
    row.foil = ""
    with pytest.raises(OpeningError) as refusal:
        one_picture_each(task("class-discrimination"), rows)
    message = f"task 't': stimulus {row.stimulus_id} names no foil; run `./manage.py generate-stimuli` again"
    assert str(refusal.value) == message


@pytest.mark.parametrize(("response", "value"), [("dog", True), ("cat", False)])
def test_class_discrimination_asks_for_one_of_two_and_counts_what_is_right(response, value):
    kind, shown = STUDY_KINDS["class-discrimination"], SimpleNamespace(category="dog", foil="cat", response=response)
    assert (kind.options(shown), kind.truth(shown)) == (("dog", "cat"), ("dog",))
    assert kind.value(shown, task("class-discrimination")) is value


@pytest.mark.parametrize(
    ("response", "left", "value"), [("2", "strong", 2), ("2", "weak", -2), ("-1", "weak", 1), ("0", "weak", 0)]
)
def test_trust_counts_towards_the_task_s_first_network_whichever_side_it_was_on(response, left, value):
    right = {"strong": "weak", "weak": "strong"}[left]
    shown = SimpleNamespace(category="dog", foil="", response=response, left_network=left, right_network=right)
    kind = STUDY_KINDS["trust"]
    assert (kind.options(shown), kind.truth(shown)) == (("2", "1", "0", "-1", "-2"), ())
    got = kind.value(shown, task("trust"))
    assert (got, type(got)) == (value, int)


@pytest.mark.parametrize(
    ("name", "foil", "options", "truth"),
    [
        ("sentence-fit", "sky / sea|sea / sky", ("sea / sky", "sky / sea"), ("sea / sky",)),
        ("agreement", "incorrect", ("4", "3", "2", "1"), ("4", "3")),
        ("agreement", "correct", ("4", "3", "2", "1"), ("2", "1")),
        ("guess-label", "owl|ant|bee|cat|eel", ("ant", "bee", "cat", "dog", "eel"), ("dog",)),
    ],
)
def test_an_answer_counts_where_it_is_among_the_right_ones(name, foil, options, truth):
    kind = STUDY_KINDS[name]
    shown = SimpleNamespace(category="dog", foil=foil)
    assert (kind.options(shown), kind.truth(shown)) == (options, truth)
    for response in options:
        answered = SimpleNamespace(category="dog", foil=foil, response=response)
        assert kind.value(answered, None) is (response in truth)


def test_a_rating_offers_five_steps_of_which_none_is_right():
    kind, shown = STUDY_KINDS["rating"], SimpleNamespace(category="dog", foil="")
    assert (kind.options(shown), kind.truth(shown)) == (("1", "2", "3", "4", "5"), ())


def test_a_sentence_names_categories_as_people_read_them():
    sentences = {"foil": "table", "foils": 'image,foil\n1,"sky / sea|sea / sky"\n', "networks": ("strong",)}
    of = TaskConfig.model_validate(task("class-discrimination").model_dump() | {"kind": "sentence-fit"} | sentences)
    words = words_of(of, "en").model_copy(update={"categories": {"sea": "ocean"}, "sentence": "{for}, not {against}."})
    value = "tvmonitor, sea / dog"
    assert option_label(of, words, value, "en") == "TV monitor, ocean, not dog."
    assert option_label(of, words, value, "de") == "Fernseher oder Monitor, ocean, not Hund."
    without = words.model_copy(update={"sentence": None})
    assert option_label(of, without, value, "en") == "TV monitor, ocean / dog"


@pytest.mark.parametrize(
    ("category", "label"), [("tvmonitor", "TV monitor"), ("traffic_light", "traffic light"), ("t-shirt", "t shirt")]
)
def test_a_category_is_read_as_the_language_writes_it_or_without_its_separators(category, label):
    assert category_label(category, "en") == label


def test_a_language_need_not_name_any_category(monkeypatch):
    monkeypatch.setattr(wording, "_texts", lambda language: {})
    assert category_label("tvmonitor", "xx") == "tvmonitor"


def test_fewer_labels_than_values_are_an_error():
    of = task("trust")
    words = words_of(of, "en")
    few = words.model_copy(update={"options": words.options[:2]})
    with pytest.raises(ValueError, match="zip"):
        option_label(of, few, "2", "en")
    confidence = KINDS["class-discrimination"].questions[1]
    asked = FurtherQuestion(text="How sure?", options=("a", "b"))
    with pytest.raises(ValueError, match="zip"):
        further_question(confidence, words.model_copy(update={"questions": {"confidence": asked}}), True)


def test_a_question_for_a_text_tells_how_long_it_may_be_and_whether_it_must_be():
    words = words_of(task("class-discrimination").model_copy(update={"confidence": True}), "en")
    typed = further_question(REASON_QUESTION, words, False)
    assert (typed["name"], typed["options"], typed["typed"]) == ("reason", [], {"longest": 500, "required": False})
    assert "typed" not in further_question(KINDS["class-discrimination"].questions[1], words, True)


def test_where_no_answer_is_right_or_wrong_nothing_is_said_nor_where_the_text_is_lacking(monkeypatch):
    assert practice_feedback(task("trust"), "en", (), "2") is None
    of = task("class-discrimination")
    words = words_of(of, "en")
    monkeypatch.setattr(wording, "words_of", lambda task, language: words.model_copy(update={"right": None}))
    assert practice_feedback(of, "en", ("dog",), "dog") == ""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"notes": ("one",)}, "notes: 1 texts, 3 are needed"),
        ({"image_alts": ()}, "image_alts: 0 texts, 1 are needed"),
        (None, "no text"),
    ],
)
def test_an_example_needs_its_words(monkeypatch, change, fault):
    of = task("class-discrimination")
    words = words_of(of, "en")
    example = change and words.example.model_copy(update=change)
    given = words.model_copy(update={"example": example})
    monkeypatch.setattr(wording, "words_of", lambda task, language: given)
    assert lacking(of, "en") == [f"kinds.class-discrimination.example: {fault}"]


def test_a_kind_without_an_example_has_instructions_without_one(monkeypatch):
    of = task("class-discrimination")
    words = words_of(of, "en")
    monkeypatch.setitem(STUDY_KINDS, of.kind, replace(STUDY_KINDS[of.kind], example=None))
    assert lacking(of, "en") == ["kinds.class-discrimination.example: the kind has no example"]
    bare = words.model_copy(update={"example": None})
    monkeypatch.setattr(wording, "words_of", lambda task, language: bare)
    assert lacking(of, "en") == []
    assert wording.instructions(of, bare, frozenset(), str)["example"] is None


def test_a_further_question_without_its_text_or_with_too_few_options_is_lacking(monkeypatch):
    of = task("class-discrimination").model_copy(update={"confidence": True})
    words = words_of(of, "en")
    place = "kinds.class-discrimination.questions.confidence"
    asked = FurtherQuestion(text="How sure?", options=("a", "b"))
    for given, fault in (({}, "no text"), ({"confidence": asked}, "2 options, 4 are needed")):
        some = words.model_copy(update={"questions": given})
        monkeypatch.setattr(wording, "words_of", lambda task, language, some=some: some)
        assert lacking(of, "en") == [f"{place}: {fault}"]


def test_an_item_of_a_rating_is_what_one_network_predicts():
    """The networks predict another category for each image."""
    rating = task("rating")
    rows = [
        Stimulus(image_id=image, category=category, method=method, network=network, foil="", id=place)
        for place, (image, network, category, method) in enumerate(
            (image, network, category, method)
            for image in ("a", "b")
            for network, category in (("strong", "dog"), ("weak", "cat"))
            for method in (*METHODS, "photograph")
        )
    ]
    items = STUDY_KINDS["rating"].items(rating, rows)
    found = {(rows[item.stimulus_a_id].network, item.category, item.image_id, item.method) for item in items}
    assert len(items) == len(found) == 2 * 2 * len(METHODS)
    assert {key[:2] for key in found} == {("strong", "dog"), ("weak", "cat")}
    assert {rows[item.stimulus_b_id].method for item in items} == {"photograph"}
    without = [row for row in rows if (row.network, row.image_id) != ("weak", "b")]
    with pytest.raises(
        OpeningError, match="of its 2 images the stimulus set has 1 with explanations of network 'weak'"
    ):
        STUDY_KINDS["rating"].items(rating, without)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": 1}, "points = 1: a scale has 2 to 11 points"),
        ({"points": 12}, "less than or equal to 11"),
        ({"kind": "agreement", "networks": ["strong"], "points": 4}, "points are for kinds with a scale of one's own"),
        ({"kind": "agreement", "networks": ["strong"], "motives": True}, "agreement does not ask for motives"),
    ],
)
def test_a_scale_or_a_question_that_a_kind_does_not_have_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TaskConfig.model_validate(task("rating").model_dump() | changes)


def test_a_scale_of_one_s_own_has_its_ends_in_words_and_counts_from_1_to_5():
    seven = TaskConfig.model_validate(task("rating").model_dump() | {"points": 7, "motives": True})
    assert [question.name for question in seven.questions] == ["response", "motive"]
    assert seven.questions[0].values == ("1", "2", "3", "4", "5", "6", "7")
    labels = [option_label(seven, words_of(seven, "en"), value, "en") for value in seven.questions[0].values]
    assert labels == ["1 – Definitely not", "2", "3", "4", "5", "6", "7 – Definitely"]
    scores = [STUDY_KINDS["rating"].value(SimpleNamespace(response=value), seven) for value in ("1", "4", "7")]
    assert scores == [1, 3, 5]
    ends = {"en": {"options": ["Never", "Always"]}}
    own = TaskConfig.model_validate(seven.model_dump() | {"words": ends})
    assert option_label(own, words_of(own, "en"), "7", "en") == "7 – Always"
    assert faults_of_own_words(own, ["en"]) == lacking(own, "en") == []
    three = TaskConfig.model_validate(seven.model_dump() | {"words": {"en": {"options": ["a", "b", "c"]}}})
    assert faults_of_own_words(three, ["en"]) == ["words.en.options: 3 texts are given, 7 are needed"]
