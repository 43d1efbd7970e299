"""The image `survey`, built step by step as its Dockerfile says (tests/image.py), starts, answers and stops."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from bench.servers import free_port
from tests.contracts.test_docs import ROOT
from tests.image import Builder, Image, ignored, size, stages

LIMIT = 700  # MB above the base
PATTERNS = ["var", "*.md", "!README.md", "**/__pycache__", "docs/*/draft?"]


def test_a_dockerfile_is_read_as_docker_reads_it():
    text = "# a comment\nFROM x:1 AS a\nRUN one \\\n# within\n  && two\n\nFROM a AS b\nCOPY . .\n"
    read = stages(text)
    assert {name: stage.base for name, stage in read.items()} == {"a": "x:1", "b": "a"}
    assert [(word, rest.split()) for word, rest in read["a"].steps] == [("RUN", ["one", "&&", "two"])]
    assert read["b"].steps == [("COPY", ". .")]


@pytest.mark.parametrize(
    ("path", "is_left_out"),
    [
        ("var", True),
        ("var/site/index.html", True),
        ("docs/var", False),
        ("notes.md", True),
        ("README.md", False),
        ("docs/notes.md", False),
        ("study/views/__pycache__/a.pyc", True),
        ("__pycache__", True),
        ("docs/how-to/draft1", True),
        ("docs/how-to/draft12", False),
    ],
)
def test_dockerignore_leaves_out_what_docker_leaves_out(path, is_left_out):
    """https://docs.docker.com/build/concepts/context/#dockerignore-files"""
    assert ignored(path, PATTERNS) is is_left_out


@pytest.fixture(scope="module")
def debian() -> None:
    if not shutil.which("apt-cache"):
        pytest.skip("no apt-cache: the names of Debian packages cannot be looked up")


@pytest.mark.slow
@pytest.mark.usefixtures("debian")
@pytest.mark.parametrize("step", ["apt-get install -y make no-such-package", "test -e kept && test -e left-out"])
def test_a_step_that_fails_is_named(tmp_path, step):
    checkout, place = tmp_path / "checkout", tmp_path / "place"
    checkout.mkdir()
    place.mkdir()
    for name in ("kept", "left-out"):
        (checkout / name).touch()
    (checkout / ".dockerignore").write_text("left-out\n")
    copied = "FROM python AS a\nWORKDIR /srv\nCOPY . .\nRUN test -e kept && apt-get install -y make\n"
    (checkout / "Dockerfile").write_text(f"{copied}USER 1\nRUN {step}\n")
    with pytest.raises(AssertionError, match=step):
        Builder(checkout, place).build("a")


@pytest.fixture(scope="module")
def image(debian: None) -> Iterator[Image]:
    with tempfile.TemporaryDirectory(prefix="discern-image-") as place:
        Path(place).chmod(0o755)
        built = Builder(ROOT, Path(place)).build("survey")
        if os.geteuid():  # else root owns all files, and the service's user may write to none of them
            subprocess.run(["chmod", "-R", "a-w", built.here], check=True)
        yield built


def run(image: Image, command: list[str], **settings: str) -> subprocess.Popen[str]:
    """As the image's user, with nothing in the environment but what Dockerfile and `settings` say."""
    environment = image.environment | {"TMPDIR": image.inside("/tmp"), "HOME": image.inside("/data")} | settings
    program = shutil.which(command[0], path=environment["PATH"])
    assert program, f"{command[0]} is not in the image"
    return subprocess.Popen(
        [program, *command[1:]],
        cwd=image.here,
        env=environment,
        text=True,
        user=None if os.geteuid() else int(image.user),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def done(image: Image, command: list[str], **settings: str) -> tuple[int, str]:
    """Exit status and output."""
    process = run(image, command, **settings)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def starts_answers_and_stops(image: Image) -> None:
    (key := Path(image.inside("/tmp/key"))).write_text(secrets.token_hex(32))
    settings = {"DISCERN_PRODUCTION": "1", "DISCERN_TRUSTED_HOSTS": "a.example", "DISCERN_SECRET_KEY_FILE": str(key)}
    entry, port = image.listed("ENTRYPOINT"), free_port()
    code, output = done(image, [*entry, "db", "upgrade"], **settings)
    assert code == 0, output
    check = [word.replace(f":{image.words['EXPOSE']}/", f":{port}/") for word in image.listed("HEALTHCHECK")]
    assert done(image, check)[0] != 0  # nothing is served yet
    server = run(image, [*entry, *image.listed("CMD"), "--port", str(port)], **settings)
    try:
        deadline = time.monotonic() + 120
        while done(image, check)[0]:
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < deadline, "the health check has no success"
            time.sleep(1)
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as reply:
            assert reply.status == 200
    finally:
        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=120)
    assert server.returncode == 0, output
    assert "Stopped." in output


def writes_to_its_volume_alone(image: Image) -> None:
    assert image.user != "root"
    write = ["sh", "-c", ': >> "$0"']
    assert done(image, [*write, "var/x"]) == (0, "")
    for path in ("x", "study/x", ".venv/x", "manage.py"):
        assert done(image, [*write, path])[0] != 0, path


def is_small_and_holds_neither_tests_nor_torch(image: Image) -> None:
    base = Path(image.inside("/usr"))
    megabytes = (size(image.root) - size(base)) / 1e6
    assert 200 < megabytes <= LIMIT, f"{megabytes:.0f} MB above the base"
    assert (image.here / "manage.py").is_file()
    assert not any((image.here / name).exists() for name in ("tests", ".git", ".ci", "bench", "Dockerfile"))
    assert not list(image.here.glob(".venv/lib/python*/site-packages/torch"))


@pytest.mark.slow
def test_the_image_does_what_it_is_made_for(image):
    """One test, because the image is built anew in each process that needs it."""
    is_small_and_holds_neither_tests_nor_torch(image)
    writes_to_its_volume_alone(image)
    starts_answers_and_stops(image)
