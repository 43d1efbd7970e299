"""`./manage.py preview` sees when a text, a picture or the set of stimuli changes."""

import os
import shutil
from pathlib import Path

import pytest

from commands.preview import Watched

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "file", ["study.toml", "consent.ko.md", "instructions.en.md", "figures/one.png", "names.csv", "stimuli/stimuli.csv"]
)
def test_a_change_of_a_file_is_another_version(tmp_path: Path, file: str) -> None:
    shutil.copytree(ROOT / "examples" / "own-study", tmp_path, dirs_exist_ok=True)
    for folder in ("figures", "stimuli"):
        (tmp_path / folder).mkdir()
    (tmp_path / "figures" / "one.png").write_bytes(b"a picture")
    (tmp_path / "stimuli" / "stimuli.csv").write_text("id\n")
    (tmp_path / "instructions.en.md").write_text("Look: ![an example](figures/one.png)")
    study = tmp_path / "study.toml"
    study.write_text(study.read_text().replace('"../../var/own-study/stimuli"', '"stimuli"'))
    watched = Watched(study)
    before = watched.version()
    assert watched.version() == before
    later = (tmp_path / file).stat().st_mtime_ns + 10**9
    os.utime(tmp_path / file, ns=(later, later))
    assert watched.version() != before
