"""Commands run on the test's database."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import manage
from study.database.db import Database
from tests.study.conduct.erased import url_of
from tests.study.samples import SECRET


@pytest.fixture
def command(any_database: Database, tmp_path: Path):
    """Runs a command about the study `demo`."""
    (tmp_path / "my.toml").write_text('[study]\nslug = "demo"\n')
    environment = {"DISCERN_DATABASE_URL": url_of(any_database), "DISCERN_SECRET_KEY": SECRET}

    def run(name: str, *arguments: str) -> Result:
        of_study = () if name == "verify" else ("--study", str(tmp_path / "my.toml"))
        return CliRunner().invoke(manage.cli, [name, *of_study, *arguments], env=environment, catch_exceptions=False)

    return run
