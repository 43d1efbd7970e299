"""An operator's machine for bench/upgrade.py: clones, a study that is packed in one and opened in another, a server."""

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench.servers import with_socket

ROOT = Path(__file__).resolve().parent.parent
IMAGES = 30  # trials of a person
MIGRATIONS = "migrations/versions"
REQUIREMENTS = "requirements-survey.txt"
DEFINITION = """
[study]
slug = "moved"
contact = "Ada, +000 000 000 000"
minutes = 5
title.en = "Which shape?"
consent.en = "texts/consent.md"
debriefing.en = "texts/debriefing.md"

[dataset]
format = "folder"
root = "pictures"
table = "pictures.csv"
categories = ["disc", "square"]

[methods.drawn]
pictures = "finished.csv"
name.en = "Drawn"

[stimuli]
output = "stimuli"
recipe = "as-is"

[[tasks]]
name = "seeing"
kind = "class-discrimination"
methods = ["drawn"]
networks = ["small"]
images = {images}
ratings_per_item = {people}
trials_per_participant = {images}

[participants]
provider = "prolific"
lease_minutes = 60
"""


@dataclass
class Host:
    """A clone with an environment of its own, and the settings that /etc/discern.env would hold."""

    folder: Path
    settings: dict[str, str]
    held: socket.socket
    log: Path
    server: subprocess.Popen[bytes] | None = None

    def run(self, *command: str, may_fail: bool = False) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        with self.log.with_name("commands.log").open("a") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}\n")
        if done.returncode and not may_fail:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
        return done.stdout

    def manage(self, *arguments: str, may_fail: bool = False) -> str:
        return self.run(".venv/bin/python", "manage.py", *arguments, may_fail=may_fail)

    @property
    def _environment(self) -> dict[str, str]:
        return {k: v for k, v in os.environ.items() if not k.startswith("DISCERN_")} | self.settings

    @property
    def port(self) -> int:
        return int(self.held.getsockname()[1])

    def start(self) -> None:
        command = [str(self.folder / ".venv/bin/python"), "manage.py", "serve", "--workers", "2"]
        with self.log.open("ab") as log:
            self.server = with_socket(
                self.held, command, cwd=self.folder, env=self._environment, stdout=log, stderr=log
            )

    def stop(self) -> None:
        if self.server:
            self.server.terminate()
            self.server.wait(timeout=90)

    def workers(self) -> set[str]:
        pid = self.server.pid if self.server else 0
        return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def reload(self) -> None:
        """`systemctl reload`; returns when all workers are new ones."""
        before = self.workers()
        assert self.server
        self.server.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 120
        while (before & self.workers() or len(self.workers()) < 2) and time.monotonic() < deadline:
            time.sleep(0.1)
        if before & self.workers():
            raise RuntimeError("the old workers have not ended after 120 s")


def git(*command: str, at: Path = ROOT) -> str:
    done = subprocess.run(["git", *command], cwd=at, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def earlier_version() -> str:
    """The commit before the last one that added a migration."""
    return git("rev-parse", git("log", "-1", "--diff-filter=A", "--format=%H", "--", MIGRATIONS) + "^")


def release(folder: Path, commit: str) -> Path:
    """What operators clone and pull from: a repository whose branch `main` is at `commit`."""
    git("clone", "--quiet", "--bare", str(ROOT), str(folder))
    git("update-ref", "refs/heads/main", commit, at=folder)
    git("symbolic-ref", "HEAD", "refs/heads/main", at=folder)
    return folder


def make_study(lab: Path, people: int) -> None:
    """In the clone `lab`: pictures, a table of finished explanations, texts and a definition."""
    folder, random = lab / "my-study", np.random.default_rng(1)
    for name in ("pictures", "finished", "texts"):
        (folder / name).mkdir(parents=True)
    for text_of in ("consent", "debriefing"):
        shutil.copy(lab / "examples" / "texts" / f"demo-{text_of}.en.md", folder / "texts" / f"{text_of}.md")
    shown, explained = ["picture,labels,split"], ["image,category,network,method,file"]
    for number in range(IMAGES):
        name = f"{number:02}.png"
        shown.append(f"{name},disc;square,val")
        _noise(folder / "pictures" / name, random)
        for category in ("disc", "square"):
            _noise(folder / "finished" / f"{category}-{name}", random)
            explained.append(f"{name},{category},small,drawn,finished/{category}-{name}")
    (folder / "pictures.csv").write_text("\n".join(shown) + "\n")
    (folder / "finished.csv").write_text("\n".join(explained) + "\n")
    (folder / "study.toml").write_text(DEFINITION.format(images=IMAGES, people=people))


def _noise(file: Path, random: np.random.Generator) -> None:
    Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(file)


def install(host: Path, environment: Path | None) -> float:
    """`make setup`, or links to an environment that is there; in how many seconds."""
    begun = time.monotonic()
    if environment:
        (host / ".venv").symlink_to(environment.resolve())
        (host / "node_modules").symlink_to(ROOT / "node_modules")
    else:
        subprocess.run(
            ["make", "setup", f"REQUIREMENTS={REQUIREMENTS}"], cwd=host, check=True, stdout=subprocess.DEVNULL
        )
    return time.monotonic() - begun


def pack(repository: Path, lab: Path, file: Path, people: int) -> None:
    """A study is made and packed in a clone that has this repository's environment."""
    git("clone", "--quiet", str(repository), str(lab))
    for name in (".venv", "node_modules"):
        (lab / name).symlink_to((ROOT / name).resolve())
    make_study(lab, people)
    for command in (("generate-stimuli",), ("pack", str(file))):
        words = [str(lab / ".venv/bin/python"), "manage.py", *command, "--study", "my-study/study.toml"]
        subprocess.run(words, cwd=lab, check=True, stdout=subprocess.DEVNULL)
