"""The sample study on either platform's stand-in, and the commands run on it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

import manage
from study.database.db import Database
from study.recruitment import exchange, mturk, prolific
from tests.study.recruitment import mturk_stand_in, prolific_stand_in
from tests.study.recruitment.accounts import Account, Recruit
from tests.study.recruitment.mturk_stand_in import SIGNER
from tests.study.recruitment.stand_in import standing_in
from tests.study.samples import SECRET, document, open_sample, seeing

STUDY = '[study]\nslug = "demo"\n'


@pytest.fixture(params=["prolific", "mturk"])
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    api = prolific_stand_in.Prolific() if request.param == "prolific" else mturk_stand_in.MTurk()
    with standing_in(api) as server:
        yield Account(request.param, api, server)


@pytest.fixture
def recruit(tmp_path, sqlite_url: str, account: Account, monkeypatch) -> Recruit:
    """Runs a command on the sample study against the stand-in."""
    study = tmp_path / "study.toml"
    study.write_text(STUDY)
    monkeypatch.setattr(exchange, "wait", lambda seconds: None)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in {
        "DISCERN_DATABASE_URL": sqlite_url,
        "DISCERN_SECRET_KEY": SECRET,
        exchange.ADDRESS: account.server.address,
        prolific.TOKEN_VARIABLE: "secret",
        mturk.ID_VARIABLE: SIGNER.key_id,
        mturk.SECRET_VARIABLE: SIGNER.secret,
    }.items():
        monkeypatch.setenv(name, value)

    def run(command: str, *options: str) -> Result:
        return CliRunner().invoke(manage.cli, ["recruit", command, "--study", str(study), *options])

    return run


@pytest.fixture
def opens(database: Database, tmp_path) -> Callable[[dict[str, Any]], None]:
    """Opens a study of the test's own definition; no server is needed."""

    def build(definition: dict[str, Any]) -> None:
        with database.writing() as session:
            open_sample(session, tmp_path / "stimuli", definition)

    return build


@pytest.fixture
def opened(account: Account, opens) -> None:
    """The sample study on either platform."""
    opens(document(seeing(images=2, k=20), provider=account.name))
