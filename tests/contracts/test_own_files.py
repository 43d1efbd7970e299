"""No command overwrites a file that Discern did not write: each is let loose on somebody's file, which must survive."""

import re
from dataclasses import replace
from pathlib import Path

import click
import pytest

import manage
from models.sources import SOURCES
from tests.contracts.small_study import Study

MINE = b"years of work"
STUDY = ("--study", "small.toml")
# Each command that writes a file: its arguments, and where somebody's file is in the way.
WRITING = {
    "new-study": (("mine",), "mine/study.toml"),
    "make-scenes": (STUDY, "scenes/notes.txt"),
    "train": (STUDY, "strong.safetensors"),
    "generate-stimuli": (STUDY, "stimuli/stimuli.csv"),
    "evaluate": ((*STUDY, "--out", "mine"), "mine/index.html"),
    "gallery": ((*STUDY, "--out", "mine"), "mine/index.html"),
    "failures": ((*STUDY, "--out", "mine"), "mine/index.html"),
    "attack": ((*STUDY, "--out", "mine"), "mine/index.html"),
    "name-units": ((*STUDY, "--out", "mine"), "mine/index.html"),
    "bias": ((*STUDY, "--out", "mine"), "mine/page/index.html"),
    "answers explain": (("--out", "mine"), "mine/index.html"),
    "answers study": (("--out", "mine"), "mine/study.toml"),
    "answers train": (("--out", "mine", "--steps", "1"), "mine"),
    "captions explain": (("--out", "mine"), "mine/index.html"),
    "captions train": (("--out", "mine", "--steps", "1"), "mine"),
    "preregister": ((*STUDY, "--out", "mine"), "mine/preregistration.html"),
    "sanity": ((*STUDY, "--out", "mine"), "mine"),
    "power": ((*STUDY, "--out", "mine"), "mine/power.csv"),
    "observe": ((*STUDY, "--out", "mine"), "mine/notes.txt"),
    "export": ((*STUDY, "--out", "mine", "--replace"), "mine/dataset_description.json"),
    "analyze": (("export", "--out", "mine"), "mine/notes.txt"),
    "pack": ((*STUDY, "mine"), "mine"),
    "unpack": (("study.zip", "mine"), "mine"),
    "backup": (("mine",), "mine"),
    "restore": (("backup",), "study.sqlite3"),
    "db upgrade": ((), "study.sqlite3"),
    "notify": (("--state", "mine"), "mine"),
}
# What they are given to read, or the names of things that are no files.
READS = {"--study", "--stimuli", "EXPORT", "--network", "--photographs", "--captions", "--weights", "--settings"}


@pytest.mark.parametrize("command", WRITING)
def test_a_file_of_somebody_s_is_left_as_it_is(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study, (arguments, name) = Study.write(tmp_path), WRITING[command]
    if command == "train":
        text = study.definition.read_text()
        study.definition.write_text(re.sub(r'"[^"]*/demo-strong.safetensors"', '"strong.safetensors"', text))
    if command in ("export", "backup", "restore", "notify"):
        study.manage("db", "upgrade")
    if command == "notify":
        monkeypatch.setenv("DISCERN_NOTIFY_WEBHOOK", "http://127.0.0.1:9")  # nobody listens there, and nothing is sent
        monkeypatch.setenv("DISCERN_NOTIFY_WEBHOOK_SECRET", "a-secret-for-tests-0123456789-abcdefgh")
    if command == "generate-stimuli":
        monkeypatch.setitem(SOURCES, "voc", replace(SOURCES["voc"], open_split=lambda *_: ()))
    if command == "export":
        monkeypatch.setattr("study.export.files.find_study", lambda session, slug: slug)
    if command == "restore":
        study.manage("backup", "backup")
    mine = study.folder / name
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_bytes(MINE)
    before = sorted(study.folder.rglob("*"))
    done = study.run(*command.split(), *arguments)
    assert done.exit_code == 1, done.output
    assert str(Path(name).parts[0]) in done.output
    assert re.search(r"name (an|another|a new) |aside|away", done.output), done.output
    assert mine.read_bytes() == MINE
    assert sorted(study.folder.rglob("*")) == before


def commands_with_a_path(group: click.Group, prefix: str = "") -> set[str]:
    """Commands one of whose parameters is a file or folder, but for what they only read."""
    found: set[str] = set()
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands_with_a_path(command, f"{prefix}{name} ")
        elif any(isinstance(p.type, click.Path) and not READS & {*p.opts, str(p.metavar)} for p in command.params):
            found.add(f"{prefix}{name}")
    return found


def test_every_command_with_a_place_to_write_to_is_tried() -> None:
    assert commands_with_a_path(manage.cli) <= set(WRITING)
