"""`./manage.py serve`: what it refuses to start with, and what gunicorn may not take from visitors."""

import subprocess
import sys
import urllib.request

import pytest

from study.database.db import ROOT, Database
from study.serve import served
from tests.study.samples import SECRET

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def environment(database: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCERN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)


def test_what_is_wrong_is_said_once_and_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCERN_SECRET_KEY", "short")
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("DISCERN_SECRET_KEY") == 1
    assert "Traceback" not in done.stderr


def test_a_visitors_headers_choose_no_address() -> None:
    """gunicorn takes a SCRIPT_NAME header from whoever asks from the same machine, unless it is told not to."""
    with served() as address:
        for prefix in ("/evil", "/researcher"):
            asked = urllib.request.Request(f"{address}/researcher/login", headers={"SCRIPT_NAME": prefix})
            with urllib.request.urlopen(asked, timeout=10) as reply:
                assert prefix + "/researcher" not in reply.read().decode()
