"""The page on adding a kind of task quotes this folder, and its change of a registry can be made."""

import re
from pathlib import Path

import pytest

from languages.read import languages
from tests.contracts.test_how_to import DIFF, ROOT, change, copy, promised, run, touched  # noqa: F401 – a fixture

HERE = Path(__file__).parent
PAGE = (ROOT / "docs/how-to/add-a-kind-of-task.md").read_text(encoding="utf-8")
QUOTED = re.compile(r"^From `tests/third_kind/([^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_what_the_page_quotes_is_in_the_folder():
    quoted = QUOTED.findall(PAGE)
    assert len(quoted) == 6
    for name, text in quoted:
        assert text in (HERE / name).read_text(encoding="utf-8"), name


def test_every_part_that_the_page_names_is_in_the_folder():
    named = re.findall(r"\| `([\w./]+)` \|$", PAGE, re.MULTILINE)
    assert len(named) == 6
    assert [name for name in named if not (HERE / name).exists()] == []


def test_its_changes_fit_the_registries():
    ((name, hunks),) = DIFF.findall(PAGE)
    assert '"which-half": which_half.KIND' in change((ROOT / name).read_text(encoding="utf-8"), hunks)


@pytest.mark.slow
def test_its_parts_in_their_places_are_a_kind_and_touch_as_many_files_as_promised(copy):  # noqa: F811
    """As a stranger adds it: the example's parts where the page's table says, in a copy of the repository."""
    constants, row = (HERE / "facts.py").read_text(encoding="utf-8").split("Question\n", 1)[1].split("KIND = ")
    insert(copy / "contracts/tasks.py", r"(?=\nKINDS: dict)", constants)
    insert(copy / "contracts/tasks.py", r"(?=    \)\n\}\n)", f"{row.rstrip()},\n")
    for package in ("stimuli", "study"):
        put(HERE / f"{package}.py", copy / package / "tasks/which_half.py")
        insert(copy / package / "tasks/kinds.py", r"(?<=    trust,\n)", "    which_half,\n")
        insert(copy / package / "tasks/kinds.py", r"(?<=\.KIND,\n)(?=\})", '    "which-half": which_half.KIND,\n')
    for part in filter(Path.is_file, (HERE / "analysis").iterdir()):
        put(part, copy / "analysis/tasks/which_half" / part.name)
    registry, line = copy / "analysis/tasks/kinds.py", "from analysis.tasks.which_half.kind import KIND as WHICH_HALF\n"
    insert(registry, r"(?<=import KIND as TRUST\n)", line)
    insert(registry, r"(?<=,\n)(?=\})", '    "which-half": WHICH_HALF,\n')
    words = (HERE / "languages/en/tasks.toml").read_text(encoding="utf-8")  # translated by nobody here
    for language in languages():
        insert(copy / "languages" / language / "tasks.toml", r"\Z", f"\n{words}")
    run([".venv/bin/python", "-m", "languages.extract"], copy)
    run([".venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contracts/test_kinds.py"], copy)
    own_folder = "analysis/tasks/which_half/"
    files = [name for name in touched(copy) if own_folder not in name]
    assert len(files) == promised("kind-of-task"), files


def put(part: Path, place: Path) -> None:
    """A part of the example, with the imports that it has in the product."""
    text = part.read_text(encoding="utf-8").replace("tests.third_kind.analysis", "analysis.tasks.which_half")
    if "facts import" in text and ", KIND\n" in text:
        text = text.replace(", KIND\n", ", KINDS\n").replace("KIND.", 'KINDS["which-half"].')
    place.parent.mkdir(exist_ok=True)
    place.write_text(text.replace("tests.third_kind.facts", "contracts.tasks"), encoding="utf-8")


def insert(file: Path, place: str, text: str) -> None:
    """Write `text` where the pattern `place` is, which must be once."""
    before = file.read_text(encoding="utf-8")
    after, count = re.subn(place, lambda _found: text, before)
    assert count == 1, (file, place)
    file.write_text(after, encoding="utf-8")
