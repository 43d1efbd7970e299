#!/usr/bin/env python3
"""Discern's commands. Each parses its options, calls one function of one room and prints the outcome.

Rooms are imported inside the commands: `manage.py --help` and the survey server must not wait for torch.
"""

import dataclasses
import os
import secrets
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from definition import Definition, DefinitionError, load_definition
from progress import progress
from study.commands import COMMANDS as SURVEY_COMMANDS
from study.conduct_commands import COMMANDS as CONDUCT_COMMANDS
from study.recruitment_commands import COMMANDS as RECRUITMENT_COMMANDS

if TYPE_CHECKING:
    from study.db import Database

HERE = Path(__file__).resolve().parent
DEMO = HERE / "examples" / "demo.toml"
ROOMS = {"models", "stimuli", "study", "analysis", "definition"}


class Commands(click.Group):
    """Turns an error that a room raised on purpose into its message and exit status 1; others keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if is_room_error(error):
                raise click.ClickException(str(error)) from error
            raise


def is_room_error(error: Exception) -> bool:
    """Whether a room raised it on purpose: its class is one of ours."""
    return type(error).__module__.split(".")[0] in ROOMS


def study_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--study FILE`, handed to the command as a loaded Definition."""
    return click.option(
        "--study",
        "definition",
        default=DEMO,
        show_default="examples/demo.toml",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=lambda _ctx, _param, path: load_definition(path),
        help="The study definition.",
    )(command)


def now() -> datetime:
    return datetime.now(UTC)


def prepare_environment() -> None:
    """One machine's random secret under var/, unless the environment names one."""
    folder = HERE / "var"
    if "DISCERN_SECRET_KEY" not in os.environ:
        folder.mkdir(exist_ok=True)
        secret = folder / "secret-key"
        if not secret.exists():
            descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
        os.environ["DISCERN_SECRET_KEY"] = secret.read_text()


def relative(path: Path) -> Path:
    """The path as it is written from the repository's folder, where it lies in it: no machine's folders in records."""
    path = path.resolve()
    return path.relative_to(HERE) if path.is_relative_to(HERE) else Path(path.name)


def ready_database() -> "Database":
    """The database, once its tables are known to be of the present version."""
    from study.db import connect, database_url, require_ready

    database = connect(database_url())
    require_ready(database)
    return database


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Discern: can people tell from a network's explanations what it saw, and which network to trust?

    \b
    The order of a study:
      make-scenes or your own VOC photographs → train → generate-stimuli → db upgrade
      → open-study → serve (people take part, or simulate) → export → analyze
    """
    prepare_environment()


@cli.command("make-scenes")
@study_option
@click.option("--train-images", default=1500, show_default=True)
@click.option("--val-images", default=400, show_default=True)
@click.option("--seed", default=1, show_default=True)
def make_scenes_command(definition: Definition, train_images: int, val_images: int, seed: int) -> None:
    """Draw scenes in VOC layout into the definition's [dataset] root.

    Example: manage.py make-scenes --study examples/demo.toml
    """
    from models.scenes import make_scenes

    dataset = definition.dataset
    counts = {dataset.train_split: train_images, dataset.split: val_images}
    emoji = HERE / "node_modules" / "emoji-datasource-google"
    with progress("Drawing scenes") as report:
        make_scenes(dataset.root, emoji, dataset.categories, counts, seed, report)
    click.echo(f"Scenes: {dataset.root} (train {train_images}, val {val_images}, seed {seed})")


@cli.command()
@study_option
@click.option("--network", "names", multiple=True, help="Only this network; may be given several times.")
def train(definition: Definition, names: tuple[str, ...]) -> None:
    """Fine-tune the definition's networks and write their checkpoints.

    Example: manage.py train --study examples/voc-sample.toml --network strong
    """
    from models.train import train as train_network

    if unknown := set(names) - set(definition.networks):
        raise click.BadParameter(f"no network {', '.join(sorted(unknown))}; there are {', '.join(definition.networks)}")
    for name in names or definition.networks:
        with progress(f"Training {name}") as report:
            command = f"manage.py train --study {relative(definition.path)} --network {name}"
            result = train_network(name, definition.networks[name], definition.dataset, report, command)
        click.echo(f"{name}: mAP {result.mean_average_precision:.3f} → {definition.networks[name].checkpoint}")


@cli.command("generate-stimuli")
@study_option
@click.option(
    "--launcher",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="This machine, or the Ray cluster that RAY_ADDRESS names.",
)
def generate_stimuli(definition: Definition, launcher: str) -> None:
    """Make the visualizations that the definition's tasks ask for. Stopped and started again, it goes on.

    Example: manage.py generate-stimuli --study examples/voc-sample.toml
    """
    from models.catalogue import load_network
    from models.voc import open_split
    from stimuli.generate import generate
    from stimuli.launchers.launcher import launch_on

    used = sorted({name for task in definition.tasks for name in task.networks})
    networks = {name: load_network(name, definition.networks[name], definition.dataset.categories) for name in used}
    with progress("Making stimuli") as report:
        folder = generate(
            definition.stimuli,
            definition.requests,
            open_split(definition.dataset, definition.dataset.split),
            networks,
            definition.dataset.categories,
            definition.request_sha256,
            report,
            launch_on(launcher),
        )
    click.echo(f"Stimulus set: {folder}")


@cli.group()
def db() -> None:
    """The database of studies, participants and responses."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Create the database or bring it to the present schema.

    SQLite under var/, or the database named by DISCERN_DATABASE_URL (postgresql+psycopg://host/name).

    Example: manage.py db upgrade
    """
    from study.db import database_url, upgrade

    upgrade(database_url())
    click.echo("The database is up to date.")


@cli.command()
@study_option
@click.option("--images", "count", default=4, show_default=True, help="Photographs of the split, the first ones.")
@click.option("--seed", default=0, show_default=True, help="Of the random weights.")
@click.option("--out", default=Path("sanity.csv"), show_default=True, type=click.Path(path_type=Path))
def sanity(definition: Definition, count: int, seed: int, out: Path) -> None:
    """How much each method depends on the weights: layer after layer is made random, the maps are compared.

    Example: manage.py sanity --study examples/demo.toml --images 4 --out sanity.csv
    """
    import torch

    from models.catalogue import load_network, preprocess
    from models.voc import open_split, read_image
    from stimuli.evaluate.sanity import cascading_randomisation, summary, write_rows

    photographs = [read_image(image.path) for image in open_split(definition.dataset, definition.dataset.split)[:count]]
    methods = sorted({method for task in definition.tasks for method in task.methods})
    rows = []
    for name in sorted({name for task in definition.tasks for name in task.networks}):
        network = load_network(name, definition.networks[name], definition.dataset.categories)
        images = torch.stack([preprocess(photograph, network.transform) for photograph in photographs])
        targets = [[top] for top in network.module(images).argmax(1).tolist()]
        with progress(f"Randomising {name}") as report:
            rows += cascading_randomisation(
                name, network.module, images, targets, methods, network.target_layer, seed, report
            )
    write_rows(rows, out)
    click.echo("\n".join(summary(rows)))
    click.echo(f"Every step: {out}")


@cli.command()
@study_option
@click.option(
    "--observers",
    multiple=True,
    type=click.Choice(["machine:classifier", "machine:box-energy", "synthetic"]),
    help="May be given several times; without it all of them.",
)
@click.option("--runs", default=16, show_default=True, help="How often each takes a participant's share of the trials.")
@click.option("--training-images", default=400, show_default=True, help="For the classifier; none that is shown.")
@click.option("--seed", default=1, show_default=True)
@click.option("--out", default=Path("observed"), show_default=True, type=click.Path(path_type=Path))
def observe(
    definition: Definition, observers: tuple[str, ...], runs: int, training_images: int, seed: int, out: Path
) -> None:
    """Let machine observers take the study's own trials, apart from people; writes an export for `analyze`.

    What they are: docs/reference/machine-observers.md. The stimuli must have been made.

    Example: manage.py observe --study examples/demo.toml --out observed
    """
    from observing import OBSERVERS
    from observing import observe as let_observe
    from stimuli.manifest import read_provenance

    definition = with_local_stimuli(definition)
    require_same_request(definition, read_provenance(definition.stimuli.output))
    folder = let_observe(definition, observers or OBSERVERS, runs, training_images, seed, out, progress)
    click.echo(f"Export: {folder} (manage.py analyze {folder})")


@cli.command("open-study")
@study_option
def open_study_command(definition: Definition) -> None:
    """Freeze the definition, take in its stimuli and let participants in.

    Example: manage.py open-study --study examples/demo.toml
    """
    from stimuli.manifest import read_provenance, read_stimuli
    from study.importing import open_study

    definition = with_local_stimuli(definition)
    folder = definition.stimuli.output
    stimuli, provenance = read_stimuli(folder), read_provenance(folder)
    require_same_request(definition, provenance)
    with ready_database().writing() as session:
        opened = open_study(session, definition.document, definition.sha256, stimuli, provenance, folder, now())
        session.commit()
    state = "is open" if opened.is_new else "was open already, with this very definition"
    click.echo(f"Study {definition.study.slug!r} {state}: /s/{definition.study.slug}")


def with_local_stimuli(definition: Definition) -> Definition:
    """The definition with its finished stimulus set on this machine: fetched into var/ where `output` is a URL."""
    from stimuli.publishing import local_copy

    folder = local_copy(definition.stimuli.output, HERE / "var" / definition.study.slug / "stimuli")
    return dataclasses.replace(definition, stimuli=definition.stimuli.model_copy(update={"output": folder}))


def require_same_request(definition: Definition, provenance: dict[str, Any]) -> None:
    """Raise DefinitionError when the stimulus set was made for another dataset, network, recipe or task."""
    if provenance["request_sha256"] != definition.request_sha256:
        raise DefinitionError(
            f"the stimuli in {definition.stimuli.output} were made for other settings than {definition.path} has;"
            " run `manage.py generate-stimuli`"
        )


@cli.command("add-researcher")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["owner", "analyst", "viewer"]),
    default="owner",
    show_default=True,
    help="Owners do everything, analysts export, viewers look.",
)
def add_researcher(name: str, role: str) -> None:
    """Give a researcher an account; prints the password, which is stored nowhere but as a hash.

    Example: manage.py add-researcher ada --role analyst
    """
    from study.admins import create_admin

    password = secrets.token_urlsafe(12)
    with ready_database().writing() as session:
        create_admin(session, name, password, now(), role)
        session.commit()
    click.echo(f"Researcher {name!r} ({role}), password {password}\nIt is shown this once.")


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes; two a core at most.")
@click.option("--threads", default=8, show_default=True, help="Threads in each process.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve all open studies, at /s/<slug>, and the researchers' pages, at /researcher.

    Example: manage.py serve --port 8080
    """
    from study.serve import serve as run_server

    ready_database()
    click.echo(f"Serving on http://{host}:{port} (stop with Ctrl-C)")
    run_server(host, port, workers, threads)


@cli.command()
@study_option
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Where the study is served.")
@click.option("--participants", default=72, show_default=True)
@click.option("--seed", default=1, show_default=True)
def simulate(definition: Definition, url: str, participants: int, seed: int) -> None:
    """Let simulated participants take the study over HTTP, marked as simulated wherever their answers go.

    They know the truth from the stimulus set and err as docs/explanation/statistics.md states.

    Example: manage.py simulate --url http://127.0.0.1:8000 --participants 72 --seed 1
    """
    from study.simulated import run_participant

    with progress("Simulated participants") as report:
        for i, (choose, rng) in enumerate(simulated_people(definition, participants, seed)):
            report(i, participants)
            run_participant(url, definition.study.slug, choose, rng)
        report(participants, participants)
    click.echo(f"{participants} simulated participants finished.")


def simulated_people(definition: Definition, count: int, seed: int) -> Iterator[tuple[Callable[..., Any], Any]]:
    """(how one simulated person answers a trial, their random numbers), for `count` people."""
    import hashlib

    import numpy as np

    from analysis.simulation import Psychometrics, answer_discrimination, answer_trust, draw_participant
    from stimuli.manifest import read_stimuli

    shown = defaultdict(list)
    for stimulus in read_stimuli(with_local_stimuli(definition).stimuli.output):
        shown[stimulus.sha256].append(stimulus)
    first_network = {task.name: task.networks[0] for task in definition.tasks}
    for stream in np.random.SeedSequence(seed).spawn(count):
        rng = np.random.default_rng(stream)
        person = draw_participant(rng, Psychometrics(seed=seed))

        def choose(trial: dict[str, Any], images: list[bytes], rng: Any, person: Any = person) -> tuple[str, float]:
            # Different stimuli may look the same (an empty map; deconvolution through a network without max-pools):
            # then any of those that fit the question, as nobody could tell them apart.
            options = {option["value"] for option in trial["options"]}
            alike = shown[hashlib.sha256(images[0]).hexdigest()]
            is_trust = trial["kind"] == "trust"
            fitting = [s for s in alike if trial["task"] in s.tasks and (is_trust or {s.category, s.foil} == options)]
            left = fitting[rng.integers(len(fitting))]
            if not is_trust:
                return answer_discrimination(person, left.image_id, left.method, left.category, left.foil, rng)
            score, rt = answer_trust(person, left.image_id, left.method, rng)
            return str(score if left.network == first_network[trial["task"]] else -score), rt

        yield choose, rng


@cli.command()
@study_option
@click.option("--out", default=Path("export"), show_default=True, type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in place of an earlier export in that folder.")
def export(definition: Definition, out: Path, replace: bool) -> None:
    """Write the study's data as a Psych-DS folder. May run while people take part.

    Example: manage.py export --study examples/demo.toml --out export
    """
    from study.export import export_study
    from study.export_proof import hashes, record

    database, slug = ready_database(), definition.study.slug
    with database.snapshot() as session:
        folder = export_study(session, slug, out, replace)
    with database.writing() as session:
        record(session, "manage.py", slug, hashes(folder), now())
        session.commit()
    click.echo(f"Export: {folder}")


@cli.command()
@click.argument("source", metavar="EXPORT", type=click.Path(path_type=Path))
@click.option("--out", default=Path("report"), show_default=True, type=click.Path(path_type=Path))
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "ko"]), help="Of the report.")
def analyze(source: Path, out: Path, language: str = "en") -> None:
    """Turn an export (folder or zip) into a report: report.html, results.json, figures and tables.

    Example: manage.py analyze export --out report --language ko
    """
    from analysis.report import analyze as write_report
    from analysis.report import in_language

    with progress("Analysing") as report:
        page = write_report(source, out, report, in_language(language))
    click.echo(f"Report: {page}")


@cli.command()
@study_option
@click.option("--task", "name", help="The task to plan; without it the first one.")
@click.option(
    "--images", multiple=True, type=click.IntRange(1), help="May be given several times, as may the next two."
)
@click.option("--ratings", multiple=True, type=click.IntRange(1), help="Ratings of an item.")
@click.option("--participants", multiple=True, type=click.IntRange(2))
@click.option("--draws", default=200, show_default=True, help="Simulated studies at each point of the grid.")
@click.option("--seed", default=1, show_default=True)
@click.option("--out", default=Path("power"), show_default=True, type=click.Path(path_type=Path))
def power(
    definition: Definition,
    name: str | None,
    images: tuple[int, ...],
    ratings: tuple[int, ...],
    participants: tuple[int, ...],
    draws: int,
    seed: int,
    out: Path,
) -> None:
    """How many images, ratings and people a task needs: its design simulated and analysed over a grid.

    Without numbers the grid lies around those of the definition.

    Example: manage.py power --study examples/demo.toml --images 18 --images 36 --ratings 9 --participants 72
    """
    from analysis.power import Plan, advice, write_power
    from analysis.power import power as simulate_power
    from analysis.simulated_study import TaskDesign

    tasks = {task.name: task for task in definition.tasks}
    if name and name not in tasks:
        raise click.BadParameter(f"no task {name!r}; there are {', '.join(tasks)}")
    task = tasks[name] if name else definition.tasks[0]
    design = TaskDesign(task.name, task.kind, task.methods, task.images, task.ratings_per_item, task.networks)
    seats = len(design.cells) * design.ratings
    people = max(seats, -(-task.images * seats // task.trials_per_participant))
    with progress("Simulating studies") as report:
        table = simulate_power(
            Plan(design, definition.analysis),
            images or sorted({max(2, round(task.images * factor)) for factor in (0.5, 1, 1.5, 2)}),
            ratings or sorted({max(1, design.ratings // 2), design.ratings}),
            participants or (people,),
            draws,
            seed,
            report,
        )
    for row in table.itertuples():
        found = row.note or f"power {row.power:.2f} ± {row.error:.2f}"
        size = f"{row.images} images × {row.ratings} ratings, {row.participants} people, {row.responses:,} responses"
        click.echo(f"{size}: {row.a} − {row.b}: {found}")
    click.echo("\n" + advice(table))
    click.echo("Files: " + ", ".join(map(str, write_power(table, out))))


@cli.command()
@study_option
def check(definition: Definition) -> None:
    """Say in plain words whether photographs, networks, stimuli, database and front end are ready.

    Example: manage.py check --study examples/voc-sample.toml
    """
    problems = 0
    for thing, look in readiness(definition).items():
        try:
            state, words = "ready", look()
        except Exception as error:
            if not is_room_error(error):
                raise
            state, words = "NOT READY", str(error)
            problems += 1
        click.echo(f"{state:<10} {thing}: {words}")
    if problems:
        raise click.ClickException(f"{problems} of these need attention before {definition.path} can run")


def readiness(definition: Definition) -> dict[str, Callable[[], str]]:
    """What a study stands on, and for each a look at it that says in words what is there, or raises."""
    from models.catalogue import load_network
    from models.voc import open_split
    from stimuli.manifest import read_provenance, verify
    from study.frontend import check_packages

    def photographs() -> str:
        dataset = definition.dataset
        return f"{len(open_split(dataset, dataset.split))} images in split {dataset.split!r} of {dataset.root}"

    def network(name: str) -> str:
        loaded = load_network(name, definition.networks[name], definition.dataset.categories)
        precision = loaded.mean_average_precision
        measured = "mAP not measured" if precision is None else f"mAP {precision:.3f}"
        return f"{loaded.architecture}, {len(loaded.categories)} categories, {measured}"

    def stimuli() -> str:
        folder = with_local_stimuli(definition).stimuli.output
        count = verify(folder)
        require_same_request(definition, read_provenance(folder))
        return f"{count} visualizations in {folder}, every file as it was made"

    def database() -> str:
        return ready_database().engine.url.render_as_string(hide_password=True)

    def front_end() -> str:
        check_packages()
        return "jsPsych and its plugins are installed"

    networks = {f"network {name}": partial(network, name) for name in definition.networks}
    return {
        "photographs": photographs,
        **networks,
        "stimuli": stimuli,
        "database": database,
        "front end": front_end,
    }


@cli.command()
@click.option("--port", default=8000, show_default=True)
@click.pass_context
def demo(ctx: click.Context, port: int) -> None:
    """Everything for a first look: scenes, networks, stimuli, database, study, then the server.

    Example: manage.py demo --port 8080
    """
    from study.serve import refuse_taken_port

    refuse_taken_port("127.0.0.1", port)
    definition = load_definition(DEMO)
    prepare(ctx, definition)
    with ready_database().writing() as session:
        password = demo_researcher(session)
        session.commit()
    address = f"http://127.0.0.1:{port}"
    click.echo(f"\nParticipants: {address}/s/{definition.study.slug}")
    click.echo(f"Researchers:  {address}/researcher   name 'demo', password {password}\n")
    ctx.invoke(serve, port=port)


def prepare(ctx: click.Context, definition: Definition) -> None:
    """Bring a definition to an open study; finished steps are recognised by the commands themselves."""
    if definition.path.resolve() == DEMO:
        ctx.invoke(make_scenes_command, definition=definition)
    untrained = tuple(name for name, network in definition.networks.items() if not network.checkpoint.exists())
    if untrained:
        ctx.invoke(train, definition=definition, names=untrained)
    ctx.invoke(generate_stimuli, definition=definition)
    ctx.invoke(db_upgrade)
    ctx.invoke(open_study_command, definition=definition)


def demo_researcher(session: Any) -> str:
    """A new password for the demo's researcher each time: none is kept that could be printed again."""
    from study.admins import create_admin, set_password
    from study.errors import AdminError

    password = secrets.token_urlsafe(12)
    try:
        set_password(session, "demo", password, now())
    except AdminError:
        create_admin(session, "demo", password, now())
    return password


@cli.command()
@study_option
@click.option("--participants", default=72, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.pass_context
def rehearse(ctx: click.Context, definition: Definition, participants: int, seed: int) -> None:
    """A dress rehearsal: the whole study with simulated participants, to a report, in a database of its own.

    Example: manage.py rehearse --study examples/voc-sample.toml --participants 72
    """
    from study.serve import served

    folder = HERE / "var" / definition.study.slug / f"rehearsal-{participants}-{seed}"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    os.environ["DISCERN_DATABASE_URL"] = f"sqlite:///{folder / 'rehearsal.sqlite3'}"
    prepare(ctx, definition)
    with served() as url:
        ctx.invoke(simulate, definition=definition, url=url, participants=participants, seed=seed)
    ctx.invoke(export, definition=definition, out=folder / "export")
    ctx.invoke(analyze, source=folder / "export", out=folder / "report")


for own_command in (*SURVEY_COMMANDS, *CONDUCT_COMMANDS, *RECRUITMENT_COMMANDS):
    cli.add_command(own_command)

if __name__ == "__main__":
    cli()
