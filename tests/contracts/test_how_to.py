"""The pages on adding something, followed to the letter in a copy of the repository: what they write, and what they run.

A page writes files ("New file `…`:" before a block), changes others (blocks of diff) and runs commands (blocks of sh).
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contracts.test_docs import FILES, ROOT, files_of

pytestmark = pytest.mark.slow

PAGES = ("method", "metric", "source-of-photographs", "recruitment-platform", "figure", "language")
NEW_FILE = re.compile(r"^New file `([^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"^```diff\n--- a/(\S+)\n\+\+\+ b/\1\n@@\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    for installed in (".venv", "node_modules"):
        (tmp_path / installed).symlink_to(ROOT / installed)
    return tmp_path


def change(text: str, hunks: str) -> str:
    """`text` after a diff whose places are found by their lines; each must be found once."""
    for hunk in hunks.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] or line for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or line for line in lines if not line.startswith("-"))
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def follow(page: str, folder: Path) -> list[str]:
    """Write and change what the page says; returns the files."""
    written = []
    for name, content in NEW_FILE.findall(page):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
        written.append(name)
    for name, hunks in DIFF.findall(page):
        path = folder / name
        path.write_text(change(path.read_text(encoding="utf-8"), hunks), encoding="utf-8")
        written.append(name)
    return written


def touched(folder: Path) -> list[str]:
    """The files of the product that are new or changed in a copy of the repository."""
    files = {name for name in files_of(folder) if not name.startswith("tests/")}
    return sorted(n for n in files if n not in FILES or (folder / n).read_bytes() != (ROOT / n).read_bytes())


def promised(thing: str) -> int:
    """The number of files in CONTRIBUTING's table."""
    (row,) = (
        line
        for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines()
        if f"(docs/how-to/add-a-{thing}.md)" in line
    )
    return int(re.findall(r"\d+", row)[-1])


@pytest.mark.parametrize("thing", PAGES)
def test_a_page_works_as_it_is_written(thing: str, copy: Path) -> None:
    page = (ROOT / "docs" / "how-to" / f"add-a-{thing}.md").read_text(encoding="utf-8")
    python = [name for name in follow(page, copy) if name.endswith(".py")]
    if python:
        run([".venv/bin/ruff", "check", *python], copy)
        run([".venv/bin/ruff", "format", "--check", *python], copy)
    for command in COMMANDS.findall(page):
        run(["bash", "-ec", command], copy)
    assert len(touched(copy)) == promised(thing), touched(copy)


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
