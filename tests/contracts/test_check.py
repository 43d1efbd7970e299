"""`./manage.py check` says before anything is made whether it could be."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner

import manage
from commands.check import require_sqlite
from study.errors import DatabaseNotReadyError
from tests.models.conftest import add_image, dataset  # noqa: F401 (fixtures)

ROOT = Path(__file__).parents[2]
WHOLE = (1, 1, 40, 30)


@pytest.fixture
def voc(add_image, dataset) -> Path:  # noqa: F811
    """20 pictures of an aeroplane and a bicycle, three of a bird alone, one of what the study does not know."""
    pictures = [("aeroplane", "bicycle")] * 20 + [("bird",)] * 3 + [("unicorn",)]
    for i, names in enumerate(pictures):
        folder = add_image(f"i{i:02}", [(name, WHOLE, 0) for name in names])
    return folder


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What `check` says of a row, for the demo's definition on these photographs with texts of it replaced."""
    monkeypatch.setenv("DISCERN_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    shutil.copytree(ROOT / "examples" / "texts", tmp_path / "texts")

    def told(row: str, replaced: dict[str, str] | None = None) -> str:
        text = (ROOT / "examples" / "demo.toml").read_text()
        given = {'"../var/demo/scenes"': '"."', '"2012"': '"2007"', "../models": str(ROOT / "models")} | (
            replaced or {}
        )
        for old, new in given.items():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "study.toml").write_text(text.replace("../var", "var"))
        lines = CliRunner().invoke(manage.cli, ["check", "--study", str(tmp_path / "study.toml")]).output.splitlines()
        return next(line for line in lines if f" {row}: " in line)

    return told


def test_photographs_that_fit_are_counted_and_no_network_runs(voc, told, monkeypatch) -> None:
    def runs(*_: object) -> None:
        raise AssertionError("a network computes something")

    monkeypatch.setattr(torch.nn.Module, "__call__", runs)
    line = told("photographs")
    assert line.startswith("ready")
    assert "24 images in split 'val'" in line
    assert "'seeing' shows 20 of 20 that fit, 'trusting' shows 15 of at most 23 that fit" in line
    assert "left out of 'seeing': 4 without 'exactly two annotated categories'" in line
    assert "left out of 'trusting': 1 without 'the top category annotated'" in line
    assert told("networks together").startswith("ready")
    assert "looked at when the stimuli are ready" in told("pictures")


def test_too_few_photographs_are_told_as_generating_would(voc, told) -> None:
    line = told("photographs", {"images = 20": "images = 21"})
    assert line.startswith("NOT READY")
    assert "task 'seeing' asks for 21 images, but 20 of 24 are eligible" in line
    line = told("photographs", {"images = 15": "images = 24"})
    assert "task 'trusting' asks for 24 images, but 23 of 24 are eligible" in line


def test_photographs_that_are_not_there_or_cannot_be_read_are_named(voc: Path, told) -> None:
    (voc / "JPEGImages" / "i00.jpg").write_bytes(b"no picture")
    assert "i00.jpg cannot be read" in told("photographs")
    shutil.rmtree(voc)
    assert "no VOC data in" in told("photographs")


def test_networks_that_are_not_there_or_are_one_are_named(voc: Path, told) -> None:
    absent = {"demo-weak.safetensors": "absent.safetensors"}
    assert "absent.safetensors is missing; make it with `./manage.py train`" in told("network weak", absent)
    assert told("networks together", absent).startswith("NOT READY")
    same = {"demo-weak": "demo-strong", "demo-alexnet": "demo-vgg", "features.11": "features.20"}
    assert "strong, weak are one checkpoint with one target layer" in told("networks together", same)


def test_a_sqlite_that_cannot_drop_columns_is_named_with_the_remedy(monkeypatch) -> None:
    monkeypatch.delenv("DISCERN_DATABASE_URL", raising=False)
    with pytest.raises(DatabaseNotReadyError, match=r"brings SQLite 3\.34\.1, 3\.35 or newer is needed; install"):
        require_sqlite((3, 34, 1))
    require_sqlite((3, 35, 0))
    monkeypatch.setenv("DISCERN_DATABASE_URL", "postgresql+psycopg://host/name")
    require_sqlite((3, 34, 1))


def test_categories_that_only_one_language_names_are_told(tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(ROOT / "examples" / "own-study", tmp_path, dirs_exist_ok=True)
    study = tmp_path / "study.toml"
    named = 'categories = { disc = "원", square = "정사각형", triangle = "삼각형" }'

    def texts() -> str:
        lines = CliRunner().invoke(manage.cli, ["check", "--study", str(study)]).output.splitlines()
        return next(line for line in lines if " texts: " in line)

    assert texts().startswith("ready      texts: complete in en, ko")
    made = [SimpleNamespace(tasks=("seeing", "trusting"), category=name) for name in ("disc", "bell_cote", "bell_cote")]
    with monkeypatch.context() as patched:
        patched.setattr("contracts.stimulus_set.read_stimuli", lambda _folder: tuple(made))
        assert "'bell_cote' is called the same in en and ko; name the category in [tasks.words.ko]" in texts()
    study.write_text(study.read_text().replace(named, named.replace(', triangle = "삼각형"', "")))
    assert texts() == (
        "WARNING    texts: 'triangle' is called the same in en and ko; name the category in [tasks.words.ko] categories"
    )
