"""Commands from an export to a report, and from a definition to the size it needs."""

import os
from collections import ChainMap, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from commands.options import json_option, print_json, study_option
from commands.progress import progress
from definition import Definition
from languages.read import SOURCE, languages

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.export import Export, Proof
    from analysis.simulation.planning import Plan
    from analysis.tasks.design import TaskDesign
    from study.config import TaskConfig

_Told = tuple[list[str], dict[str, Any], dict[str, Any]]
SPREAD = click.FloatRange(0, 5)


@click.command()
@click.argument("source", metavar="EXPORT", type=click.Path(path_type=Path))
@click.option("--out", default=Path("report"), show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--language", default=SOURCE, show_default=True, type=click.Choice(list(languages())), help="Of the report."
)
@click.option("--pdf/--no-pdf", default=True, show_default=True, help="Print report.pdf with Chromium or Chrome.")
@click.option(
    "--browser",
    metavar="PROGRAM",
    default=lambda: os.environ.get("DISCERN_BROWSER"),  # not `envvar`, which `rehearse` would not see
    help="What prints it; else the first that is found of Chromium, Chrome and Edge.",
)
def analyze(source: Path, out: Path, language: str = SOURCE, pdf: bool = True, browser: str | None = None) -> None:
    """Turn an export (folder or zip) into a report: report.html and .pdf, results.json, figures, tables, texts.

    Example: ./manage.py analyze export --out report --language ko
    """
    from analysis.display.wording import in_language
    from analysis.report.printing import print_pdf
    from analysis.report.write import analyze as write_report

    printing = {"to_pdf": partial(print_pdf, browser=browser)} if pdf else {}
    with progress("Analysing") as report:
        page = write_report(source, out, report, in_language(language), partial(compare, source), **printing)
    click.echo(f"Report: {page}")


def compare(source: Path, export: "Export") -> "Proof | None":
    """Compare the export with the audit log, where the database at hand is the one of its study.

    Observers who are not people answer without a server, and then nobody joined at any time.
    """
    from analysis.data.export import Proof
    from study.database.db import ready_database
    from study.database.find import find_study
    from study.errors import AuditError, StudyError
    from study.export.proof import prove

    if export.participants["joined_at"].isna().all():
        return None
    try:
        with ready_database() as database, database.snapshot() as session:
            find_study(session, export.definition["study"]["slug"])
            return Proof(at=prove(session, source).at)
    except AuditError as error:
        return Proof(difference=str(error))
    except (StudyError, KeyError):
        return None


@click.command()
@study_option
@click.option("--task", "name", help="The task to plan; without it each task that the definition compares.")
@click.option(
    "--images", multiple=True, type=click.IntRange(1), help="May be given several times, as may the next two."
)
@click.option("--ratings", multiple=True, type=click.IntRange(1), help="Ratings of an item.")
@click.option("--participants", multiple=True, type=click.IntRange(2))
@click.option(
    "--effect",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="True difference of every comparison, as a share of the scale: 0.05 is 5 points of accuracy.",
)
@click.option("--participant-sd", type=SPREAD, help="Of people, in logits; as the next four, else the definition's.")
@click.option("--participant-method-sd", type=SPREAD, help="Of people by method.")
@click.option("--image-sd", type=SPREAD, help="Of images.")
@click.option("--image-method-sd", type=SPREAD, help="Of images by method.")
@click.option("--dropout", type=click.FloatRange(0, 0.9), help="Share of people who leave and are not replaced.")
@click.option(
    "--draws",
    default=200,
    show_default=True,
    type=click.IntRange(1),
    help="Simulated studies at each point of the grid.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option("--out", default=Path("power"), show_default=True, type=click.Path(path_type=Path))
@json_option
def power(
    definition: Definition,
    name: str | None,
    images: tuple[int, ...],
    ratings: tuple[int, ...],
    participants: tuple[int, ...],
    effect: float | None,
    draws: int,
    seed: int,
    out: Path,
    as_json: bool,
    **spreads: float | None,
) -> None:
    """How many images, ratings and people a task needs: its design simulated and analysed over a grid.

    Of three networks or more, how surely they are ranked is told too.

    Without numbers the grid surrounds those of the definition. The difference to detect is --effect, else the
    smallest_effect of the definition, else the paper's; all that is assumed is printed.

    Example: ./manage.py power --study examples/demo.toml --images 18 --images 36 --ratings 9 --participants 72
    """
    from analysis.simulation.conditions import people_for, shown_in
    from analysis.simulation.planning import Plan, world_of
    from analysis.simulation.power import files_of
    from analysis.simulation.ranking import ranking_file

    files_of(out)
    ranking_file(out)
    planning = definition.analysis.planning
    planning = planning.model_copy(update={key: value for key, value in spreads.items() if value is not None})
    told, tables = [], defaultdict(list)
    for task in _planned(definition, name):
        design = _design_of(task)
        people = sum(people_for(part, task.trials_per_participant) for part in shown_in(design, definition.conditions))
        plan = Plan(design, definition.analysis, world_of(planning), effect, planning.dropout, definition.conditions)
        sizes = images or _around(design.images), ratings or _up_to(design.ratings), participants or (people,)
        lines, said, found = _power_of(plan, partial(_shown, as_json, sizes, draws, seed))
        told.append({"task": task.name, **said})
        for file, table in found.items():
            tables[file].append(table)
        if not as_json:
            click.echo("\n".join(lines))
    files = _write_power(tables, out)
    if as_json:
        return print_json({"tasks": told, "files": files})
    click.echo("Files: " + ", ".join(map(str, files)))


def _design_of(task: "TaskConfig") -> "TaskDesign":
    from analysis.tasks.design import TaskDesign

    return TaskDesign(task.name, task.kind, task.methods, task.images, task.ratings_per_item, task.networks, task.foil)


def _around(images: int) -> list[int]:
    return sorted({max(2, round(images * factor)) for factor in (0.5, 1, 1.5, 2)})


def _up_to(ratings: int) -> list[int]:
    return sorted({max(1, ratings // 2), ratings})


def _shown(
    as_json: bool, sizes: tuple[Any, ...], draws: int, seed: int, simulate: Callable[..., Any], plan: "Plan"
) -> Any:
    with progress("Simulating studies", Console(stderr=as_json)) as report:
        return simulate(plan, *sizes, draws, seed, report)


def _power_of(plan: "Plan", simulate: Callable[..., "pd.DataFrame"]) -> _Told:
    """(lines for people, fields for programs, tables by their file) of a task: its comparisons, and its ranking."""
    from analysis.simulation.ranking import is_ranked

    ranked = is_ranked(plan.design.kind, plan.design.networks)
    parts = [_comparisons_of(plan, simulate)] if plan.compares or not ranked else []
    parts += [_ranking_of(plan, simulate)] if ranked else []
    lines, told, tables = zip(*parts, strict=True)
    return list(chain(*lines)), dict(ChainMap(*told)), dict(ChainMap(*tables))


def _comparisons_of(plan: "Plan", simulate: Callable[..., "pd.DataFrame"]) -> _Told:
    from analysis.simulation.planning import assumed
    from analysis.simulation.power import advice, in_words, points, power

    said = assumed(plan)
    table = simulate(power, plan)
    lines = [*said, *in_words(table, plan.design.kind), "", advice(table), ""]
    return lines, {"assumed": said, "advice": advice(table), "points": points(table)}, {"power": table}


def _ranking_of(plan: "Plan", simulate: Callable[..., "pd.DataFrame"]) -> _Told:
    from analysis.simulation.power import points
    from analysis.simulation.ranking import assumed_order, ranking_in_words, ranking_power

    said, table = assumed_order(plan), simulate(ranking_power, plan)
    told = {"ranking": {"assumed": [said], "points": points(table)}}
    return [said, *ranking_in_words(table), ""], told, {"ranking": table}


def _write_power(tables: Mapping[str, list["pd.DataFrame"]], out: Path) -> list[Path]:
    import pandas as pd

    from analysis.simulation.power import write_power
    from analysis.simulation.ranking import write_ranking

    whole = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    files = [*write_power(whole["power"], out)] if "power" in whole else []
    return files + ([write_ranking(whole["ranking"], out)] if "ranking" in whole else [])


def _planned(definition: Definition, name: str | None) -> "tuple[TaskConfig, ...]":
    """The task of that name, or those that the definition compares or ranks; the first where there is none."""
    from analysis.simulation.ranking import is_ranked

    tasks = {task.name: task for task in definition.tasks}
    if name and name not in tasks:
        raise click.BadParameter(f"no task {name!r}; there are {', '.join(tasks)}")
    if name:
        return (tasks[name],)
    compared = {contrast.task for contrast in definition.analysis.contrasts}
    planned = tuple(t for t in tasks.values() if t.name in compared or is_ranked(t.kind, t.networks))
    return planned or definition.tasks[:1]


COMMANDS = (analyze, power)
