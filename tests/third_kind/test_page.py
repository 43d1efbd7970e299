"""The page on adding a kind of task quotes this folder, and its change of a registry can be made."""

import re
from pathlib import Path

from tests.contracts.test_how_to import DIFF, ROOT, change

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
