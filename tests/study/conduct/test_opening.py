"""Opening a study: frozen once, whole or not at all, refused in words that name the remedy."""

from dataclasses import replace
from pathlib import Path

import pytest

from study.conduct.opening import open_study
from study.database.db import Database
from study.database.schema import AuditEntry, Item, Stimulus, Study
from study.errors import OpeningError
from tests.study.samples import NOW, document, open_sample, seeing, sha256, stimuli, trusting


def test_items_are_all_that_the_tasks_ask_for(any_database: Database, tmp_path: Path) -> None:
    with any_database.writing() as session:
        opened = open_sample(session, tmp_path, document(seeing(images=5, k=3), trusting(images=4, k=7)))
        assert opened.is_new
        assert opened.study.opened_at == NOW
    with any_database.reading() as session:
        items = session.query(Item).all()
        see, trust = ([i for i in items if i.task == name] for name in ("seeing", "trusting"))
        assert (len(see), len(trust)) == (5 * 2 * 4, 4 * 2)
        assert {(i.category, i.foil, i.slot) for i in see} == {("dog", "tvmonitor", 0), ("tvmonitor", "dog", 1)}
        assert all(i.stimulus_a.category == i.category and i.stimulus_b is None for i in see)
        assert {(i.stimulus_a.network, i.stimulus_b.network) for i in trust} == {("strong", "weak")}
        assert {i.ratings_wanted for i in see} == {3}
        assert {i.ratings_wanted for i in trust} == {7}
        assert session.query(AuditEntry).one().action == "study-opened"


def test_opening_the_same_study_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    for is_new in (True, False):
        with database.writing() as session:
            assert open_sample(session, tmp_path).is_new == is_new
    with database.reading() as session:
        assert session.query(Study).count() == 1
        assert session.query(Stimulus).count() == 4 * 2 * 4 + 3 * 2 * 2


def test_a_changed_definition_is_refused_naming_the_sections(database: Database, tmp_path: Path) -> None:
    changed = document(seeing(k=3), trusting())
    changed["participants"]["lease_minutes"] = 5
    with database.writing() as session:
        open_sample(session, tmp_path)
        with pytest.raises(OpeningError, match=r"changed: participants, tasks\..*give the new study another slug"):
            open_sample(session, tmp_path, changed)


def test_other_stimuli_for_the_same_definition_are_refused(database: Database, tmp_path: Path) -> None:
    definition = document()
    rows = stimuli(tmp_path, definition["tasks"])
    others = (replace(rows[0], stimulus_id="0" * 32), *rows[1:])
    with database.writing() as session:
        open_sample(session, tmp_path, definition)
        with pytest.raises(OpeningError, match="open with other stimuli"):
            open_study(session, definition, sha256(definition), others, {}, tmp_path, NOW)


def test_networks_that_predict_different_categories_are_rated_each_with_its_own(database, tmp_path):
    task = seeing(images=3, k=2, kind="rating", methods=["grad-cam"], networks=["strong", "weak"])
    definition = document(task | {"name": "rated"})
    drawn = stimuli(tmp_path, [task | {"name": "rated", "methods": ["grad-cam", "photograph"]}])
    rows = [replace(r, foil="") for r in drawn if (r.category == "dog") == (r.network == "weak")]
    assert {r.category for r in rows if r.image_id == rows[0].image_id} == {"dog", "tvmonitor"}
    with database.writing() as session:
        open_study(session, definition, sha256(definition), tuple(rows), {}, tmp_path, NOW)
        session.commit()
    with database.reading() as session:
        items = session.query(Item).all()
        assert len(items) == 3 * 2
        assert {(i.stimulus_a.network, i.category) for i in items} == {("weak", "dog"), ("strong", "tvmonitor")}
        assert {i.slot for i in items} == {0}, "one cell for each network"


def without_network(rows):
    return tuple(r for r in rows if not (r.network == "weak" and r.image_id == "trusting_001"))


def without_image(rows):
    return tuple(r for r in rows if r.image_id != "seeing_002")


def without_category(rows):
    return tuple(r for r in rows if not (r.image_id == "seeing_002" and r.category == "dog"))


def without_foil(rows):
    return tuple(replace(r, foil="") for r in rows)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without_network, "no guided-backprop of network 'weak' for cat in image trusting_001"),
        (without_image, "task 'seeing' asks for 4 images with 2 categories each, the stimulus set has 3 such images"),
        (without_category, "asks for 4 images with 2 categories each, the stimulus set has 3 such images"),
        (without_foil, "names no foil"),
    ],
)
def test_a_stimulus_set_that_does_not_fit_is_refused_and_nothing_is_stored(database, tmp_path, damage, words):
    definition = document()
    rows = damage(stimuli(tmp_path, definition["tasks"]))
    with database.writing() as session, pytest.raises(OpeningError, match=words) as error:
        open_study(session, definition, sha256(definition), rows, {}, tmp_path, NOW)
    assert "generate-stimuli" in str(error.value)
    with database.reading() as session:
        assert session.query(Study).count() == session.query(Stimulus).count() == 0


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot read stimulus"), (b"x", "not the file that was generated")]
)
def test_a_missing_or_altered_image_is_named(database, tmp_path, content, words):
    definition = document()
    rows = stimuli(tmp_path, definition["tasks"])
    path = tmp_path / rows[7].file
    path.unlink()
    if content:
        path.write_bytes(content)
    with database.writing() as session, pytest.raises(OpeningError, match=words) as error:
        open_study(session, definition, sha256(definition), rows, {}, tmp_path, NOW)
    assert str(path) in str(error.value)
