"""A study in a browser before anything is frozen: a small application of its own, which keeps everything in memory."""

import hashlib
import threading
import weakref
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flask import Blueprint, Flask, Response, abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from contracts.stimulus_set import Stimulus
from study import clock
from study.conduct.opening import take_in
from study.conduct.preview import preview_image, preview_plan
from study.conduct.stand_ins import drawn, parts_of
from study.database.find import find_study
from study.database.schema import Base
from study.definition import FrozenDefinition, frozen_definition
from study.errors import StudyError, UnknownError
from study.views.participant.pages import show_instructions_picture
from study.views.participant.preview_pages import replies, show_last_page, show_questions
from study.views.participant.screening_page import show_screening
from study.views.participant.sheet import information, linked
from study.views.server import headers, languages, static_files
from study.views.server.frontend import bp as frontend
from study.views.server.languages import speak

bp = Blueprint("preview", __name__)
bp.register_blueprint(replies("replies"))
participant = Blueprint("participant", __name__)  # where the information sheet looks for the logo
_KEY = "discern-previewed"
_CHOSEN = ("language", "task", "condition")  # in the addresses
_SEED = 1  # of the order of the trials: the same after each change


class NotPreviewableError(StudyError):
    """The definition cannot be shown; the message says what is wrong with it."""


@dataclass(frozen=True)
class Source:
    """What is previewed: a definition's document, its stimuli and where they are."""

    document: dict[str, Any]
    stimuli: Sequence[Stimulus]
    folder: Path
    has_stand_ins: bool


@dataclass(frozen=True)
class Link:
    name: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Bar:
    """What the bar of each page shows: (heading, links). `asks`: the address that tells the present version."""

    version: str
    asks: str
    has_stand_ins: bool = False
    groups: tuple[tuple[str, list[Link]], ...] = ()


class Previewed:
    """The study of the definition as it is now, in a database in memory; made anew when `version` changes.

    `load` raises StudyError with what is wrong.
    """

    def __init__(self, load: Callable[[], Source], version: Callable[[], str]) -> None:
        self.load, self.version = load, version
        self._lock = threading.RLock()
        self._known = ""
        self._opened: tuple[Session, str, bool] | StudyError | None = None

    @contextmanager
    def opened(self) -> Iterator[tuple[Session, str, bool]]:
        """The session, the slug and whether pictures are stand-ins; one request at a time. Raises StudyError."""
        with self._lock:
            if (version := self.version()) != self._known or self._opened is None:
                self._known, self._opened = version, self._open()
            if isinstance(self._opened, StudyError):
                raise self._opened
            yield self._opened

    def _open(self) -> tuple[Session, str, bool] | StudyError:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        Base.metadata.create_all(engine)
        session = Session(engine)
        weakref.finalize(session, engine.dispose)  # an earlier version of the preview goes with its connection
        try:
            source = self.load()
            take_in(session, source.document, "", source.stimuli, {}, source.folder, clock.now())
        except StudyError as error:
            return error
        return session, source.document["study"]["slug"], source.has_stand_ins


def create_preview(load: Callable[[], Source], version: Callable[[], str]) -> Flask:
    """The application. `version` changes whenever something that `load` reads does."""
    app = Flask("study", static_folder=None)
    app.config["PRODUCTION"] = "0"
    app.extensions[_KEY] = Previewed(load, version)
    headers.init_app(app)
    static_files.init_app(app)
    languages.init_app(app)
    app.add_template_filter(linked)
    app.register_error_handler(StudyError, _wrong)
    for blueprint in (bp, participant, frontend):
        app.register_blueprint(blueprint)
    return app


@bp.get("/")
def sheet() -> ResponseReturnValue:
    """The information sheet; its button leads to the questions without asking for consent."""
    definition, language, bar = _shown()
    return render_template(
        "participant/landing.html",
        **information(definition, language, definition.study.slug),
        preview=_at("preview.screening" if definition.screening.questions else "preview.questions"),
        bar=bar,
        language_url=lambda code: _at("preview.sheet", language=code),
    )


@bp.get("/screening")
def screening() -> ResponseReturnValue:
    """Whatever is chosen leads on."""
    definition, language, bar = _shown()
    return show_screening(definition, language, {}, preview=_at("preview.questions"), bar=bar)


@bp.get("/questions")
def questions() -> ResponseReturnValue:
    definition, language, bar = _shown()
    return show_questions(definition, language, plan_url=_at("preview.plan"), finish_url=_at("preview.finish"), bar=bar)


@bp.get("/plan")
def plan() -> ResponseReturnValue:
    with _previewed().opened() as (session, slug, _has_stand_ins):
        study = find_study(session, slug)
        definition = frozen_definition(study)
        condition, task = _asked("condition", _conditions(definition)), _asked("task", _tasks(definition))
        return preview_plan(
            session, study, _language(definition), np.random.default_rng(_SEED), _picture_url, condition, task
        )


@bp.get("/pictures/<stimulus_id>")
def picture(stimulus_id: str) -> ResponseReturnValue:
    with _previewed().opened() as (session, slug, _has_stand_ins):
        study = find_study(session, slug)
        try:
            folder, file = preview_image(session, study, stimulus_id)
        except UnknownError:
            return show_instructions_picture(study, stimulus_id)
    if parts := parts_of(file):
        return Response(drawn(stimulus_id, parts), mimetype="image/svg+xml")
    try:
        return Response(Path(folder, file).read_bytes(), mimetype="image/png")
    except OSError:
        abort(404)


@bp.get("/finish")
def finish() -> ResponseReturnValue:
    definition, language, bar = _shown()
    return show_last_page(definition, language, bar=bar)


@bp.get("/version")
def version() -> ResponseReturnValue:
    return Response(_version(), mimetype="text/plain")


@participant.get("/s/<slug>/logo")
def logo(slug: str) -> ResponseReturnValue:
    with _previewed().opened() as (session, _slug, _has_stand_ins):
        kind, _, content = frozen_definition(find_study(session, slug)).study.information.logo.partition(";base64,")
    return Response(b64decode(content), mimetype=kind.removeprefix("data:"))


def _wrong(error: StudyError) -> ResponseReturnValue:
    bar = Bar(_version(), url_for("preview.version"))
    return render_template("researcher/preview_error.html", title="Preview", message=str(error), bar=bar), 409


def _shown() -> tuple[FrozenDefinition, str, Bar]:
    """What a page shows, in which language, under which bar."""
    with _previewed().opened() as (session, slug, has_stand_ins):
        definition = frozen_definition(find_study(session, slug))
    return definition, _language(definition), _bar(definition, has_stand_ins)


def _previewed() -> Previewed:
    return current_app.extensions[_KEY]


def _version() -> str:
    return hashlib.sha256(_previewed().version().encode()).hexdigest()[:16]


def _bar(definition: FrozenDefinition, has_stand_ins: bool) -> Bar:
    here = request.endpoint or ""
    shown_pages = [page for page in _PAGES if definition.screening.questions or page != "preview.screening"]
    pages = [Link(_PAGES[page], _at(page), page == here) for page in shown_pages]
    groups = [
        ("Page", pages),
        ("Language", _choices("language", definition.study.languages, _language(definition))),
        ("Task", _choices("task", ("", *_tasks(definition)), request.args.get("task", ""), "preview.questions")),
        ("Condition", _choices("condition", _conditions(definition), request.args.get("condition", ""))),
    ]
    shown = tuple((name, links) for name, links in groups if len(links) > 1)
    return Bar(_version(), url_for("preview.version"), has_stand_ins, shown)


_PAGES = {
    "preview.sheet": "information",
    "preview.screening": "screening",
    "preview.questions": "questions",
    "preview.finish": "last page",
}


def _choices(name: str, values: Sequence[str], current: str, page: str = "") -> list[Link]:
    page = page or request.endpoint or "preview.sheet"
    return [Link(value or "all", _at(page, **{name: value}), value == current) for value in values]


def _at(page: str, **changes: str) -> str:
    """The address of a page with what is chosen now, but for the changes."""
    kept: dict[str, Any] = {name: request.args[name] for name in _CHOSEN if name in request.args}
    return url_for(page, **{name: value for name, value in (kept | changes).items() if value})


def _picture_url(stimulus_id: str) -> str:
    return url_for("preview.picture", stimulus_id=stimulus_id)


def _language(definition: FrozenDefinition) -> str:
    return speak(_asked("language", definition.study.languages) or definition.study.languages[0])


def _tasks(definition: FrozenDefinition) -> tuple[str, ...]:
    return tuple(task.name for task in definition.tasks)


def _conditions(definition: FrozenDefinition) -> tuple[str, ...]:
    return tuple(condition.name for condition in definition.conditions)


def _asked(name: str, known: Sequence[str]) -> str:
    return asked if (asked := request.args.get(name, "")) in known else ""
