"""The units that pages show: systemd's own program reads them where it is installed."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.contracts.test_docs import ROOT

HOW_TO = ROOT / "docs" / "how-to"
BLOCK = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)
NAMES = {"serve": "discern", "backups": "discern-backup", "watch": "discern-notify"}


def units() -> dict[str, str]:
    """File name → what the page says that is in it."""
    found = {}
    for page, name in NAMES.items():
        for block in BLOCK.findall((HOW_TO / f"{page}.md").read_text(encoding="utf-8")):
            if kind := re.search(r"^    \[(Service|Socket|Timer)\]$", block, re.MULTILINE):
                found[f"{name}.{kind[1].lower()}"] = textwrap.dedent(block)
    return found


def test_the_pages_show_these_units():
    assert units().keys() == {
        "discern.service",
        "discern.socket",
        "discern-backup.service",
        "discern-backup.timer",
        "discern-notify.timer",
    }


@pytest.mark.parametrize("name", units())
def test_no_value_ends_in_a_comment(name):
    """systemd has none behind a value (systemd.syntax): it would be a part of the file's name."""
    lines = [line for line in units()[name].splitlines() if line]
    assert all(re.fullmatch(r"\[\w+\]|\w+=[^#;]+", line) for line in lines)


def test_systemd_finds_nothing_wrong(tmp_path: Path):
    """On a host as the pages want it; CI has no systemd."""
    if not (analyze := shutil.which("systemd-analyze")):
        return
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    found = units() | {"discern-notify.service": units()["discern-backup.service"]}
    found["discern.service"] = f"[Unit]\nRequires=discern.socket\n{found['discern.service']}"
    for name, text in found.items():
        (tmp_path / name).write_text(text.replace("/srv/discern/", f"{tmp_path}/"))
    files = [str(tmp_path / name) for name in found]
    done = subprocess.run([analyze, "verify", *files], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
