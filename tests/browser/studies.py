"""A small study on a real server: pictures drawn here, a SQLite file, werkzeug in a thread."""

import hashlib
import io
import logging
import random
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image, ImageDraw, ImageFilter
from sqlalchemy import select
from werkzeug.serving import make_server

from contracts.stimulus_set import Stimulus
from study import close_app, create_app
from study.conduct.admins import create_admin
from study.conduct.opening import open_study
from study.database.db import Database, connect, upgrade
from study.database.schema import FIRST_ANSWER, Demographic, Event, Participant, Response, Trial
from tests.languages.pseudo import pseudo
from tests.study.samples import NOW, SECRET, document, seeing, sha256, trusting
from tests.study.visitor import join

RESEARCHER = ("ada", "a long password for tests")
SIZE = 224
TRIALS = {"seeing": 3, "trusting": 2}
TOTAL = sum(TRIALS.values())
NETWORKS = ("quokka", "numbat")  # words that stand nowhere else on a page
PAIR = ("diningtable", "dog")  # each picture of the first task is of one of the two
TITLES = {"en": "What did the network see?", "ko": "신경망은 무엇을 보았을까요?", "de": "Was hat das Netz gesehen?"}
_TEXTS = Path(__file__).parents[2] / "examples/texts"
CONSENTS, DEBRIEFINGS = (
    {language: (_TEXTS / f"demo-{name}.{language}.md").read_text(encoding="utf-8") for language in TITLES}
    for name in ("consent", "debriefing")
)


def definition(
    provider: str,
    languages: tuple[str, ...],
    device: dict[str, Any] | None = None,
    about: tuple[dict[str, Any], ...] = (),
    participants: dict[str, Any] | None = None,
    questionnaires: tuple[dict[str, Any], ...] = (),
    screening: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Both tasks, with places for everybody whom the tests send."""
    tasks = (
        seeing(**{"images": TRIALS["seeing"], "k": 24, "networks": [NETWORKS[0]]} | changes),
        trusting(images=TRIALS["trusting"], k=96, networks=[*NETWORKS]),
    )
    sample = document(*tasks, provider=provider, device=device or {}, **participants or {})
    texts = {"title": TITLES, "consent": CONSENTS, "debriefing": DEBRIEFINGS}
    chosen = {
        field: {language: text.get(language) or pseudo(text["en"]) for language in languages}
        for field, text in texts.items()
    }
    sample["study"] |= {"languages": list(languages), "demographics": list(about)} | chosen
    return sample | {"questionnaires": list(questionnaires)} | ({"screening": screening} if screening else {})


@cache
def picture(seed: int) -> bytes:
    """A PNG that looks somewhat like a visualization: faint coloured edges on grey."""
    rng = random.Random(seed)
    canvas = Image.new("RGB", (SIZE, SIZE), (128, 128, 128))
    draw = ImageDraw.Draw(canvas)
    for _ in range(40):
        x, y, r = rng.gauss(SIZE / 2, 38), rng.gauss(SIZE / 2, 38), rng.uniform(4, 26)
        draw.arc((x - r, y - r, x + r, y + r), rng.uniform(0, 360), rng.uniform(0, 360), _tint(rng), rng.choice((1, 2)))
    content = io.BytesIO()
    canvas.filter(ImageFilter.SMOOTH).save(content, "PNG")
    return content.getvalue()


def _tint(rng: random.Random) -> tuple[int, ...]:
    return tuple(128 + rng.randrange(-70, 70) for _ in range(3))


def stimulus_set(folder: Path, tasks: list[dict[str, Any]]) -> tuple[Stimulus, ...]:
    """What the tasks ask for, with a picture each."""
    wanted = [
        (task["name"], f"{task['name']}_{i:03}", category, foil, network, method)
        for task in tasks
        for i in range(task["images"])
        for category, foil in ([(PAIR[1], "")] if task["kind"] == "trust" else [PAIR, PAIR[::-1]])
        for network in task["networks"]
        for method in task["methods"]
    ]
    rows = []
    for seed, (task, image_id, category, foil, network, method) in enumerate(wanted):
        content = picture(seed)
        digest = hashlib.sha256(content).hexdigest()
        path = folder / f"images/{digest[:2]}/{digest}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        name = hashlib.sha256(f"stimulus {seed}".encode()).hexdigest()[:32]
        where = str(path.relative_to(folder))
        rows.append(
            Stimulus(
                name, (task,), image_id, category, foil, network, method, where, digest, SIZE, SIZE, 3.0, 0.9, True
            )
        )
    return tuple(sorted(rows, key=lambda row: row.stimulus_id))


@dataclass(frozen=True)
class StoredAnswer:
    """A response as the database has it."""

    position: int
    task: str
    response: str
    rt: float
    time_elapsed: float


@dataclass(frozen=True)
class LiveStudy:
    """The running server and a look into its database."""

    origin: str
    app: Flask
    database: Database

    @property
    def landing(self) -> str:
        return f"{self.origin}/s/demo"

    def answers(self, token: str) -> list[StoredAnswer]:
        """The stored answers of a participant to the first question of each item, in order."""
        with self.database.reading() as session:
            rows = session.execute(
                select(Trial.position, Trial.task, Response.response, Response.rt, Response.time_elapsed)
                .join(Response, FIRST_ANSWER)
                .join(Participant, Participant.id == Trial.participant_id)
                .where(Participant.token == token)
                .order_by(Trial.position)
            )
            return [StoredAnswer(*row) for row in rows]

    def events(self, token: str) -> list[str]:
        with self.database.reading() as session:
            return list(
                session.scalars(
                    select(Event.event)
                    .join(Trial, Trial.id == Event.trial_id)
                    .join(Participant, Participant.id == Trial.participant_id)
                    .where(Participant.token == token)
                    .order_by(Event.id)
                )
            )

    def fills(self, people: int, simulated: int) -> None:
        """At least this number of people have taken the study, without a browser: the researchers' pages have something to show."""
        for kind, wanted in (("human", people), ("simulated", simulated)):
            for _ in range(wanted - self.finished(kind)):
                join(self.app, observer_kind=kind).finish()

    def finished(self, kind: str) -> int:
        with self.database.reading() as session:
            of_kind = session.query(Participant).filter_by(observer_kind=kind)
            return of_kind.filter(Participant.finished_at.is_not(None)).count()

    def counts(self) -> tuple[int, ...]:
        """Participants, trials, answers and events that are stored."""
        with self.database.reading() as session:
            return tuple(session.query(table).count() for table in (Participant, Trial, Response, Event))

    def devices(self, token: str) -> list[dict[str, Any]]:
        """What the participant's browser has said of itself."""
        with self.database.reading() as session:
            device = session.scalar(select(Participant.device).where(Participant.token == token))
        return (device or {}).get("reports", [])

    def about(self, token: str) -> dict[str, str]:
        """What the participant has told of themselves, by question."""
        with self.database.reading() as session:
            told = select(Demographic.question, Demographic.answer)
            rows = session.execute(
                told.join(Participant, Participant.id == Demographic.participant_id).where(Participant.token == token)
            )
            return {question: answer for question, answer in rows}

    def completion_code(self, token: str) -> str | None:
        with self.database.reading() as session:
            return session.scalar(select(Participant.completion_code).where(Participant.token == token))


def read_whole(app: Flask) -> Callable[..., list[bytes]]:
    """The application with each reply read, and its file closed, before it is sent: werkzeug leaves a file open when
    the browser hangs up in the middle of it."""

    def reply(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = app(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            body.close()

    return reply


@cache
def empty_database() -> bytes:
    """A SQLite file with all tables."""
    with tempfile.TemporaryDirectory() as folder:
        upgrade(f"sqlite:///{folder}/discern.db")
        return (Path(folder) / "discern.db").read_bytes()


@contextmanager
def serving(
    folder: Path, provider: str = "plain", languages: tuple[str, ...] = ("en",), root: str = "", **changes: Any
) -> Iterator[LiveStudy]:
    """Open the study in a fresh database under `folder` and serve it on a free port, below the path `root`.

    Of the `changes`, `device`, `participants`, `questionnaires` and `screening` are the definition's sections, `about` the questions
    about oneself; the others go to the first task.
    """
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    url = f"sqlite:///{folder / 'discern.db'}"
    (folder / "discern.db").write_bytes(empty_database())
    database = connect(url)
    sample = definition(provider, languages, **changes)
    with database.writing() as session:
        rows = stimulus_set(folder / "stimuli", sample["tasks"])
        open_study(session, sample, sha256(sample), rows, {"recipe": "paper-v1"}, folder / "stimuli", NOW)
        create_admin(session, *RESEARCHER, NOW)
        session.commit()
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "APPLICATION_ROOT": root or "/"})
    server = make_server("127.0.0.1", 0, read_whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield LiveStudy(f"http://127.0.0.1:{server.server_port}{root}", app, database)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        close_app(app)
        database.engine.dispose()
