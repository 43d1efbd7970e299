"""Every command line of README and docs is one that the commands take; the cheap ones of the list of commands are run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

import manage
from study.database.db import connect
from tests.contracts.small_study import Study
from tests.contracts.test_docs import BLOCK, PAGES, ROOT, SPAN
from tests.study.samples import document, open_sample, seeing, trusting

STARTS = ("./manage.py ", "discern ")
CHEAP = ("db", "add-researcher", "backup", "pause-study", "extend-study", "raise-limit", "export", "verify")


def lines_of(page: Path) -> Iterator[str]:
    """The command lines in blocks of a page, without prompts and comments."""
    text = page.read_text(encoding="utf-8")
    fenced = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    for line in [*fenced, *(line for line in text.splitlines() if line.startswith("    "))]:
        yield re.sub(r"\s# .*", "", line).strip().removeprefix("$ ")


def told_by(page: Path) -> list[str]:
    """The lines in blocks, and in the running text those that have arguments: a bare name there is no command line."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    spans = [part.strip() for span in SPAN.findall(text) for part in span.split("&&")]
    found = [*lines_of(page), *(span for span in spans if "--" in span)]
    return [line for line in found if line.startswith(STARTS) and "…" not in line.split("--")[0]]


TOLD = sorted({(line, str(page.relative_to(ROOT))) for page in PAGES for line in told_by(page)})


def parse(line: str) -> None:
    """Let the command that a line names read its arguments. Raises click.UsageError."""
    name, *arguments = shlex.split(line.partition(" > ")[0])
    command: click.Command = manage.cli
    context = click.Context(command, info_name=name)
    while isinstance(command, click.Group):
        name, *arguments = arguments
        if (found := command.get_command(context, name)) is None:
            raise click.UsageError(f"no command {name}")
        command = found
    command.make_context(name, arguments, parent=context)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """No definition is read: my.toml is the reader's."""
    for command in every_command(manage.cli):
        for parameter in command.params:
            if "--study" in parameter.opts:
                monkeypatch.setattr(parameter, "callback", None)


def every_command(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        yield from every_command(command) if isinstance(command, click.Group) else (command,)


@pytest.mark.usefixtures("unread")
def test_every_command_line_is_understood() -> None:
    assert len(TOLD) > 50
    problems = []
    for line, page in TOLD:
        try:
            parse(line)
        except click.UsageError as error:
            problems.append(f"{page}: {line}: {error.format_message()}")
    assert problems == []


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("line", ["./manage.py chek", "./manage.py check --stdy x", "./manage.py power --images none"])
def test_a_wrong_command_line_is_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(line)


def test_no_page_tells_a_command_that_no_shell_would_find_or_in_another_way_than_the_others() -> None:
    """Only lines that begin as these do are looked at and run."""
    bare = re.compile(r"(?:`|^ {4}|^)(?:\.venv/bin/python (?:\./)?)?manage\.py [a-z].*", re.MULTILINE)
    assert [(page.name, line) for page in PAGES for line in bare.findall(page.read_text(encoding="utf-8"))] == []


def test_every_target_of_make_is_there() -> None:
    told = {word for page in PAGES for word in re.findall(r"(?:`|^    )make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert len(told) > 4
    assert told <= targets


def test_the_cheap_lines_of_the_list_do_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study.write(tmp_path)
    (tmp_path / "my.toml").write_text(study.definition.read_text().replace('slug = "small"', 'slug = "my"'))
    monkeypatch.chdir(tmp_path)
    lines = [shlex.split(line) for line in lines_of(ROOT / "docs/reference/commands.md") if line.startswith(STARTS)]
    run = [arguments for _, *arguments in lines if arguments[0] in CHEAP]
    assert {arguments[0] for arguments in run} == set(CHEAP)
    for number, arguments in enumerate(run):
        done = study.run(*arguments)
        assert done.exit_code == 0, f"{arguments}: {done.output}"
        if number == 0:  # the database is there
            database = connect(study.environment["DISCERN_DATABASE_URL"])
            with database.writing() as session:
                open_sample(session, tmp_path / "stimuli", document(seeing(), trusting(), slug="my", limit=32))
            database.engine.dispose()


def test_the_shell_completes_commands_options_and_files() -> None:
    def offered(*words: str) -> set[str]:
        return {
            item.value
            for item in BashComplete(manage.cli, {}, "discern", "_DISCERN_COMPLETE").get_completions(
                list(words[:-1]), words[-1]
            )
        }

    assert offered("ope") == {"open-study"}
    assert offered("recruit", "") == {
        *("create", "publish", "add-places", "pause", "resume", "stop", "status", "codes"),
        *("approve", "bonus", "release", "keep-group", "tester", "test-study", "webhook", "credit"),
    }
    assert "--ratings-per-item" in offered("extend-study", "--r")
    assert offered("analyze", "export", "--language", "k") == {"ko"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_that_is_told_is_there(shell: str) -> None:
    text = (ROOT / "docs" / "how-to" / "complete-commands.md").read_text()
    assert f"_DISCERN_COMPLETE={shell}_source discern" in text
    done = CliRunner().invoke(manage.cli, env={"_DISCERN_COMPLETE": f"{shell}_source"}, prog_name="discern")
    assert "_discern_completion" in done.output
