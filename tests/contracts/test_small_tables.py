"""Small tables and texts between packages: metric columns, foils, cues, sentences, tiles, numbers of a paper."""

import hashlib
import json

import pytest

from contracts import scales
from contracts.conditions import ConditionConfig, by_condition
from contracts.cues import Swapped, fault_of, measured
from contracts.foil_text import LONGEST_FOIL
from contracts.foils import foil_table
from contracts.label_choice import LabelChoice, is_choice
from contracts.methods import NO_EXPLANATION, PHOTOGRAPH, method_name
from contracts.metrics import (
    FACTS,
    METRICS,
    MetricColumn,
    MetricsError,
    StimulusMetrics,
    metrics_files,
    read_metrics,
)
from contracts.original import OriginalConfig, PublishedCell, unknown_questions, unknown_tasks
from contracts.sentences import LONGEST, is_pair, names_in, sides, written
from contracts.stimulus_set import TABLE
from contracts.tasks import KINDS, first_is_left
from contracts.tiles import Tiled, columns_of

HEAD = "network,cue,changed,scenes\n"
COLUMNS = (MetricColumn("energy", "Energie für alle", "share", chance=0.5), MetricColumn("own", "My own", "px", ""))
VALUES = {"b": {"energy": 1, "own": None}, "a": {"energy": 0.1}}


def refused(function, *given):
    with pytest.raises(ValueError, match=r".") as found:
        function(*given)
    return str(found.value)


@pytest.fixture
def folder(tmp_path):
    """With the metrics of a set whose table is b"table"."""
    (tmp_path / TABLE).write_bytes(b"table")
    for name, content in metrics_files(b"table", COLUMNS, VALUES, {"seconds": 3}).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_metric_columns_are_written_sorted_and_exact(folder):
    assert (folder / METRICS).read_bytes() == b"stimulus_id,energy,own\na,0.1,\nb,1.0,\n"
    text = (folder / FACTS).read_text(encoding="utf-8")
    assert text.startswith('{\n "stimuli_sha256": ')
    assert text.endswith("}\n")
    assert "Energie für alle" in text
    facts = json.loads(text)
    assert list(facts) == ["stimuli_sha256", "columns", "seconds"]
    assert (facts["stimuli_sha256"], facts["seconds"]) == (hashlib.sha256(b"table").hexdigest(), 3)
    label = {"label": "Energie für alle", "unit": "share", "better": "higher", "chance": 0.5}
    assert facts["columns"][0] == {"name": "energy"} | label


def test_metric_columns_are_read_as_they_were_written(folder):
    values = {"a": {"energy": 0.1, "own": None}, "b": {"energy": 1.0, "own": None}}
    assert read_metrics(folder) == StimulusMetrics(COLUMNS, values)


@pytest.mark.parametrize("name", [METRICS, FACTS, TABLE])
def test_without_one_of_the_three_files_there_are_no_metrics(name, folder):
    (folder / name).unlink()
    assert read_metrics(folder) is None


def test_metrics_of_another_set_are_not_read(folder):
    (folder / TABLE).write_bytes(b"another")
    assert read_metrics(folder) is None


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        (FACTS, "{", "Expecting property name"),
        (FACTS, "{}", "'stimuli_sha256'"),
        (METRICS, "stimulus_id,energy,own\na,inf,\n", "inf is no finite number"),
        (METRICS, "stimulus_id,energy,own\na,many,\n", "could not convert string to float: 'many'"),
        (METRICS, "stimulus_id,energy\na,1\n", "'own'"),
        (METRICS, 'stimulus_id,energy,own\n"a"b,1,\n', "',' expected after '\"'"),
    ],
)
def test_damaged_metrics_are_refused_with_their_place_and_a_remedy(name, content, fault, folder):
    (folder / name).write_text(content)
    with pytest.raises(MetricsError) as found:
        read_metrics(folder)
    assert str(found.value).startswith(f"{folder / METRICS} or {FACTS} cannot be read ({fault}")
    assert str(found.value).endswith("); run `./manage.py evaluate` again")


def test_a_table_of_foils_is_read_without_blanks():
    assert foil_table("image,more,foil\n a , x , cat \nb,y,dog\n") == {"a": "cat", "b": "dog"}
    assert foil_table("image,foil\n") == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the columns image and foil are expected; found: none"),
        ("image,wrong\na,b\n", "the columns image and foil are expected; found: image, wrong"),
        ("image,foil\na\n", "the table cannot be read ('NoneType' object has no attribute 'strip')"),
        ('image,foil\n"a"b,c\n', "the table cannot be read (',' expected after '\"')"),
        ("image,foil\na,b\na ,c\nd,e\na,b\n", "2 images occur more than once; write each once"),
    ],
)
def test_what_is_no_table_of_foils_is_said(text, fault):
    assert refused(foil_table, text) == fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "",
            "the columns network, cue, changed, scenes are expected, and changed, cue, network, scenes is missing;"
            " write them as `./manage.py bias --make-study` does",
        ),
        (
            HEAD + "a,companion,1.5,40\n",
            "the table cannot be read (invalid literal for int() with base 10: '1.5'); changed and scenes are whole"
            " numbers",
        ),
        (
            HEAD + '"a"b,companion,1,40\n',
            "the table cannot be read (',' expected after '\"'); changed and scenes are whole numbers",
        ),
        (
            HEAD + "a,companion,1,40\nb,background,-1,40\nc,tag,1,40\n",
            "network b: cue is companion or background, and changed is from 0 to scenes, which is at least 1; given are"
            " 'background', -1 and 40",
        ),
        (HEAD + "a,companion,1,40\na,companion,1,40\n", "a network occurs more than once; write each once"),
    ],
)
def test_what_is_no_table_of_cues_is_said(text, fault):
    assert refused(measured, text) == fault


def test_a_table_of_cues_is_read():
    rows = measured(HEAD + "a,companion,0,1\nb,background,40,40\n")
    assert rows == {"a": Swapped("a", "companion", 0, 1), "b": Swapped("b", "background", 40, 40)}


def test_why_the_truth_of_networks_is_not_known_is_said():
    table = measured(HEAD + "clean,companion,2,50\nhalf,companion,12,50\nlow,companion,13,50\nstrong,companion,40,50\n")
    assert fault_of(["x", "clean", "y"], table) == (
        "no row for network x, y; there are clean, half, low, strong. Measure them, or leave them out"
    )
    assert fault_of(["x"], {}) == "no row for network x; there are none. Measure them, or leave them out"
    assert fault_of(["clean", "half", "low"], table) == (
        "decisions changed of half 12 of 50 (24%, 14% to 37%); low 13 of 50 (26%, 16% to 40%), so it is not known"
        " whether 25% of its decisions depend on the cue; test more scenes, or leave the network out"
    )
    both = "name networks of both sorts, for hits need the one and false alarms the other"
    assert fault_of(["strong"], table) == f"1 of 1 networks rely on the cue and 0 on the object; {both}"
    assert fault_of(["clean"], table) == f"0 of 1 networks rely on the cue and 1 on the object; {both}"
    assert fault_of(["strong", "clean"], table) == ""


def test_sentences_are_written_read_and_told_apart():
    assert written(["sky", "sea"], ["wall"]) == "sky, sea / wall"
    assert sides("sky, sea / wall") == (["sky", "sea"], ["wall"])
    assert written([], ["wall"]) == written(["sky"], []) == written(["a, b"], ["c"]) == written(["a"], ["b|c"]) == ""
    assert written(["a;b"], ["c"]) == written(["a"], ["b / c"]) == ""
    assert len(written(["a" * (LONGEST - 4)], ["b"])) == LONGEST
    assert written(["a" * (LONGEST - 3)], ["b"]) == ""
    assert names_in(["a, b / c|c / d", "a / e|b / f"]) == set("abcdef")


@pytest.mark.parametrize(
    ("foil", "is_one"),
    [
        ("a / b|b / a", True),
        ("a, c / b|b / a", True),
        ("a / b|a / b", False),
        ("a / b", False),
        ("a / b|b / a|c / d", False),
        ("a|b / a", False),
        ("a / |b / a", False),
        ("a, / b|b / a, ", False),
        ("a / b|b /  / a", False),
        ("", False),
    ],
)
def test_a_pair_of_sentences_has_two_that_differ(foil, is_one):
    assert is_pair(foil) is is_one


def test_tiles_are_read_as_they_were_written():
    tiled = Tiled.of("bee", "ant", ["dog", "bee", "cat", "ant"])
    assert tiled == Tiled("bee", "ant", ("ant", "bee", "cat", "dog"))
    assert (str(tiled), tiled.is_right, tiled.place("dog")) == ("2|1|ant|bee|cat|dog", False, "4")
    assert Tiled.read(str(tiled)) == Tiled.found(str(tiled)) == tiled
    assert Tiled.read("3|3|ant|bee|cat|dog").is_right
    assert [columns_of(tiles) for tiles in (0, 1, 4, 9)] == [1, 1, 2, 3]


@pytest.mark.parametrize("foil", ["", "dog", "1|1|a|b|c", "1|1|a|b|c|d|e", "1|1|a|a|b|c", "5|1|a|b|c|d", "1|0|a|b|c|d"])
def test_what_is_no_foil_of_tiles_is_said(foil):
    assert Tiled.found(foil) is None
    fault = refused(Tiled.read, foil)
    assert fault in (
        f"{foil!r} does not say what 4 tiles explain: predicted|correct|names",
        "tuple.index(x): x not in tuple",
        "not enough values to unpack (expected at least 2, got 1)",
    )


def test_cells_of_tasks_that_a_study_lacks_are_named_by_their_number():
    def cell(task, label):
        return {"task": task, "table": "accuracy", "row": {}, "label": label, "value": 0.5}

    cells = [cell("seeing", "one"), cell("other", "two"), cell("third", "three")]
    original = OriginalConfig.model_validate({"name": "A", "source": "B", "cells": cells})
    assert unknown_tasks(original, ["seeing", "third"]) == [
        "original: cell 2 (two): task: no task 'other'; there are seeing, third"
    ]


def test_answers_to_questions_that_a_study_does_not_ask_are_named_by_their_number():
    def answer(questionnaire, item, label):
        return {"questionnaire": questionnaire, "item": item, "label": label, "value": 3}

    given = [
        answer("after", "easy", "one"),
        answer("after", "sure", "two"),
        answer("", "", "three"),
        answer("b", "c", "4"),
    ]
    original = OriginalConfig.model_validate({"name": "A", "source": "B", "answers": given})
    told = "original: answer {}: item: no question {} with numbers in questionnaire {}; there are {}"
    assert unknown_questions(original, {"after": ("easy", "useful"), "before": ("age",)}) == [
        told.format("2 (two)", "'sure'", "'after'", "after: easy, after: useful, before: age"),
        told.format("4 (4)", "'c'", "'b'", "after: easy, after: useful, before: age"),
    ]
    assert unknown_questions(original, {"after": ("easy", "sure"), "b": ()}) == [
        told.format("4 (4)", "'c'", "'b'", "after: easy, after: sure")
    ]
    assert [fault.rpartition("; ")[2] for fault in unknown_questions(original, {})] == ["there are none"] * 3


def test_a_published_spread_is_over_a_number_of_people():
    cell = {"task": "t", "table": "accuracy", "row": {}, "label": "one", "value": 0.5}
    assert PublishedCell.model_validate(cell | {"sd": 0.0, "people": 2}).people == 2
    assert PublishedCell.model_validate(cell).sd is None
    with pytest.raises(ValueError, match=r"Value error, sd is over people; say also how many people \["):
        PublishedCell.model_validate(cell | {"sd": 0.0})


LABELS = ("ant", "bee", "cat", "elk")


def test_a_choice_between_labels_is_read_as_it_was_written():
    choice = LabelChoice("dog", LABELS)
    assert str(choice) == "dog|ant|bee|cat|elk"
    assert LabelChoice.read(str(choice)) == LabelChoice.found(str(choice), "cow") == choice
    assert choice.options("cow") == ("ant", "bee", "cat", "cow", "elk")
    assert LabelChoice.found(str(choice), "dog") is LabelChoice.found(str(choice), "bee") is None, "one is right alone"
    longest = LabelChoice("d", (*LABELS[:3], "e" * (LONGEST_FOIL - len("d|ant|bee|cat|"))))
    assert LabelChoice.read(str(longest)) == longest


@pytest.mark.parametrize(
    "foil",
    ["", "dog", "dog|ant|bee|cat", "dog|ant|bee|cat|elk|fox", "|ant|bee|cat|elk", "ant|ant|bee|cat|elk",
     "dog|ant|ant|bee|cat", "dog||ant|bee|cat", "dog|a;t|bee|cat|elk", "dog|ant|bee|cat|" + "e" * (LONGEST_FOIL - 15)],
)  # fmt: skip
def test_what_is_no_choice_between_labels_is_said(foil):
    assert LabelChoice.found(foil, "cow") is None
    assert refused(LabelChoice.read, foil) == (
        f"{foil!r} does not have what the photograph shows and 4 other labels: shown|label|label|…"
    )


@pytest.mark.parametrize("spoiled", [("", *LABELS[1:]), ("a|t", *LABELS[1:]), ("a;t", *LABELS[1:]), LABELS[1:], ()])
def test_labels_that_cannot_be_stored_or_told_apart_are_no_choice(spoiled):
    assert is_choice(LABELS)
    assert not is_choice(spoiled)
    assert not is_choice((*LABELS[:3], "cat"))
    assert is_choice((*LABELS[:3], "e" * (LONGEST_FOIL - len("ant|bee|cat|"))))
    assert not is_choice((*LABELS[:3], "e" * (LONGEST_FOIL + 1 - len("ant|bee|cat|"))))


def test_a_task_is_told_as_each_condition_that_does_it_has_it():
    first = ConditionConfig(name="a", tasks=("t",), methods={"t": ("x",)}, wording={"other": "plain"})
    second = ConditionConfig(name="b", networks={"t": ("n",)})
    other = ConditionConfig(name="c", tasks=("other",))
    task = {"name": "t", "methods": ("x", "y")}
    assert by_condition([first, second, other], task) == [
        {"name": "t", "methods": ("x",)},
        {"name": "t", "methods": ("x", "y"), "networks": ("n",)},
    ]
    assert by_condition([], task) == by_condition([other], task) == [task]
    assert first.named == (("tasks", "t"), ("methods", "t"), ("wording", "other"))


def test_facts_of_kinds_follow_from_foils_and_places():
    assert [method_name(method) for method in (PHOTOGRAPH, "my-own")] == [NO_EXPLANATION, "my-own"]
    assert scales._numbered(3) == ("item-1", "item-2", "item-3")
    assert (first_is_left("a", "b", ["a", "b"]), first_is_left("b", "a", ["a", "b"])) == (True, False)
    rating, reliance, tiled = KINDS["rating"], KINDS["reliance"], KINDS["distinction"]
    assert rating.values_of(3) == ("1", "2", "3")
    assert rating.values_of(0) == rating.questions[0].values
    assert rating.both_options("dog", "cat") == ("dog", "cat")
    assert reliance.both_options("dog", "cat|dog") == ("cat", "dog")
    labels, foil = KINDS["guess-label"], "dog|ant|bee|cat|elk"
    assert labels.options_of("cow", foil) == ("ant", "bee", "cat", "cow", "elk")
    assert labels.options_of("dog", foil) == labels.options_of("cow", "dog") == ()
    assert tiled.told("ant", "2|3|ant|bee|cat|dog") == "cat"
    assert rating.told("ant", "x") == "ant"
    assert KINDS["class-discrimination"].explained("runner-up") == 1
    assert KINDS["class-discrimination"].explained("annotated") == 2
