"""What the documentation names is there: files, tests, functions, commands and the pages it links to."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import manage

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
INDEX = ROOT / "docs" / "adr" / "README.md"
SOURCES = (".py", ".js", ".css", ".html", ".toml", ".md", ".po")
# Their definition, a file of a package, what commands write.
MADE_BY_READERS = ("my.toml", "jspsych.js", "sentences.md", "preregistration.md", "preregistration.html")
IGNORED = {
    ".git",
    ".venv",
    "node_modules",
    "var",
    "__pycache__",
    "mutants",
    ".pytest_cache",
    ".ruff_cache",
    ".mypy_cache",
    ".hypothesis",
}

SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NEW_FILE = re.compile(r"^New file `([^`]+)`:$", re.MULTILINE)


def files_of(root: Path) -> set[str]:
    """The files of a copy of the repository, relative to it, without what is installed or left by tools."""
    files: set[str] = set()
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in IGNORED]
        files |= {str((Path(folder) / name).relative_to(root)) for name in names}
    return files


FILES = files_of(ROOT)
FOLDERS = {str(parent) for file in FILES for parent in Path(file).parents}
NAMES = {Path(file).name for file in FILES}
TOP = {Path(file).parts[0] for file in FILES if "/" in file}


def spans(page: Path) -> Iterator[str]:
    yield from SPAN.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))


def is_pattern(text: str) -> bool:
    return bool(set(text) & set("<>…*{}$ ")) or "://" in text or text.startswith(("/", "."))


def wrong(span: str, new: set[str]) -> str | None:
    """Why a code span that names a file, or a name in it, is wrong; None: it is right, or names no file."""
    path, _, name = span.partition("::")
    if is_pattern(path) or path.split("/")[0] in {"var", "ROOT"}:
        return None
    if path.endswith("/"):
        return None if path.split("/")[0] not in TOP or path.rstrip("/") in FOLDERS else "no such folder"
    if not path.endswith(SOURCES) or path in MADE_BY_READERS or path in new:
        return None
    if ("/" in path and path not in FILES) or path.split("/")[-1] not in NAMES:
        return "no such file"
    return None if not name or holds(path, name) else f"nothing there is called {name}"


def holds(path: str, name: str) -> bool:
    texts = [(ROOT / file).read_text(encoding="utf-8") for file in FILES if file == path or file.endswith("/" + path)]
    return any(name.removesuffix("…") in text for text in texts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    new = set(NEW_FILE.findall(page.read_text(encoding="utf-8")))
    last, problems = "", []
    for span in spans(page):
        if span.startswith("::"):  # a second test of the file named last
            span = last.partition("::")[0] + span
        elif span.partition("::")[0].endswith(SOURCES):
            last = span
        if problem := wrong(span, new):
            problems.append(f"{span}: {problem}")
    assert not problems


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = (link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link)
    assert [link for link in links if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("    ")]
    named = re.findall(r"manage\.py ([a-z][a-z-]+)", "\n".join([*spans(page), *lines]))
    assert sorted(set(named) - set(manage.cli.commands)) == []


def test_the_index_of_decisions_lists_each_with_its_title() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    titles = [re.match(r"# (\d+)\.? (.+)", record.read_text(encoding="utf-8")).groups() for record in records]
    listed = re.findall(
        r"^\| (\d+) \| \[(.+)\]\((.+)\) \| (?:accepted|superseded by) ?.*\|$", INDEX.read_text(), re.MULTILINE
    )
    assert listed == [(*title, record.name) for title, record in zip(titles, records, strict=True)]


def test_every_dependency_has_its_reason() -> None:
    lines = [line for file in ROOT.glob("requirements*.txt") for line in file.read_text().splitlines()]
    python = {re.split(r"[=\[<>;]", line)[0].strip() for line in lines if line[:1].isalpha()}
    front_end = json.loads((ROOT / "package.json").read_text())
    named = python.union(*(front_end[kind] for kind in front_end if kind.lower().endswith("dependencies")))
    reasons = (ROOT / "docs" / "adr" / "001-dependencies.md").read_text(encoding="utf-8").lower()
    assert sorted(name for name in named if name.lower() not in reasons) == []


def test_a_file_that_is_gone_is_noticed() -> None:
    assert wrong("study/gone.py", set()) == "no such file"
    assert wrong("gone.py", set()) == "no such file"
    assert wrong("study/gone/", set()) == "no such folder"
    assert wrong("manage.py::nothing_of_this_name", set()) == "nothing there is called nothing_of_this_name"
    assert wrong("manage.py::cli", set()) is None
