"""The page on heat maps made by any program, followed from an empty folder to a report."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import manage
from contracts.stimulus_set import read_stimuli
from tests.contracts.test_how_to import COMMANDS, follow

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "your-own-heat-maps.md"
pytestmark = pytest.mark.slow


def test_the_page_s_files_and_commands_make_a_study_of_its_maps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISCERN_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    follow(page, tmp_path)
    (block,) = COMMANDS.findall(page)
    made, *commands = map(shlex.split, block.splitlines())
    subprocess.run([sys.executable, *made[1:]], check=True)
    printed = {}
    for _, name, *options in commands:
        if name != "rehearse":  # other tests do; it takes half a minute
            printed[name] = CliRunner().invoke(manage.cli, [name, *options]).output
    assert [line.split(":")[0] for line in printed["check"].splitlines() if line.startswith("NOT READY")] == [
        "NOT READY  stimuli",
        "NOT READY  database",
    ]
    assert "'seeing' shows 6 of 9 that fit" in printed["check"]
    assert "Warning: The middle (control) of network 'my-network' draws nearly the same" in printed["generate-stimuli"]
    rows = read_stimuli(tmp_path / "my-maps" / "var" / "stimuli")
    assert {row.method for row in rows} == {"mine", "middle"}
    assert len(rows) == 6 * 2 * 2
    assert (tmp_path / "my-maps" / "gallery" / "index.html").is_file()
