#!/usr/bin/env python3
"""Discern's commands, gathered from commands/: ./manage.py, or `discern` in the environment that `make setup` makes."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import NoReturn

ENVIRONMENT = Path(__file__).resolve().parent / ".venv"


def leave(missing: ModuleNotFoundError) -> NoReturn:
    """Run again in the environment, where it was started with another Python; else say how to make one."""
    python = ENVIRONMENT / "bin/python"
    if python.exists() and Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        os.execv(python, [str(python), *sys.argv])  # a Python finds its packages by the path it is called by
    sys.exit(f"Discern's packages are not installed here ({missing.name} is missing); run `make setup` first")


try:
    import click

    from commands import (
        analysis,
        answers,
        attack,
        bias,
        captions,
        check,
        conduct,
        demo,
        deploy_check,
        evaluate,
        failures,
        gallery,
        name_units,
        new_study,
        notify,
        pack,
        preregister,
        preview,
        protect,
        recruit,
        rehearse,
        schema,
        simulate,
        stimuli,
        survey,
        upkeep,
        watch,
    )
    from commands.errors import Commands
    from commands.options import HERE
    from commands.secret_files import take_in
    from contracts.version import VERSION
except ModuleNotFoundError as missing:
    leave(missing)
except KeyboardInterrupt:
    sys.exit("\nStopped before anything was done.")

MODULES = (
    *(new_study, preview, stimuli, gallery, evaluate, answers, captions, failures),
    *(attack, bias, name_units, preregister),
    *(survey, simulate, conduct, watch, notify, recruit, upkeep, protect, pack),
    *(check, deploy_check, schema, analysis, demo, rehearse),
)


@click.version_option(VERSION, prog_name="Discern", message="%(prog)s %(version)s")
@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors; for timers.")
@click.pass_context
def cli(context: click.Context, quiet: bool) -> None:
    """Discern: can people tell from a network's explanations what it saw, and which network to trust?

    \b
    The order of a study:
      make-scenes or your own VOC photographs → train → generate-stimuli → db upgrade
      → open-study → serve (people take part, or simulate) → export → analyze
    """
    if quiet:
        context.with_resource(silence())
    prepare_environment()


@contextmanager
def silence() -> Iterator[None]:
    """Nothing that is printed to standard output comes out."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield


def prepare_environment() -> None:
    """One machine's random secret under var/, unless the environment names one, or a file with one."""
    take_in(os.environ)
    folder = HERE / "var"
    if "DISCERN_SECRET_KEY" not in os.environ:
        folder.mkdir(exist_ok=True)
        secret = folder / "secret-key"
        if not secret.exists():
            descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
        os.environ["DISCERN_SECRET_KEY"] = secret.read_text()


for module in MODULES:
    for command in module.COMMANDS:
        cli.add_command(command)

if __name__ == "__main__":
    cli()
