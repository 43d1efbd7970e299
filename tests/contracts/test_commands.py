"""Every command explains itself, and a failure is a message and an exit status, not a traceback."""

import re
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from pathlib import Path
from unittest.mock import Mock

import click
import pytest
from click.testing import CliRunner

import manage
from commands.errors import is_own_error
from commands.interrupted import SENTENCES
from commands.rehearse import new_folder
from stimuli.errors import ExplanationWarning
from study.database.db import upgrade

ROOT = Path(__file__).parents[2]


def every_command(group: click.Group, prefix: tuple[str, ...] = ()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, (*prefix, name))
        else:
            yield (*prefix, name)


NUMBERS = {
    f"{' '.join(command)} {option.opts[0]}": option
    for command in every_command(manage.cli)
    for option in reduce(lambda group, name: group.commands[name], command, manage.cli).params
    if isinstance(option.type, click.types.IntParamType) and option.name not in ("port", "workers", "threads")
}


@pytest.mark.parametrize("option", NUMBERS.values(), ids=NUMBERS)
def test_a_number_below_its_range_is_refused_before_anything_is_done(option):
    with pytest.raises(click.BadParameter, match="-3 is not in the range"):
        option.type.convert("-3", option, None)


@pytest.mark.parametrize("command", list(every_command(manage.cli)), ids=" ".join)
def test_every_command_shows_an_example_of_itself(command):
    shown = CliRunner().invoke(manage.cli, [*command, "--help"])
    assert shown.exit_code == 0
    assert f"manage.py {' '.join(command)}" in shown.output.split("Example:")[1]


def test_the_list_of_commands_names_every_command():
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    missing = [" ".join(c) for c in every_command(manage.cli) if f"manage.py {' '.join(c)}" not in page]
    assert not missing


def test_the_settings_that_are_told_are_those_that_are_read():
    code = [ROOT / "manage.py", *(ROOT / "study").rglob("*.py"), *(ROOT / "commands").glob("*.py")]
    read = set(re.findall(r"DISCERN_[A-Z]+\w+", "\n".join(file.read_text() for file in code)))
    told = set(re.findall(r"^\| `(DISCERN_\w+)`", (ROOT / "docs/how-to/serve.md").read_text(), re.MULTILINE))
    assert told == read


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_a_missing_definition_is_a_message_and_exit_status_one(tmp_path):
    done = run("open-study", "--study", str(tmp_path / "none.toml"), PATH="")
    assert done.returncode == 1
    assert "no study definition at" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_serving_without_a_database_names_the_command_that_makes_one(tmp_path):
    done = run("serve", DISCERN_DATABASE_URL=f"sqlite:///{tmp_path / 'none.sqlite3'}", PATH="")
    assert done.returncode == 1
    assert "run `./manage.py db upgrade`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_taken_port_is_refused_with_another_proposed(tmp_path):
    url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    upgrade(url)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), DISCERN_DATABASE_URL=url, PATH="")
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert f"--port {port + 1}" in done.stderr


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "/x/report"), OSError(28, "No space left")])
def test_a_folder_or_disk_that_refuses_becomes_a_message(error, monkeypatch):
    monkeypatch.setattr("study.database.backup.backup", Mock(side_effect=error))
    done = CliRunner().invoke(manage.cli, ["backup", "x"])
    assert done.exit_code == 1
    assert re.search(r"/x/report cannot be read or written \(Permission denied\)|the disk is full", done.output)


@pytest.mark.parametrize(("command", "left"), [("backup", "whole or absent"), ("verify", "Nothing was changed")])
def test_ctrl_c_is_answered_with_what_is_left_and_how_to_go_on(command, left, monkeypatch):
    monkeypatch.setattr(manage.cli.commands[command], "invoke", Mock(side_effect=KeyboardInterrupt))
    done = CliRunner().invoke(manage.cli, [command, "x"])
    assert done.exit_code == 130
    assert re.search(rf"\nStopped\. .*{left}.*; the same command ", done.output)
    assert "Traceback" not in done.output


def test_what_is_told_at_ctrl_c_is_told_of_commands_that_there_are():
    assert set(SENTENCES) <= set(manage.cli.commands)


def own_errors() -> Iterator[type[Exception]]:
    """Every exception that the packages define, found in their sources."""
    for package in ("contracts", "languages", "models", "stimuli", "study", "analysis"):
        for file in (ROOT / package).rglob("*.py"):
            if names := re.findall(r"^class (\w+Error)\(", file.read_text(encoding="utf-8"), re.MULTILINE):
                module = import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
                yield from (getattr(module, name) for name in names)


def test_every_error_that_a_package_defines_becomes_a_message():
    kept = [error.__name__ for error in own_errors() if not is_own_error(error.__new__(error))]
    assert kept == []


@pytest.mark.filterwarnings("default::stimuli.errors.ExplanationWarning")
def test_a_package_s_warning_becomes_one_line_on_standard_error(monkeypatch):
    def warn(*_arguments: object) -> None:
        for _ in range(2):
            warnings.warn("this layer has one cell", ExplanationWarning, stacklevel=1)

    monkeypatch.setattr("study.database.backup.backup", warn)
    done = CliRunner().invoke(manage.cli, ["backup", "x"])
    assert done.stderr.splitlines()[0] == "Caution: this layer has one cell"
    assert done.stderr.count("Caution") == 1


def test_a_rehearsal_never_takes_an_earlier_one_s_place(tmp_path):
    folders = [new_folder(tmp_path / "demo" / "rehearsal-72-1") for _ in range(3)]
    assert [folder.name for folder in folders] == ["rehearsal-72-1", "rehearsal-72-1-2", "rehearsal-72-1-3"]
