"""Is everything ready? In plain words."""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from commands.errors import is_own_error
from commands.options import require_same_request, study_option, with_local_stimuli
from definition import Definition
from study.config import StudyConfig

OLDEST_SQLITE = (3, 35)


class Doubt(str):
    """Words about what is there and works, but is probably not what the researcher wants."""


@click.command()
@study_option
def check(definition: Definition) -> None:
    """Say in plain words whether photographs, networks, stimuli, database and front end are ready.

    Whether stimuli could be made is told without making any: photographs that fit the tasks, networks that go together.

    Example: ./manage.py check --study examples/voc-sample.toml
    """
    problems = 0
    for thing, look in readiness(definition).items():
        try:
            words = look()
            state = "WARNING" if isinstance(words, Doubt) else "ready"
        except Exception as error:
            if not is_own_error(error):
                raise
            state, words = "NOT READY", str(error)
            problems += 1
        for line in words.splitlines():
            click.echo(f"{state:<10} {thing}: {line}")
    if problems:
        raise click.ClickException(f"{problems} of these need attention before {definition.path} can run")


def readiness(definition: Definition) -> dict[str, Callable[[], str]]:
    """What a study needs, and for each a function that says in words what is there, or raises."""
    from contracts.stimulus_set import read_provenance, verify
    from models.catalogue import LoadedNetwork, load_network
    from models.image_files import read_image
    from models.importing import is_due, not_imported_yet
    from models.photographs import notes
    from models.sources import open_split
    from stimuli.produce.generate import used_networks
    from stimuli.produce.select import at_most_eligible
    from stimuli.tasks.kinds import STIMULI_KINDS
    from study.conduct.lost_pictures import require_pictures
    from study.conduct.opening import require_same_definition, require_texts
    from study.database.db import ready_database
    from study.views.server.frontend import check_packages

    dataset = definition.dataset
    loaded: dict[str, LoadedNetwork] = {}
    made: list[Path] = []

    def photographs() -> str:
        images = open_split(dataset, dataset.split)
        read_image(images[0].path)
        fitting = at_most_eligible(definition.requests, images, dataset.categories)
        words = {r.task: STIMULI_KINDS[r.kind].at_most.format(n=fitting[r.task]) for r in definition.requests}
        shown = ", ".join(f"{r.task!r} shows {r.images} of {words[r.task]}" for r in definition.requests)
        found = "; ".join(filter(None, (shown, notes(images))))
        return f"{len(images)} images in split {dataset.split!r} of {dataset.root}; {found}"

    def network(name: str) -> str:
        config = definition.networks[name]
        due = is_due(config)
        loaded[name] = read = (not_imported_yet if due else load_network)(name, config, dataset.categories)
        precision = read.mean_average_precision
        measured = "mAP not measured" if precision is None else f"mAP {precision:.3f}"
        if due:
            measured = "not imported yet; `./manage.py generate-stimuli` does it"
        return f"{read.architecture}, {len(read.categories)} categories, {measured}"

    def networks_together() -> str:
        used = used_networks(definition.requests, loaded, dataset.categories)
        return (
            f"{' and '.join(used)} know the study's {len(dataset.categories)} categories and draw pictures of one size"
        )

    def texts() -> str:
        require_texts(definition.study, definition.tasks)
        return f"complete in {', '.join(definition.study.languages)}{_pay(definition.study)}"

    def stimuli() -> str:
        folder = Path(with_local_stimuli(definition).stimuli.output)
        count = verify(folder)
        require_same_request(definition, read_provenance(folder))
        made.append(folder)
        return f"{count} visualizations in {folder}, every file as it was made"

    def pictures() -> str:
        if not made:
            return "looked at when the stimuli are ready"
        doubts, notes = picture_doubts(made[0])
        if doubts:
            return Doubt("\n".join(doubts))
        return "\n".join(["each method shows something, as far as can be measured", *notes])

    def database() -> str:
        require_sqlite()
        with ready_database() as ready, ready.reading() as session:
            require_same_definition(session, definition.document, definition.sha256)
            require_pictures(session, definition.study.slug)
        return ready.engine.url.render_as_string(hide_password=True)

    def front_end() -> str:
        check_packages()
        return "jsPsych and its plugins are installed"

    networks = {f"network {name}": partial(network, name) for name in definition.networks}
    return {
        "photographs": photographs,
        **networks,
        "networks together": networks_together,
        "texts": texts,
        "stimuli": stimuli,
        "pictures": pictures,
        "database": database,
        "front end": front_end,
    }


def _pay(study: StudyConfig) -> str:
    if (pay := study.pay) is None:
        return ""
    return f"; pay {pay.written('en')}, {pay.per_hour(study.minutes, 'en')} per hour at {study.minutes} minutes"


def picture_doubts(folder: Path) -> tuple[list[str], list[str]]:
    """Sentences: what could not be seen in the pictures of the set in `folder` or would tell nothing; what to know."""
    from contracts.stimulus_set import read_stimuli
    from stimuli.evaluate.appearance import appearances, notes, warnings

    found = appearances(folder, read_stimuli(folder))
    return list(warnings(found)), list(notes(found))


def require_sqlite(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Raise DatabaseNotReadyError when Python's SQLite cannot run the migrations (ALTER TABLE … DROP COLUMN)."""
    from study.database.db import database_url
    from study.database.url import parsed_url
    from study.errors import DatabaseNotReadyError

    if parsed_url(database_url()).get_backend_name() == "sqlite" and version < OLDEST_SQLITE:
        found, needed = (".".join(map(str, v)) for v in (version, OLDEST_SQLITE))
        raise DatabaseNotReadyError(
            f"this Python brings SQLite {found}, {needed} or newer is needed; install a newer Python, or name a"
            " PostgreSQL database in DISCERN_DATABASE_URL"
        )


COMMANDS = (check,)
