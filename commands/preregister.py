"""`./manage.py preregister`: what a definition fixes, as registries ask for it."""

from pathlib import Path

import click

from commands.options import study_option
from definition import Definition
from languages.read import SOURCE, languages


@click.command()
@study_option
@click.option("--out", default=Path("preregistration"), show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--language", default=SOURCE, show_default=True, type=click.Choice(list(languages())), help="Of the sheet."
)
def preregister(definition: Definition, out: Path, language: str) -> None:
    """Write a preregistration sheet from the definition, in the headings of OSF and of AsPredicted.

    Example: ./manage.py preregister --study my.toml --out preregistration
    """
    from analysis.display.wording import in_language, written_in
    from analysis.preregistration.plan import Plan
    from analysis.preregistration.sheet import write_sheet

    _require_frozen(definition)
    plan = Plan(definition.document, definition.sha256, definition.analysis, in_language(language))
    with written_in(definition.document, language):
        files = write_sheet(plan, out)
    click.echo("Files: " + ", ".join(map(str, files)))


def _require_frozen(definition: Definition) -> None:
    """Raise OpeningError where the study is open with another definition, whose hash the sheet would not name."""
    from study.conduct.opening import require_same_definition
    from study.database.db import ready_database
    from study.errors import DatabaseNotReadyError

    try:
        with ready_database() as database, database.reading() as session:
            require_same_definition(session, definition.document, definition.sha256)
    except DatabaseNotReadyError:
        return  # without a database nothing is open


COMMANDS = (preregister,)
