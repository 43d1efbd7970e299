"""Commands from an export to a report, and from a definition to the size it needs."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import study_option
from commands.progress import progress
from definition import Definition
from languages.read import SOURCE, languages

if TYPE_CHECKING:
    from analysis.data.export import Export, Proof


@click.command()
@click.argument("source", metavar="EXPORT", type=click.Path(path_type=Path))
@click.option("--out", default=Path("report"), show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--language", default=SOURCE, show_default=True, type=click.Choice(list(languages())), help="Of the report."
)
def analyze(source: Path, out: Path, language: str = SOURCE) -> None:
    """Turn an export (folder or zip) into a report: report.html, results.json, figures and tables.

    Example: ./manage.py analyze export --out report --language ko
    """
    from analysis.display.wording import in_language
    from analysis.report.write import analyze as write_report

    with progress("Analysing") as report:
        page = write_report(source, out, report, in_language(language), partial(compare, source))
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
@click.option("--task", "name", help="The task to plan; without it the first one.")
@click.option(
    "--images", multiple=True, type=click.IntRange(1), help="May be given several times, as may the next two."
)
@click.option("--ratings", multiple=True, type=click.IntRange(1), help="Ratings of an item.")
@click.option("--participants", multiple=True, type=click.IntRange(2))
@click.option(
    "--draws",
    default=200,
    show_default=True,
    type=click.IntRange(1),
    help="Simulated studies at each point of the grid.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
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

    Without numbers the grid surrounds those of the definition.

    Example: ./manage.py power --study examples/demo.toml --images 18 --images 36 --ratings 9 --participants 72
    """
    from analysis.simulation.power import Plan, advice, files_of, write_power
    from analysis.simulation.power import power as simulate_power
    from analysis.tasks.design import TaskDesign

    files_of(out)
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


COMMANDS = (analyze, power)
