"""A server process stays light, and importing the package does nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    reply = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(reply.stdout.split())


def test_a_server_loads_neither_torch_nor_the_other_packages() -> None:
    loaded = modules_after(
        "import study.views.participant.main_path, study.views.participant.protocol, study.views.researcher.accounts"
    )
    assert "study.taking_part.enrolment" in loaded
    others = {
        name
        for name in loaded
        if name.split(".")[0] in ("torch", "pandas", "models", "stimuli", "analysis", "matplotlib")
    }
    assert not others


def test_importing_the_package_starts_nothing() -> None:
    assert not modules_after("import study") & {"flask", "sqlalchemy", "study.database.db"}


def test_knowing_the_platforms_does_not_load_their_connections() -> None:
    assert not modules_after("import study.recruitment.providers") & {"ssl", "http.client", "urllib3"}
