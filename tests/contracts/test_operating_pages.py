"""The command lines of the pages for operators, run one after the other as they are written."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import manage
from study.database.db import connect, upgrade
from tests.contracts.test_command_lines import STARTS, lines_of
from tests.contracts.test_docs import ROOT
from tests.study.samples import SECRET, document, enrol, open_sample, seeing

OF_A_WHOLE_DEFINITION = ("check", "power")  # the study here is opened from less
ID = "5f3a9c0badcafe0123456789"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the operator of a study `my`, in which one person takes part, works."""
    url = f"sqlite:///{tmp_path / 'study.db'}"
    upgrade(url)
    database = connect(url)
    sample = document(seeing(images=2, k=2), slug="my", provider="prolific")
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", sample)
    enrol(database, key=ID, slug="my", provider="prolific")
    database.engine.dispose()
    (tmp_path / "my.toml").write_text('[study]\nslug = "my"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISCERN_DATABASE_URL", url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)
    return tmp_path


@pytest.mark.parametrize("page", ["data-protection", "backups", "watch", "ethics"])
def test_every_line_of_a_page_does_what_it_says(page: str, folder: Path) -> None:
    lines = [line for line in lines_of(ROOT / "docs" / "how-to" / f"{page}.md") if line.startswith(STARTS)]
    lines = [line for line in lines if "FOLDER" not in line and line.split()[1] not in OF_A_WHOLE_DEFINITION]
    assert lines
    for line in lines:
        done = CliRunner().invoke(manage.cli, shlex.split(line)[1:], catch_exceptions=False)
        assert done.exit_code == 0, f"{line}: {done.output}"
