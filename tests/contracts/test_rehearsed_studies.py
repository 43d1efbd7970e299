"""Each published study goes its whole way: written, opened, taken by simulated people, exported and analysed.

Its pictures are single colours, so this needs neither networks nor scenes.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from analysis.reading.load import load
from analysis.results import compute
from commands.new_study import published_studies
from commands.simulate import simulated_people
from contracts.stimulus_set import TABLE, Stimulus, image_file, table_of
from contracts.tasks import KINDS
from definition import Definition, load_definition
from study import close_app, create_app
from study.conduct.opening import open_study
from study.conduct.stand_ins import stand_ins
from study.database.db import Database, connect
from study.export.files import export_study
from study.rehearsal.simulated import run_participant
from tests.browser.studies import empty_database
from tests.contracts.test_published_studies import invoke
from tests.study.samples import NOW, SECRET, png

pytestmark = pytest.mark.slow


def pictures(definition: Definition) -> tuple[Stimulus, ...]:
    """A stimulus set of one colour each, written where the definition keeps it.

    Where each network explains what it predicts, they predict different categories.
    """
    folder = Path(definition.stimuli.output)
    rows = []
    for shade, row in enumerate(stand_ins(definition.tasks, definition.dataset.categories)):
        content = png(shade)
        digest = hashlib.sha256(content).hexdigest()
        (folder / image_file(digest)).parent.mkdir(parents=True, exist_ok=True)
        (folder / image_file(digest)).write_bytes(content)
        rows.append(replace(row, file=image_file(digest), sha256=digest, width=2, height=2))
    rows = [of_its_network(definition, row) for row in rows]
    (folder / TABLE).write_bytes(table_of(rows))
    return tuple(sorted(rows, key=lambda row: row.stimulus_id))


def of_its_network(definition: Definition, row: Stimulus) -> Stimulus:
    (task,) = (task for task in definition.tasks if task.name in row.tasks)
    if not KINDS[task.kind].own_predictions:
        return row
    names = definition.dataset.categories
    return replace(row, category=names[(names.index(row.category) + task.networks.index(row.network)) % len(names)])


@contextmanager
def served(database: Database, url: str) -> Iterator[str]:
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        close_app(app)
        database.engine.dispose()


@pytest.mark.parametrize("name", published_studies())
def test_a_published_study_can_be_opened_taken_exported_and_analysed(name, tmp_path):
    invoke("new-study", str(tmp_path / "made"), "--from", name, "--slug", name)
    definition = load_definition(tmp_path / "made" / "study.toml")
    url = f"sqlite:///{tmp_path / 'study.db'}"
    (tmp_path / "study.db").write_bytes(empty_database())
    database = connect(url)
    rows, folder = pictures(definition), Path(definition.stimuli.output)
    with database.writing() as session:
        open_study(session, definition.document, definition.sha256, rows, {"recipe": "stand-in"}, folder, NOW)
        session.commit()
    people = max(2, len(definition.conditions))
    with served(database, url) as address:
        for choose, rng in simulated_people(definition, people, seed=1):
            run_participant(address, name, choose, rng)
    with database.snapshot() as session:
        export = load(export_study(session, name, tmp_path / "export"))
    assert len(export.participants) == people
    (results,) = compute(export)
    assert results.participants == people
    assert all(task.responses for task in results.tasks)
    beside = results.tables["original"]
    assert len(beside) == len(definition.original.cells)
    assert beside["value"].notna().any()
    answers, asked = results.tables["original-answers"], [a for a in definition.original.answers if a.questionnaire]
    assert len(answers) == len(definition.original.answers)
    assert answers["value"].notna().sum() == len(asked), "each question that is asked has answers"
