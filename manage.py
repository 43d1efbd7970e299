#!/usr/bin/env python3
"""Discern's commands. Each parses its options, calls one function of one room and prints the outcome.

Rooms are imported inside the commands: `manage.py --help` and the survey server must not wait for torch.
"""

import hashlib
import json
import os
import secrets
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from analysis.config import AnalysisConfig
from models.config import DatasetConfig, Name, NetworkConfig
from stimuli.config import Method, StimuliConfig, StimulusRequest
from study.config import ParticipantsConfig, StudyConfig, TaskConfig

HERE = Path(__file__).resolve().parent
DEMO = HERE / "examples" / "demo.toml"
ROOMS = {"models", "stimuli", "study", "analysis", "manage", "__main__"}
Report = Callable[[int, int], None]


class DefinitionError(Exception):
    """The study definition cannot be used; the message lists every key that is wrong and what was expected."""


@dataclass(frozen=True)
class Definition:
    """A study definition: each room's section, the document they were read from and its hash."""

    path: Path
    dataset: DatasetConfig
    networks: dict[str, NetworkConfig]
    stimuli: StimuliConfig
    study: StudyConfig
    tasks: tuple[TaskConfig, ...]
    participants: ParticipantsConfig
    analysis: AnalysisConfig
    document: dict[str, Any]
    sha256: str

    @property
    def requests(self) -> tuple[StimulusRequest, ...]:
        """What the tasks ask of the stimulus set."""
        return tuple(StimulusRequest(t.name, t.kind, t.images, tuple(t.methods), tuple(t.networks)) for t in self.tasks)

    @property
    def request_sha256(self) -> str:
        """Hash of everything in the definition that decides the stimuli, and of nothing else."""
        stimuli = {k: v for k, v in self.document["stimuli"].items() if k not in {"output", "batch_size", "device"}}
        asked = [[r.task, r.kind, r.images, r.methods, r.networks] for r in self.requests]
        return canonical_sha256([self.document["dataset"], self.document["networks"], stimuli, asked])


SECTIONS: dict[str, Any] = {
    "dataset": DatasetConfig,
    "networks": dict[Name, NetworkConfig],
    "stimuli": StimuliConfig,
    "study": StudyConfig,
    "tasks": tuple[TaskConfig, ...],
    "participants": ParticipantsConfig,
    "analysis": AnalysisConfig,
}
OPTIONAL_SECTIONS = {"participants": {}, "analysis": {}}


def canonical_sha256(value: Any) -> str:
    """SHA-256 of `value` as JSON with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def load_definition(path: Path) -> Definition:
    """Read, complete and check a study definition (TOML). Raises DefinitionError naming every key at fault."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DefinitionError(f"no study definition at {path}; examples/demo.toml is one to start from") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path} is not valid TOML: {error}") from None
    document = OPTIONAL_SECTIONS | document
    problems = [f"{key}: unknown section" for key in document if key not in SECTIONS]
    problems += _read_texts(document, path.parent)
    sections: dict[str, Any] = {}
    for name, kind in SECTIONS.items():
        if name not in document:
            problems.append(f"{name}: this section is missing")
            continue
        try:
            sections[name] = TypeAdapter(kind).validate_python(document[name], context={"folder": path.parent})
        except ValidationError as error:
            problems += [f"{_key(name, e['loc'])}: {_expected(e)}" for e in error.errors()]
    if not problems:
        problems = _contradictions(**sections)
    if problems:
        raise DefinitionError(f"{path} cannot be used:\n" + "\n".join(f"  {p}" for p in problems))
    return Definition(path=path, document=document, sha256=canonical_sha256(document), **sections)


def _read_texts(document: dict[str, Any], folder: Path) -> list[str]:
    """Replace the names of consent and debriefing files by their texts, so that the hash covers what people read."""
    problems = []
    for field in ("consent", "debriefing"):
        files = document.get("study", {}).get(field, {})
        for language, name in files.items() if isinstance(files, dict) else ():
            try:
                files[language] = (folder / str(name)).read_text(encoding="utf-8")
            except OSError as error:
                problems.append(f"study.{field}.{language}: cannot read {folder / str(name)} ({error.strerror})")
    return problems


def _key(section: str, location: tuple[int | str, ...]) -> str:
    return ".".join([section, *(str(part) for part in location if part != "[key]")])


def _expected(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "unknown key"
    given = "" if error["type"] == "missing" else f" (given: {str(error['input'])[:60]!r})"
    return error["msg"].removeprefix("Value error, ") + given


def _contradictions(
    networks: dict[str, NetworkConfig], tasks: tuple[TaskConfig, ...], analysis: AnalysisConfig, **_: Any
) -> list[str]:
    """What no single section can see."""
    problems = []
    names = [task.name for task in tasks]
    problems += [f"tasks: two tasks are named {n!r}" for n in sorted({n for n in names if names.count(n) > 1})]
    if not tasks:
        problems.append("tasks: at least one [[tasks]] is needed")
    for i, task in enumerate(tasks):
        known = Method.__args__
        problems += [
            f"tasks.{i}.methods: no method {m!r}; there are {', '.join(known)}" for m in task.methods if m not in known
        ]
        problems += [
            f"tasks.{i}.networks: no network {n!r}; [networks] has {', '.join(networks) or 'none'}"
            for n in task.networks
            if n not in networks
        ]
    methods = {task.name: task.methods for task in tasks}
    for i, contrast in enumerate(analysis.contrasts):
        if contrast.task not in methods:
            problems.append(f"analysis.contrasts.{i}.task: no task {contrast.task!r}; there are {', '.join(names)}")
            continue
        problems += [
            f"analysis.contrasts.{i}: task {contrast.task!r} has no method {m!r}"
            for m in (contrast.a, contrast.b)
            if m not in methods[contrast.task]
        ]
    return problems


# --- the commands ---------------------------------------------------------------------------------


class Commands(click.Group):
    """Turns an error that a room raised on purpose into its message and exit status 1; others keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if type(error).__module__.split(".")[0] in ROOMS:
                raise click.ClickException(str(error)) from error
            raise


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


@contextmanager
def progress(label: str) -> Iterator[Report]:
    """A bar with rate and time left; the function under it calls `report(done, total)`."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def prepare_environment() -> None:
    """Defaults for one machine: a database and a random secret under var/, unless the environment names others."""
    folder = HERE / "var"
    os.environ.setdefault("DISCERN_DATABASE_URL", f"sqlite:///{folder / 'discern.db'}")
    if "DISCERN_SECRET_KEY" not in os.environ:
        folder.mkdir(exist_ok=True)
        secret = folder / "secret-key"
        if not secret.exists():
            descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
        os.environ["DISCERN_SECRET_KEY"] = secret.read_text()


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
    with progress("Drawing scenes") as report:
        make_scenes(dataset, HERE / "node_modules" / "emoji-datasource-google", counts, seed, report)
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
            result = train_network(name, definition.networks[name], definition.dataset, report)
        click.echo(f"{name}: mAP {result.mean_average_precision:.3f} → {definition.networks[name].checkpoint}")


@cli.command("generate-stimuli")
@study_option
def generate_stimuli(definition: Definition) -> None:
    """Make the visualizations that the definition's tasks ask for. Stopped and started again, it goes on.

    Example: manage.py generate-stimuli --study examples/voc-sample.toml
    """
    from models.catalogue import load_network
    from models.voc import open_split
    from stimuli.generate import generate

    used = sorted({name for task in definition.tasks for name in task.networks})
    networks = {name: load_network(name, definition.networks[name]) for name in used}
    with progress("Making stimuli") as report:
        folder = generate(
            definition.stimuli,
            definition.requests,
            open_split(definition.dataset, definition.dataset.split),
            networks,
            definition.dataset.categories,
            definition.request_sha256,
            report,
        )
    click.echo(f"Stimulus set: {folder}")


if __name__ == "__main__":
    cli()
