"""What the participants' pages other than the questions have in common."""

from functools import partial
from typing import Any

from flask import Response, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study.config import ParticipantsConfig
from study.database.schema import OPEN, PAUSED, Study
from study.definition import FrozenDefinition, frozen_definition
from study.errors import UnknownError
from study.recruitment.plain import PLAIN
from study.return_address import PID, asks_for
from study.taking_part.farewell import early_departure
from study.tasks.wording import instructions_picture
from study.views.participant.forms import form_token
from study.views.server.headers import allow_recruiters
from study.views.server.languages import speak

COOKIE = "discern-token"


def study_page(study: Study, language: str, template: str, purpose: str, **shown: Any) -> str:
    """A page of the study; its form, if it has one, is made for `purpose`."""
    definition = frozen_definition(study)
    allow_recruiters(definition.participants)
    return render_template(
        f"participant/{template}",
        title=definition.study.title[language],
        language=speak(language),
        contact=definition.study.contact[language],
        is_sent=is_sent(definition.participants),
        csrf_token=partial(form_token, purpose, study.slug),
        **start_anew(study),
        **shown,
    )


def is_sent(config: ParticipantsConfig) -> bool:
    """Whether somebody else sent the participants, and wants them back."""
    return config.provider != PLAIN.name or config.return_url is not None


def start_anew(study: Study) -> dict[str, Any]:
    """What anew.html needs; no address where a platform's id, not the browser, says who somebody is."""
    config = frozen_definition(study).participants
    is_known_by_id = config.provider != PLAIN.name or asks_for(config.return_url, PID)
    url = None if is_known_by_id else url_for("participant.start_anew_here", slug=study.slug)
    return {"anew_url": url, "anew_token": partial(form_token, "anew", study.slug), "is_lab": config.lab}


def no_place(study: Study) -> tuple[str, int]:
    """The page for people who cannot join now: why, whom to ask and how to go back. A pause is no error."""
    reason = "full" if study.state == OPEN else study.state
    language = preferred_language(frozen_definition(study))
    status = 200 if study.state == PAUSED else 409
    departure = early_departure(study, reason, request.values)
    return study_page(study, language, "no_place.html", "no-place", reason=reason, departure=departure), status


def forget(reply: ResponseReturnValue, slug: str, is_framed: bool) -> Response:
    """Remove the cookie by which this browser finds its participant again; nothing else of them changes."""
    return set_cookie(make_response(reply), slug, "", 0, is_framed)


def forget_in_lab(reply: ResponseReturnValue, study: Study) -> ResponseReturnValue:
    """The same at the end of a session on a shared computer, which `[participants] lab` says it is."""
    config = frozen_definition(study).participants
    return forget(reply, study.slug, bool(config.frame_hosts)) if config.lab else reply


def set_cookie(response: Response, slug: str, token: str, max_age_s: int, is_framed: bool) -> Response:
    """The cookie only remembers the token, for people who open the study's link again.

    In a frame of another site browsers keep a cookie only where it is marked as one of that site's own partition.
    """
    response.set_cookie(
        COOKIE,
        token,
        max_age=max_age_s,
        path=url_for("participant.landing", slug=slug),
        httponly=True,
        samesite="None" if is_framed else "Lax",
        secure=is_framed or current_app.config["SESSION_COOKIE_SECURE"],
        partitioned=is_framed,
    )
    return response


def preferred_language(definition: FrozenDefinition) -> str:
    """The study's language that the address or form asks for, else the browser's, else the study's first."""
    languages = definition.study.languages
    asked = request.values.get("language")
    return asked if asked in languages else request.accept_languages.best_match(languages, default=languages[0])


def show_instructions_picture(study: Study, picture_id: str) -> Response:
    """A picture of the tasks' own instructions, which the definition holds. Raises UnknownError."""
    found = instructions_picture(frozen_definition(study).tasks, picture_id)
    if found is None:
        raise UnknownError("there is no such image")
    content, media_type = found
    return Response(content, mimetype=media_type, headers={"Cache-Control": "private, max-age=86400, immutable"})
