#!/usr/bin/env python3
"""What Discern does, written down, so that a change of its inside can be held against it.

    python bench/behaviour.py record before             # of this checkout
    python bench/behaviour.py record after --checkout ../other
    python bench/behaviour.py compare before after      # exit status 1 and the differences, or nothing

Two studies are made, opened, taken by simulated people, exported and analysed by the product's own commands: the
demo's tasks in two languages, and the tasks of the Grad-CAM paper. Recorded are the stimulus set, a participant's plan
in each language, the export, every table of the report, results.json and the report's text. Random numbers of the
server come from a counter, so that two runs of the same code are equal; times of day and random names are masked.

Numbers are compared to 12 significant digits: the last ones depend on the order in which a sum is taken.
`--words-aside` compares of texts only their numbers: for changes of wording.
"""

import argparse
import hashlib
import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PEOPLE = 16
DETERMINISTIC = """
import hashlib, itertools, secrets
import numpy.random as random
counter = itertools.count()
def some(n=32): return hashlib.shake_256(str(next(counter)).encode()).digest(n)
secrets.token_bytes = some
secrets.token_hex = lambda n=32: some(n).hex()
secrets.token_urlsafe = lambda n=32: hashlib.sha256(some(n)).hexdigest()[: (4 * n + 2) // 3]
secrets.choice = lambda values: values[int.from_bytes(some(8), "big") % len(values)]
default_rng = random.default_rng
random.default_rng = lambda seed=None: default_rng(next(counter) if seed is None else seed)
"""
PLANS = """
import json, re, sys
from study import close_app, create_app
slug, languages = sys.argv[1], sys.argv[2:]
app = create_app()
for language in languages:
    client = app.test_client()
    page = client.get(f"/s/{slug}?language={language}").text
    fields = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', page)) | {"consent": "yes", "language": language}
    entry = client.post(f"/s/{slug}/consent", data=fields).headers["Location"]
    print(json.dumps(client.get(f"{entry}/plan").get_json()))
close_app(app)
"""
SMALLER = (  # seeing, trusting: images, ratings per item, trials per participant
    ((20, 9, 16), (8, 1, 4)),
    ((15, 36, 12), (8, 2, 2)),
)
SIZE = "images = {}\nratings_per_item = {}\ntrials_per_participant = {}"
PAPER_TASKS = """
[[tasks]]
name = "seeing"
kind = "class-discrimination"
wording = "paper"
methods = ["deconvolution", "guided-backprop", "deconvolution-grad-cam", "guided-grad-cam"]
networks = ["strong"]
images = 8
ratings_per_item = 2
trials_per_participant = 8

[[tasks]]
name = "trusting"
kind = "trust"
wording = "paper"
methods = ["guided-backprop", "guided-grad-cam"]
networks = ["strong", "weak"]
images = 8
ratings_per_item = 5
trials_per_participant = 5
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record")
    record.add_argument("out", type=Path)
    record.add_argument("--checkout", type=Path, default=HERE)
    compare = commands.add_parser("compare")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    compare.add_argument("--words-aside", action="store_true")
    options = parser.parse_args()
    if options.command == "record":
        return _record(options.out, options.checkout.resolve())
    return _compare(options.before, options.after, options.words_aside)


def _record(out: Path, checkout: Path) -> int:
    if out.exists():
        raise SystemExit(f"{out} exists; name a new folder")
    folder = Path(tempfile.gettempdir(), "discern-behaviour")  # always the same: it is part of the definition's hash
    folder.mkdir()
    try:
        shutil.copytree(checkout / "models" / "checkpoints", folder / "checkpoints")
        (folder / "sitecustomize.py").write_text(DETERMINISTIC)
        (folder / "plans.py").write_text(PLANS)
        for name, definition in _definitions(folder, checkout).items():
            _Study(checkout, folder, name, definition).record(out / name)
    finally:
        shutil.rmtree(folder)
    return 0


def _definitions(folder: Path, checkout: Path) -> dict[str, Path]:
    demo = (checkout / "examples" / "demo.toml").read_text()
    for old, new in {
        "../var/demo/": f"{folder}/",
        "../models/": f"{folder}/",
        '"texts/': f'"{checkout}/examples/texts/',
    }.items():
        demo = demo.replace(old, new)
    small = demo.replace('slug = "demo"', 'slug = "demolike"')
    for full, fewer in SMALLER:
        assert SIZE.format(*full) in small
        small = small.replace(SIZE.format(*full), SIZE.format(*fewer))
    before, _, rest = demo.partition("[[tasks]]")
    paper = (
        before.replace('slug = "demo"', 'slug = "paperlike"') + PAPER_TASKS + rest[rest.index("[participants]") - 1 :]
    )
    paper = paper.replace(f"{folder}/stimuli", f"{folder}/stimuli-paper")
    written = {}
    for name, text in (("demolike", small), ("paperlike", paper)):
        written[name] = folder / f"{name}.toml"
        written[name].write_text(text)
    return written


class _Study:
    """One definition, run by the checkout's commands in a folder of its own."""

    def __init__(self, checkout: Path, folder: Path, name: str, definition: Path) -> None:
        self.checkout, self.folder, self.name, self.definition = checkout, folder, name, definition
        self.database = folder / f"{name}.sqlite3"
        self.environment = os.environ | {
            "DISCERN_DATABASE_URL": f"sqlite:///{self.database}",
            "DISCERN_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz",
            "PYTHONPATH": str(folder),
            "OMP_NUM_THREADS": "1",
        }

    def run(self, *arguments: object, environment: dict[str, str] | None = None) -> str:
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.checkout, env=self.environment | (environment or {}), capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def manage(self, command: str, *options: object) -> str:
        return self.run("manage.py", *command.split(), "--study", self.definition, *options)

    def record(self, out: Path) -> None:
        out.mkdir(parents=True)
        if not (self.folder / "scenes").exists():
            self.manage("make-scenes", "--train-images", 4, "--val-images", 150)
        self.manage("generate-stimuli")
        self.run("manage.py", "db", "upgrade")
        self.manage("open-study")
        self.plans(out)
        with self.served() as url:
            self.manage("simulate", "--url", url, "--participants", PEOPLE)
        self.manage("export", "--out", out / "export")
        for language in ("en", "ko"):
            report = out / f"report-{language}"
            self.run("manage.py", "analyze", out / "export", "--out", report, "--language", language)
        stimuli = next(self.folder.glob("stimuli-paper" if self.name == "paperlike" else "stimuli"))
        digest = hashlib.sha256((stimuli / "stimuli.csv").read_bytes()).hexdigest()
        (out / "stimuli.sha256").write_text(digest + "\n")

    def plans(self, out: Path) -> None:
        copy = self.folder / f"{self.name}-plans.sqlite3"
        shutil.copyfile(self.database, copy)
        url = {"DISCERN_DATABASE_URL": f"sqlite:///{copy}", "PYTHONPATH": f"{self.folder}:{self.checkout}"}
        plans = self.run(self.folder / "plans.py", self.name, "en", "ko", environment=url).splitlines()
        for language, plan in zip(("en", "ko"), plans, strict=True):
            (out / f"plan-{language}.json").write_text(json.dumps(json.loads(plan), indent=1, ensure_ascii=False))

    @contextmanager
    def served(self) -> Iterator[str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        one = ["--workers", "1", "--threads", "1"]
        command = [sys.executable, "manage.py", "serve", "--port", str(port), *one]
        server = subprocess.Popen(command, cwd=self.checkout, env=self.environment)
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=90)


def _compare(before: Path, after: Path, words_aside: bool) -> int:
    files = sorted({p.relative_to(f).as_posix() for f in (before, after) for p in f.rglob("*") if p.is_file()})
    differing = 0
    for name in files:
        if name.endswith((".png", ".svg")):  # drawn from the tables, which are compared
            continue
        both = [_content(folder / name, words_aside) for folder in (before, after)]
        if both[0] != both[1]:
            differing += 1
            print(f"{name}: {_first_difference(*both)}")
    return min(differing, 1)


def _content(file: Path, words_aside: bool) -> list[str]:
    """The lines of a file, masked; of an HTML file its text, one word a line."""
    if not file.is_file():
        return ["(no such file)"]
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        text = json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False)
    if file.suffix == ".html":
        text = re.sub(r"(?s)<(style|script).*?</\1>|<img[^>]*>", " ", text)
        text = "\n".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "(time)", text)
    text = re.sub(r"\b\d+\.\d{11,}(?:e-?\d+)?\b", lambda number: f"{float(number[0]):.12g}", text)
    names: dict[str, str] = {}
    for found in re.findall(r"\bp[0-9a-f]{16}\b|\b[A-Za-z0-9_-]{22}\b|\b[0-9a-f]{64}\b", text):
        names.setdefault(found, f"(name {len(names)})")
    text = re.sub(r"\bp[0-9a-f]{16}\b|\b[A-Za-z0-9_-]{22}\b|\b[0-9a-f]{64}\b", lambda m: names[m[0]], text)
    if words_aside and file.suffix in (".html", ".json") and "results" not in file.name:
        return re.findall(r"\d+(?:[.,]\d+)*", text)
    return text.splitlines()


def _first_difference(one: list[str], other: list[str]) -> str:
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return f"line {place + 1}: {a[:150]!r} became {b[:150]!r}"
    return f"{len(one)} lines became {len(other)}"


if __name__ == "__main__":
    sys.exit(main())
