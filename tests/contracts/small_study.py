"""A small study of the demo's scenes and networks, on which tests run the commands of `manage.py`."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

import manage
from bench.servers import free_port
from tests.study.samples import SECRET

ROOT = Path(__file__).parents[2]
SCENES = 120
SMALLER = {  # of examples/demo.toml: 64 + 16 items, so that sixteen people give each item exactly its ratings
    'slug = "demo"': 'slug = "small"',
    '"../var/demo/scenes"': '"scenes"',
    '"../var/demo/stimuli"': '"stimuli"',
    '"../models/': f'"{ROOT}/models/',
    '"texts/': f'"{ROOT}/examples/texts/',
    "images = 20\nratings_per_item = 9\ntrials_per_participant = 16": "images = 8\nratings_per_item = 1\ntrials_per_participant = 4",
    "images = 15\nratings_per_item = 36\ntrials_per_participant = 12": "images = 8\nratings_per_item = 2\ntrials_per_participant = 2",
}


def definition() -> str:
    source = (ROOT / "examples" / "demo.toml").read_text()
    for old, new in SMALLER.items():
        assert old in source, old
        source = source.replace(old, new)
    return source


@dataclass(frozen=True)
class Study:
    """A folder with a definition and a database, and the commands, which run in this process."""

    folder: Path

    @classmethod
    def write(cls, folder: Path) -> "Study":
        study = cls(folder)
        study.definition.write_text(definition())
        return study

    def copy(self, folder: Path) -> "Study":
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Study(folder)

    @property
    def definition(self) -> Path:
        return self.folder / "small.toml"

    @property
    def environment(self) -> dict[str, str]:
        return {"DISCERN_DATABASE_URL": f"sqlite:///{self.folder / 'study.sqlite3'}", "DISCERN_SECRET_KEY": SECRET}

    def run(self, *arguments: str) -> Result:
        """What became of it. An error that is no message to the user is raised."""
        return CliRunner().invoke(manage.cli, arguments, env=self.environment, catch_exceptions=False)

    def manage(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    def of_study(self, command: str, *options: str) -> str:
        return self.manage(command, "--study", str(self.definition), *options)

    @contextmanager
    def served(self) -> Iterator[str]:
        """The address of a server of its own process."""
        port = free_port()
        command = [sys.executable, "manage.py", "serve", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | self.environment)
        try:
            wait_until_listening(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=90)


def wait_until_listening(port: int, server: subprocess.Popen[bytes]) -> None:
    """Up to two minutes: a machine may do much else meanwhile."""
    deadline = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start; its exit status is {server.poll()}")
