"""Is everything ready? In plain words."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.errors import is_of_networks, is_own_error
from commands.options import json_option, print_json, require_same_request, study_option, with_local_stimuli
from definition import Definition
from study.config import StudyConfig, TaskConfig

if TYPE_CHECKING:
    from models.catalogue import LoadedNetwork

OLDEST_SQLITE = (3, 35)

_LEFT_OPEN = re.compile(r"\[[^\]\n]{3,}\](?![(\[:])")
_MADE_WITH = ("photographs", "network", "method")
_ONLY_TO_MAKE = "only the machine that makes the stimuli needs it"


class Doubt(str):
    """Words about what is there and works, but is probably not what the researcher wants."""


@dataclass(frozen=True)
class Checked:
    """A thing that a study needs; `state` is ready, WARNING, NOT READY or not seen."""

    name: str
    state: str
    words: str


@click.command()
@study_option
@json_option
def check(definition: Definition, as_json: bool = False) -> None:
    """Say in plain words whether photographs, networks, stimuli, database and front end are ready.

    Whether stimuli could be made is told without making any: photographs that fit the tasks, networks that go together.

    Example: ./manage.py check --study examples/voc-sample.toml
    """
    found = []
    for thing, look in readiness(definition).items():
        found.append(_checked(thing, look))
        if not as_json:
            _print_checked(found[-1])
    problems = sum(one.state == "NOT READY" for one in found)
    if as_json:
        print_json({"ready": not problems, "checks": [asdict(one) for one in found]})
    if problems:
        raise click.ClickException(f"{problems} of these need attention before {definition.path} can run")


def _checked(thing: str, look: Callable[[], str]) -> Checked:
    try:
        words = look()
        return Checked(thing, "WARNING" if isinstance(words, Doubt) else "ready", words)
    except Exception as error:
        if isinstance(error, ImportError) and is_of_networks(error):
            return Checked(thing, "not seen", f"needs torch, which is not installed here; {_ONLY_TO_MAKE}")
        if not is_own_error(error):
            raise
        if thing.startswith(_MADE_WITH) and find_spec("torch") is None:
            return Checked(thing, "not seen", f"{error}; {_ONLY_TO_MAKE}")
        return Checked(thing, "NOT READY", str(error))


def _print_checked(one: Checked) -> None:
    for line in one.words.splitlines():
        click.echo(f"{one.state:<10} {one.name}: {line}")


def readiness(definition: Definition) -> dict[str, Callable[[], str]]:
    """What a study needs, and for each a function that says in words what is there, or raises."""
    from contracts.stimulus_set import read_provenance, verify
    from models.image_files import read_image
    from models.photographs import notes
    from models.sources import open_split
    from stimuli.produce.networks import NetworkElsewhere, told_predictions, used_networks
    from stimuli.produce.select import at_most_eligible
    from stimuli.produce.tables import PictureTable, read_tables
    from stimuli.tasks.kinds import STIMULI_KINDS
    from study.conduct.lost_pictures import require_pictures
    from study.conduct.opening import require_same_definition, require_texts
    from study.database.db import ready_database
    from study.views.server.frontend import check_packages

    dataset = definition.dataset
    loaded: dict[str, LoadedNetwork] = {}
    methods = [method for task in definition.tasks for method in task.methods]
    networks_shown = {name for task in definition.tasks for name in task.networks}

    @cache
    def tables() -> dict[str, PictureTable]:
        return {table.method: table for table in read_tables(definition.methods, methods, definition.stimuli)}

    made: list[Path] = []

    def photographs() -> str:
        images = open_split(dataset, dataset.split)
        read_image(images[0].path)
        asking = [request for request in definition.requests if request.needs_predictions]
        told = {} if networks_shown & definition.networks.keys() else told_predictions(asking, images, tables())
        fitting = at_most_eligible(definition.requests, images, dataset.categories, tables(), told)
        words = {r.task: STIMULI_KINDS[r.kind].at_most.format(n=fitting[r.task][0]) for r in definition.requests}
        shown = ", ".join(f"{r.task!r} shows {r.images} of {words[r.task]}" for r in definition.requests)
        found = "; ".join(filter(None, (shown, *_left_out(fitting), notes(images))))
        return f"{len(images)} images in split {dataset.split!r} of {dataset.root}; {found}"

    def network(name: str) -> str:
        from models.catalogue import load_network  # not needed where all pictures are made elsewhere
        from models.importing import is_due, not_imported_yet

        config = definition.networks[name]
        due = is_due(config)
        loaded[name] = read = (not_imported_yet if due else load_network)(name, config, dataset.categories)
        precision = read.mean_average_precision
        measured = "mAP not measured" if precision is None else f"mAP {precision:.3f}"
        if due:
            measured = "not imported yet; `./manage.py generate-stimuli` does it"
        named = " with torchvision's names" if read.named_by_torchvision else ""
        return f"{read.architecture}, {len(read.categories)} categories{named}, {measured}"

    def networks_together() -> str:
        from models.errors import NetworkError

        if missing := [name for name in definition.networks if name not in loaded]:
            raise NetworkError(f"{' and '.join(missing)} cannot be loaded; mend this first, as told above")
        used = used_networks(definition.requests, loaded, dataset.categories, tables())
        if any(isinstance(network, NetworkElsewhere) for network in used.values()):
            return f"{' and '.join(used)} are known from the tables of pictures, all of one size; none is loaded"
        return (
            f"{' and '.join(used)} know the study's {len(dataset.categories)} categories and draw pictures of one size"
        )

    def texts() -> str:
        require_texts(definition.study, definition.tasks)
        if unfinished := list(_unfinished(definition.study)):
            return Doubt(f"square brackets mark what is still to be said in {', '.join(unfinished)}")
        if alike := _called_alike(definition, _explained(definition)):
            return Doubt(alike)
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
    described = [name for name in dict.fromkeys(methods) if name in definition.methods]
    return {
        "photographs": photographs,
        **networks,
        **{f"method {name}": partial(method_words, definition, name) for name in described},
        "networks together": networks_together,
        "texts": texts,
        "stimuli": stimuli,
        "pictures": pictures,
        "database": database,
        "front end": front_end,
    }


def _unfinished(study: StudyConfig) -> Iterator[str]:
    """Texts for participants in which a template's square brackets are left; links of Markdown are none."""
    told = {"consent": study.consent, "debriefing": study.debriefing}
    told |= {f"information.{name}": texts for name, texts in study.information if isinstance(texts, dict)}
    for name, texts in told.items():
        yield from (f"{name}.{code}" for code in study.languages if _LEFT_OPEN.search(texts.get(code, "")))


def _explained(definition: Definition) -> dict[str, list[str]]:
    """Task → what its pictures explain, the network's predictions too; empty before they are made."""
    from contracts.stimulus_set import StimulusSetError, read_stimuli
    from stimuli.errors import StorageError

    try:
        made = read_stimuli(Path(with_local_stimuli(definition).stimuli.output))
    except (StimulusSetError, StorageError):  # the row of the stimuli says so
        return {}
    return {task.name: [row.category for row in made if task.name in row.tasks] for task in definition.tasks}


def _called_alike(definition: Definition, explained: Mapping[str, Sequence[str]]) -> str:
    """Categories that people of several languages read as the definition writes them; empty where there are none."""
    found = {
        category: codes
        for task in definition.tasks
        for category in (*definition.dataset.categories, *explained.get(task.name, ()))
        if len(codes := _untranslated(task, category, definition.study.languages)) > 1
    }
    if not found:
        return ""
    category, codes = next(iter(found.items()))
    called = f"{category!r} is" if len(found) == 1 else f"{category!r} and {len(found) - 1} more categories are"
    return (
        f"{called} called the same in {' and '.join(codes)}; name the category in [tasks.words.{codes[-1]}] categories"
    )


def _untranslated(task: TaskConfig, category: str, languages: Sequence[str]) -> list[str]:
    from study.tasks.wording import category_label

    plain = re.sub("[_-]", " ", category)
    own = {code: task.words[code].categories if code in task.words else {} for code in languages}
    return [code for code in languages if category_label(category, code, own[code]) == plain]


def _pay(study: StudyConfig) -> str:
    if (pay := study.pay) is None:
        return ""
    return f"; pay {pay.written('en')}, {pay.per_hour(study.minutes, 'en')} per hour at {study.minutes} minutes"


def method_words(definition: Definition, name: str) -> str:
    """Where the pictures of a method of the definition come from. Raises GenerationError where they cannot be had."""
    from stimuli.produce.method_sources import method_sources
    from stimuli.produce.tables import constant_maps, words

    sources = method_sources(definition.methods, [name], definition.stimuli)
    if name not in sources.tables:
        from stimuli.explain.own import methods_of_study  # which needs torch

        methods_of_study(sources.configs)
        return ", ".join(f"{key} {value}" for key, value in sources.made_by.get(name, {"built_in": name}).items())
    table = sources.tables[name]
    if constant := constant_maps(table):
        return Doubt(
            f"{len(constant)} of the maps in {table.path} are one number throughout and are drawn in plain grey, the"
            f" first is {constant[0].name}; leave their rows out, or make these maps again"
        )
    return f"{len(table.entries)} pictures of {words(table.size)} in {table.path}"


def _left_out(fitting: Mapping[str, tuple[int, Mapping[str, int]]]) -> Iterator[str]:
    """Why photographs do not fit a task, with their numbers."""
    for task, (_, removed) in fitting.items():
        if why := ", ".join(f"{count} without '{condition}'" for condition, count in removed.items() if count):
            yield f"left out of {task!r}: {why}"


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
