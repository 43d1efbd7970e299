"""`pack` and `unpack`: a study on another machine, whole and unchanged, or refused."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

import manage
from definition import load_definition
from definition.packing import MANIFEST
from tests.contracts.test_finished_pictures import FORMATS, ROOT

SECRET = "not a secret, only for a test"
ELSEWHERE = """
import sys
sys.modules |= {name: None for name in ("torch", "torchvision", "safetensors", "pycocotools", "captum")}  # importing them fails
from click.testing import CliRunner
import manage
def run(*arguments, status=0):
    done = CliRunner().invoke(manage.cli, arguments, catch_exceptions=False)
    print(done.output)
    assert done.exit_code == status, arguments
packed, folder = sys.argv[1:]
definition = folder + "/lab/study.toml"
run("unpack", packed, folder)
run("db", "upgrade")
run("open-study", "--study", definition)
run("check", "--study", definition)
run("name-units", "--study", definition, status=1)
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A study in lab/ with its texts beside it and its stimuli in another folder, made and packed."""
    folder = tmp_path_factory.mktemp("here")
    lab = folder / "lab"
    lab.mkdir()
    text = (FORMATS / "finished.toml").read_text()
    text = text.replace("../../var/format-finished", "../made").replace("../texts", "texts")
    (lab / "study.toml").write_text(text)
    (lab / "texts").symlink_to(ROOT / "examples" / "texts")
    for name in ("pictures", "pictures.csv", "boxes.csv", "finished", "finished.csv"):
        (lab / name).symlink_to(FORMATS / name)
    for command in (["generate-stimuli"], ["pack", str(folder / "study.zip")]):
        done = CliRunner().invoke(manage.cli, [*command, "--study", str(lab / "study.toml")])
        assert done.exit_code == 0, done.output
    return folder


def unpack(file: Path, folder: Path) -> str:
    done = CliRunner().invoke(manage.cli, ["unpack", str(file), str(folder)])
    assert done.exit_code == 1
    assert not folder.exists()
    assert "Traceback" not in done.output
    return done.output


def changed(packed: Path, file: Path, changes: dict[str, bytes | None], manifest: dict | None = None) -> Path:
    """A copy of the packed study with other contents (None: left out)."""
    with zipfile.ZipFile(packed / "study.zip") as old, zipfile.ZipFile(file, "w") as new:
        contents = {name: old.read(name) for name in old.namelist()} | changes
        if manifest is not None:
            contents[MANIFEST] = json.dumps(json.loads(contents[MANIFEST]) | manifest).encode()
        for name, content in contents.items():
            if content is not None:
                new.writestr(name, content)
    return file


def manifest(packed: Path) -> dict:
    with zipfile.ZipFile(packed / "study.zip") as archive:
        return json.loads(archive.read(MANIFEST))


@pytest.mark.slow
def test_a_packed_study_opens_on_a_machine_without_torch_and_photographs(packed, tmp_path):
    environment = os.environ | {
        "DISCERN_DATABASE_URL": f"sqlite:///{tmp_path / 'study.sqlite3'}",
        "DISCERN_SECRET_KEY": SECRET,
    }
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(packed / "study.zip"), str(tmp_path / "there")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not seen   photographs" in done.stdout
    assert "NOT READY" not in done.stdout
    assert "torch is not installed here" in done.stdout
    there = tmp_path / "there" / "lab" / "study.toml"
    assert load_definition(there).sha256 == load_definition(packed / "lab" / "study.toml").sha256


def test_only_what_the_study_needs_is_packed(packed):
    told = manifest(packed)
    assert told["definition"] == "lab/study.toml"
    assert {Path(name).parts[0] for name in told["files"]} == {"lab", "made"}
    assert not any(name.startswith("lab/pictures/") for name in told["files"])
    for name, sha256 in told["files"].items():
        assert hashlib.sha256((packed / name).read_bytes()).hexdigest() == sha256


def test_nothing_is_written_over(packed, tmp_path):
    definition = ["--study", str(packed / "lab" / "study.toml")]
    for file in (packed / "study.zip", Path(os.devnull)):
        done = CliRunner().invoke(manage.cli, ["pack", *definition, str(file)])
        assert done.exit_code == 1
        assert "exists" in done.output
    (tmp_path / "there").mkdir()
    done = CliRunner().invoke(manage.cli, ["unpack", str(packed / "study.zip"), str(tmp_path / "there")])
    assert (done.exit_code, "exists" in done.output) == (1, True)
    assert sorted(path.name for path in packed.iterdir()) == ["lab", "made", "study.zip"]


def test_a_changed_file_is_named(packed, tmp_path):
    picture = next(name for name in manifest(packed)["files"] if name.endswith(".png"))
    assert picture in unpack(changed(packed, tmp_path / "a.zip", {picture: b"other"}), tmp_path / "a")
    half = tmp_path / "half.zip"
    half.write_bytes((packed / "study.zip").read_bytes()[:5000])
    assert "damaged" in unpack(half, tmp_path / "b")


@pytest.mark.parametrize(
    "name", ["../out.txt", "/out.txt", "lab/../../out.txt", "C:\\out.txt", "a\\..\\out.txt", "a//b"]
)
def test_a_file_outside_of_the_folder_is_refused(packed, tmp_path, name):
    files = manifest(packed)["files"] | {name: hashlib.sha256(b"x").hexdigest()}
    file = changed(packed, tmp_path / "a.zip", {name: b"x"}, {"files": files})
    assert "not a study" in unpack(file, tmp_path / "in" / "there")
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({MANIFEST: None}, None),
        ({MANIFEST: b"[]"}, None),
        ({MANIFEST: b"{"}, None),
        ({"more.txt": b"not named"}, None),
        ({}, {"definition": "lab/other.toml"}),
        ({}, {"files": []}),
    ],
)
def test_what_was_not_packed_so_is_refused(packed, tmp_path, changes, told):
    assert "not a study" in unpack(changed(packed, tmp_path / "a.zip", changes, told), tmp_path / "there")


def test_a_definition_that_another_version_reads_differently_is_refused(packed, tmp_path):
    file = changed(packed, tmp_path / "a.zip", {}, {"definition_sha256": "0" * 64})
    assert "reads differently here" in unpack(file, tmp_path / "there")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"texts/demo-consent.en.md"', f'"{ROOT}/examples/texts/demo-consent.en.md"', "elsewhere on another machine"),
        ('"../made/stimuli"', '"s3://bucket/made"', "copy the definition"),
        ('"../made/stimuli"', '"${MADE_THERE}/stimuli"', "write it as seen from"),
    ],
)
def test_a_study_that_cannot_move_is_told_so(packed, tmp_path, monkeypatch, old, new, reason):
    monkeypatch.setenv("MADE_THERE", str(packed / "made"))
    text = (packed / "lab" / "study.toml").read_text()
    assert old in text
    other = packed / "lab" / "other.toml"
    other.write_text(text.replace(old, new))
    done = CliRunner().invoke(manage.cli, ["pack", "--study", str(other), str(tmp_path / "a.zip")])
    other.unlink()
    assert done.exit_code == 1
    assert reason in done.output
    assert not (tmp_path / "a.zip").exists()
