"""The overview of a study: its state and how to change it, how far it is, and the participants who came last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import g, render_template, request, session

from contracts.observers import FAMILIES
from study import clock
from study.conduct.actions import was_looked_at
from study.conduct.amending import amendable
from study.conduct.people import Asked, listing
from study.conduct.progress import progress
from study.database.find import find_study
from study.database.schema import ANALYST
from study.errors import ConductError
from study.recruitment.reported import all_reported
from study.views.researcher.zone import zone
from study.views.server.database import database

NEWEST = 8  # participants shown


@dataclass(frozen=True)
class Form:
    """A form that is open on a page: what was filled in, and what is wrong with the field, if anything."""

    name: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    field: str = ""

    @classmethod
    def refused(cls, name: str, error: ConductError) -> "Form":
        """As it was sent, with the reason why nothing was changed."""
        text = str(error)
        return cls(name, request.form, f"{text[:1].upper()}{text[1:]}.", error.field)


def done(what: str, at: datetime, more: str = "", undo: str = "") -> None:
    """Let the next page say once what was done and when; `undo` is the state to which a click leads back."""
    session["done"] = {"what": what, "at": at.isoformat(), "more": more, "undo": undo}


def last_done() -> dict[str, Any] | None:
    """What `done` was told, once."""
    told = session.pop("done", None)
    return told and told | {"at": datetime.fromisoformat(told["at"])}


def overview(slug: str, form: Form) -> str:
    """The page, with `form` open. Raises UnknownError."""
    now, kind = clock.now(), request.args.get("kind", "")
    kind = kind if kind in FAMILIES else "human"
    with database().reading() as reading:
        study = find_study(reading, slug)
        shown = progress(reading, study, now, kind, zone())
        people = None if g.admin.role == ANALYST else listing(reading, study, Asked(kind), now, NEWEST)
        looked_at = was_looked_at(reading, slug)
        told = all_reported(reading, study) if kind == "human" else ()
        values = amendable(study.document) if form.name == "amend" else {}
    return render_template(
        "researcher/overview.html",
        admin=g.admin.name,
        slug=slug,
        progress=shown,
        listing=people,
        reported=told,
        is_looked_at=looked_at,
        form=form,
        amendable={key: value for key, value in values.items() if key != "information.logo"},
        done=last_done(),
        now=now,
    )
