"""`.ci/release` in a small repository: tag, archive, checksums and notes; refused where something is missing."""

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHANGES = "# Changelog\n\n## Unreleased\n\nLater.\n\n## 1.2.0 (2026-11-27)\n\n- New: a method.\n\n### Mended\n\n- A fault.\n\n## 1.2\n\nOld.\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    (tmp_path / "contracts").mkdir()
    shutil.copy(ROOT / ".ci" / "release", tmp_path / ".ci" / "release")
    (tmp_path / "contracts" / "version.py").write_text('VERSION = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    (tmp_path / ".gitignore").write_text("dist/\n")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    me = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    return subprocess.run(["git", *me, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path) -> None:
    for key in ("name", "email"):
        git(folder, "config", f"user.{key}", "test@example.org")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")


def release(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([".ci/release", *arguments], cwd=folder, capture_output=True, text=True)


def test_a_release_has_a_tag_an_archive_checksums_and_notes(repository: Path) -> None:
    done = release(repository, "1.2.0")
    assert done.returncode == 0, done.stderr
    made = repository / "dist"
    assert (made / "notes-1.2.0.md").read_text().strip() == "- New: a method.\n\n### Mended\n\n- A fault."
    assert "### Mended" in git(repository, "tag", "-l", "--format=%(contents)", "v1.2.0")
    sums = dict(line.split()[::-1] for line in (made / "discern-1.2.0.sha256").read_text().splitlines())
    assert sums == {
        name: hashlib.sha256((made / name).read_bytes()).hexdigest()
        for name in ("discern-1.2.0.tar.gz", "notes-1.2.0.md")
    }
    with tarfile.open(made / "discern-1.2.0.tar.gz") as archive:
        assert "discern-1.2.0/contracts/version.py" in archive.getnames()


@pytest.mark.parametrize(
    ("version", "change", "reason"),
    [
        ("", None, "Which version"),
        ("1.2", None, "Which version"),
        ("1.2.1", None, "names another version"),
        ("1.2.0", ("CHANGELOG.md", "# Changelog\n\n## 1.2.0\n\n## 1.1.0\n\nOld.\n"), 'no section "## 1.2.0" with text'),
        ("1.2.0", ("CHANGELOG.md", "# Changelog\n\n## 1.2.00\n\nOther.\n"), 'no section "## 1.2.0" with text'),
    ],
)
def test_what_is_not_ready_is_refused(
    repository: Path, version: str, change: tuple[str, str] | None, reason: str
) -> None:
    if change:
        (repository / change[0]).write_text(change[1])
        commit(repository)
    done = release(repository, *([version] if version else []))
    assert done.returncode == 1
    assert reason in done.stderr
    assert git(repository, "tag") == ""
    assert not (repository / "dist").exists()


def test_open_changes_and_a_second_time_are_refused(repository: Path) -> None:
    (repository / "new.txt").write_text("new")
    assert "not committed" in release(repository, "1.2.0").stderr
    commit(repository)
    assert release(repository, "1.2.0").returncode == 0
    assert "exists already" in release(repository, "1.2.0").stderr


def test_zenodo_and_the_citation_say_the_same() -> None:
    zenodo = json.loads((ROOT / ".zenodo.json").read_text())
    citation = (ROOT / "CITATION.cff").read_text()
    assert all(word in citation for word in zenodo["keywords"])
    assert f"license: {zenodo['license']}" in citation
    assert zenodo["related_identifiers"][0]["identifier"] in citation
