"""The images and their composition: read by the tools of their formats, and settings by file."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import manage
from tests.contracts.test_docs import ROOT

TOOLS = Path(sys.executable).parent


def test_hadolint_finds_nothing():
    done = subprocess.run([TOOLS / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_composition_fits_the_specification():
    command = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_caddy_keeps_no_connection_to_the_survey_which_closes_idle_ones(tmp_path):
    """As the page on serving has it; Caddy itself reads the file where it is installed."""
    lines = (ROOT / "compose.yaml").read_text().partition("content: |\n")[2].partition("\nnetworks:")[0]
    shown = (ROOT / "docs" / "how-to" / "serve.md").read_text()
    assert lines.count("keepalive off") == 1
    assert shown.count("keepalive off") == shown.count("reverse_proxy ") == 2
    if caddy := shutil.which("caddy"):
        (tmp_path / "Caddyfile").write_text(lines.replace("${DISCERN_HOST}", "study.example.org"))
        command = [caddy, "adapt", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"HOME": str(tmp_path)})
        assert '"keep_alive":{"enabled":false}' in done.stdout, done.stderr


def test_what_the_images_copy_and_start_is_there():
    text = (ROOT / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        *sources, _ = shlex.split(line)
        assert all(source == "." or list(ROOT.glob(source)) for source in sources), line
    entry, arguments = (re.search(rf"^{word} (.*)$", text, re.MULTILINE)[1] for word in ("ENTRYPOINT", "CMD"))
    assert entry == '["discern"]'
    command = re.findall(r'"([^"]*)"', arguments)
    assert CliRunner().invoke(manage.cli, [*command, "--help"]).exit_code == 0
    targets = set(re.findall(r" AS (\S+)$", text, re.MULTILINE))
    composed = (ROOT / "compose.yaml").read_text()
    assert set(re.findall(r"target: (\w\S*)", composed)) < targets
    assert set(re.findall(r"--target (\S+)", text + composed)) < targets


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch):
    """Runs a command that needs the environment, with these settings."""

    def run(**settings: str):
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(manage.cli, ["schema"])

    return run


def test_a_setting_can_stand_in_a_file(tmp_path, version, monkeypatch):
    monkeypatch.delenv("DISCERN_SECRET_KEY", raising=False)
    (tmp_path / "key").write_text("s" * 40 + "\n")
    assert version(DISCERN_SECRET_KEY_FILE=str(tmp_path / "key")).exit_code == 0
    assert manage.os.environ["DISCERN_SECRET_KEY"] == "s" * 40


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("x", {"DISCERN_LOG_LEVEL": "info"}, "DISCERN_LOG_LEVEL and DISCERN_LOG_LEVEL_FILE are both set"),
        ("\n", {}, "value is empty; write the setting into it"),
        (None, {}, "value cannot be read"),
    ],
)
def test_a_file_that_does_not_tell_the_setting_is_named(tmp_path, version, content, settings, message):
    if content is not None:
        (tmp_path / "value").write_text(content)
    done = version(DISCERN_LOG_LEVEL_FILE=str(tmp_path / "value"), **settings)
    assert done.exit_code != 0
    assert message in " ".join(done.output.replace("│", " ").split())
