"""What programs read: JSON that is nothing but JSON, silence where it is asked for, and no colours where they are not."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import manage
from commands import watch
from commands.new_study import published_studies
from study.conduct.status import Status, as_json, status
from study.database.db import Database, connect, upgrade
from tests.contracts.test_docs import ROOT
from tests.study.samples import NOW, SECRET, answer, document, enrol, open_sample, seeing, trials_of

PAGE = ROOT / "docs" / "how-to" / "watch.md"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One study, in which one person has finished, one is answering and a simulated one has come."""
    url = f"sqlite:///{tmp_path / 'study.db'}"
    upgrade(url)
    database = connect(url)
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(images=2, k=2), slug="my", limit=9))
    finished, answering, _ = (enrol(database, n, slug="my") for n in range(3))
    enrol(database, 3, slug="my", observer_kind="simulated")
    for person, count in ((finished, 2), (answering, 1)):
        for trial in trials_of(database, person)[:count]:
            answer(database, person, trial, NOW + timedelta(minutes=6))
    database.engine.dispose()
    (tmp_path / "my.toml").write_text('[study]\nslug = "my"\n')
    monkeypatch.setenv("DISCERN_DATABASE_URL", url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)
    monkeypatch.chdir(tmp_path)
    return url


def run(*arguments: str, **environment: str) -> str:
    done = CliRunner().invoke(manage.cli, arguments, env=environment, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_status_is_counted_right(url: str) -> None:
    database: Database = connect(url)
    with database.reading() as session:
        found = status(session, "my", NOW + timedelta(minutes=10))
    database.engine.dispose()
    people = (found.consented, found.finished, found.taking_part, found.stopped, found.expired, found.withdrew)
    assert people == (3, 1, 2, 0, 0, 0)
    assert (found.tasks[0].ratings, found.tasks[0].ratings_wanted, found.tasks[0].items) == (3, 32, 16)
    assert (found.median_minutes, found.limit, found.full) == (6.0, 9, False)
    assert as_json(found)["opened_at"] == "2026-01-02T03:04:05Z"


def test_json_is_one_document_that_has_the_fields_of_the_page(url: str) -> None:
    told = json.loads(run("status", "--study", "my.toml", "--json", FORCE_COLOR="1"))
    assert set(told) == set(Status.__dataclass_fields__)
    page = PAGE.read_text()
    assert [field for field in told if f"`{field}`" not in page] == []
    (study,) = json.loads(run("list", "--json"))
    assert (study["slug"], study["state"], study["finished"], study["ratings_wanted"]) == ("my", "open", 1, 32)
    assert [field for field in study if f"`{field}`" not in page] == []
    assert json.loads(run("retention", "--json")) == []
    (kept,) = json.loads(run("retention", "--json", "--keep-months", "3"))
    assert [field for field in kept if f"`{field}`" not in page] == []


def test_check_studies_and_power_have_json_too(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same states as the lines for people, and no line among the document."""
    page, demo = PAGE.read_text(), str(ROOT / "examples" / "demo.toml")
    lines, document = (CliRunner().invoke(manage.cli, ["check", "--study", demo, *more]) for more in ([], ["--json"]))
    told = json.loads(document.stdout)
    assert (told["ready"], document.exit_code) == (not lines.exit_code, lines.exit_code)
    shown = [
        f"{one['state']:<10} {one['name']}: {line}" for one in told["checks"] for line in one["words"].splitlines()
    ]
    assert shown == lines.stdout.splitlines()
    published = {one["slug"]: one for one in json.loads(run("studies", "--json"))}
    assert set(published) == set(published_studies())
    assert published["hive-agreement"]["name"] in run("studies")
    size = ["--images", "6", "--ratings", "1", "--ratings", "9", "--participants", "8", "--draws", "2"]
    planned = json.loads(run("power", "--study", demo, "--task", "seeing", *size, "--json"))
    possible, impossible = (planned["tasks"][0]["points"][place] for place in (0, -1))
    assert 0 <= possible["power"] <= 1
    assert (impossible["power"], "are too few" in impossible["note"]) == (None, True)
    assert [
        field for field in (*told, *told["checks"][0], *planned, *planned["tasks"][0]) if f"`{field}`" not in page
    ] == []
    assert all(Path(file).exists() for file in planned["files"])


def test_people_read_a_table(url: str) -> None:
    assert "my     open   2026-01-02  1         3 of 32  What did" in run("list")
    told = run("status", "--study", "my.toml")
    assert "3 of 32 ratings, 16 items" in told
    assert "3 consented, 1 finished" in told


@pytest.mark.parametrize(("environment", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_kept_to_on_a_terminal(
    url: str, monkeypatch, environment: dict[str, str], is_coloured: bool
) -> None:
    """Without it, the same terminal gets colours."""
    made = watch.Console
    monkeypatch.setattr(watch, "Console", lambda **options: made(force_terminal=True, **options))
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for command in (("list",), ("status", "--study", "my.toml")):
        assert ("\x1b[32m" in run(*command, **environment)) is is_coloured


def test_quiet_leaves_warnings_and_errors(url: str) -> None:
    assert run("-q", "list") == ""
    assert run("-q", "backup", "monday.backup") == ""
    assert Path("monday.backup").exists()
    refused = CliRunner().invoke(manage.cli, ["-q", "backup", "monday.backup"])
    assert refused.exit_code == 1
    assert "name a new file" in refused.stderr
