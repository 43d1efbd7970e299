"""Small studies for tests: definitions, and stimulus sets of one-colour PNG files."""

import hashlib
import json
import struct
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from contracts.stimulus_set import Stimulus
from study.conduct.opening import Opened, open_study
from study.database.db import Database
from study.database.loads import COLUMNS, counted
from study.database.schema import Item, Load, Participant, Trial
from study.recruitment.provider import Recruited
from study.security import new_token
from study.taking_part.answers import Receipt, record_answer
from study.taking_part.enrolment import Consent, join

SECRET = "a-secret-for-tests-0123456789-abcdefgh"
NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
METHODS = ("deconvolution", "guided-backprop", "deconvolution-grad-cam", "guided-grad-cam")
TRUST_METHODS = ("guided-backprop", "guided-grad-cam")


def seeing(images: int = 4, k: int = 2, trials: int | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "name": "seeing",
        "kind": "class-discrimination",
        "methods": list(METHODS),
        "networks": ["strong"],
        "images": images,
        "ratings_per_item": k,
        "trials_per_participant": trials or images,
    } | changes


def trusting(images: int = 3, k: int = 4, trials: int | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "name": "trusting",
        "kind": "trust",
        "wording": "robots",
        "methods": list(TRUST_METHODS),
        "networks": ["strong", "weak"],
        "images": images,
        "ratings_per_item": k,
        "trials_per_participant": trials or images,
    } | changes


def document(*tasks: dict[str, Any], slug: str = "demo", **participants: Any) -> dict[str, Any]:
    return {
        "study": {
            "slug": slug,
            "title": {"en": "What did the network see?"},
            "consent": {"en": "You are **invited**.\n\nNobody is paid <b>here</b>."},
            "debriefing": {"en": "It was about *explanations*."},
            "contact": "someone@example.org",
            "minutes": 4,
        },
        "tasks": list(tasks or (seeing(), trusting())),
        "participants": participants,
    }


def sha256(value: Any) -> str:
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def png(shade: int) -> bytes:
    """A 2 × 2 picture of one colour; different for each shade below 2²⁴."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    rows = (b"\0" + shade.to_bytes(3, "big") * 2) * 2
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def stimuli(folder: Path, tasks: list[dict[str, Any]]) -> tuple[Stimulus, ...]:
    """What the tasks ask for, written to `folder`."""
    wanted = []
    for task in tasks:
        for i in range(task["images"]):
            pairs = [("cat", "")] if task["kind"] == "trust" else [("dog", "tvmonitor"), ("tvmonitor", "dog")]
            for category, foil in pairs:
                for network in task["networks"]:
                    wanted += [
                        (task["name"], f"{task['name']}_{i:03}", category, foil, network, m) for m in task["methods"]
                    ]
    rows = []
    for shade, (task_name, image_id, category, foil, network, method) in enumerate(wanted):
        content = png(shade)
        digest = hashlib.sha256(content).hexdigest()
        file = f"images/{digest[:2]}/{digest}.png"
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
        name = hashlib.sha256("|".join((image_id, category, network, method)).encode()).hexdigest()[:32]
        rows.append(
            Stimulus(
                name, (task_name,), image_id, category, foil, network, method, file, digest, 2, 2, 3.25, 0.75, True
            )
        )
    return tuple(sorted(rows, key=lambda row: row.stimulus_id))


def open_sample(session: Session, folder: Path, definition: dict[str, Any] | None = None) -> Opened:
    definition = definition or document()
    rows = stimuli(folder, definition["tasks"])
    opened = open_study(session, definition, sha256(definition), rows, {"recipe": "paper-v1"}, folder, NOW)
    session.commit()
    return opened


def enrol(
    database: Database,
    seed: int = 0,
    now: datetime = NOW,
    observer_kind: str = "human",
    key: str | None = None,
    slug: str = "demo",
    provider: str = "plain",
) -> Participant:
    """Somebody joins, without a browser."""
    visit = key or new_token()
    given = Consent(Recruited(provider, visit, {"visit": visit}), "en", observer_kind)
    with database.writing() as session:
        participant = join(session, slug, given, now, np.random.default_rng(seed), SECRET)
        session.commit()
    return participant


def trials_of(database: Database, participant: Participant) -> list[Trial]:
    with database.reading() as session:
        mine = select(Trial).where(Trial.participant_id == participant.id).order_by(Trial.position)
        return list(session.scalars(mine))


def answer(database: Database, participant: Participant, trial: Trial, now: datetime = NOW, choice: int = 0) -> Receipt:
    body = {"response": trial.option_order[choice], "rt": 900, "time_elapsed": 5000, "trial_index": trial.position}
    return record_answer(database, participant.token, trial.trial_token, json.dumps(body).encode(), now)


def ratings(database: Database, observer_kind: str = "human") -> Counter[tuple[str, int]]:
    """(task, ratings within k) → number of items with this number of ratings."""
    given = (
        select(Trial.item_id, func.count().label("n"))
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Trial.state == "answered", Trial.is_overflow.is_(False), Participant.excluded.is_(False))
        .where(Participant.observer_kind == observer_kind)
        .group_by(Trial.item_id)
        .subquery()
    )
    with database.reading() as session:
        rows = session.execute(
            select(Item.task, func.coalesce(given.c.n, 0)).outerjoin(given, given.c.item_id == Item.id)
        )
        return Counter((task, n) for task, n in rows)


def count_loads_anew(session: Session) -> None:
    """After trials were put into the tables, or changed there, without the product's own functions."""
    session.execute(delete(Load))
    session.execute(insert(Load).from_select(COLUMNS, counted()))


def assert_loads_fit(database: Database) -> None:
    """The sums are what a count of all trials says, and everybody who holds an open trial is among those who may."""
    with database.reading() as session:
        kept = {
            (item, kind): n for item, kind, n in session.execute(select(Load.item_id, Load.observer_kind, Load.ratings))
        }
        assert {key: n for key, n in kept.items() if n} == {
            (item, kind): n for item, kind, n in session.execute(counted())
        }
        gone = select(Trial.id).join(Participant, Trial.participant_id == Participant.id)
        assert session.scalar(gone.where(Trial.state == "open", Participant.released).limit(1)) is None
