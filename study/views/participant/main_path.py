"""Pages that participants see: information and consent, the study itself, the end."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from flask import Blueprint, Response, abort, current_app, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from contracts.observers import SIMULATED
from study import clock
from study.database.find import find_known, find_participant, find_study
from study.database.schema import OPEN, Participant, Study, TurnedAway
from study.definition import FrozenDefinition, frozen_definition
from study.errors import ConsentError, NotOpenError, RecruitmentError, StudyFullError
from study.markdown import to_html
from study.recruitment.plain import PLAIN
from study.recruitment.provider import Provider, Recruited
from study.recruitment.providers import PROVIDERS
from study.recruitment.testers import counted_as
from study.return_address import PID, asks_for
from study.security import new_token, recruitment_hash
from study.taking_part.about_oneself import is_asked
from study.taking_part.arrivals import KIND_HEADER
from study.taking_part.enrolment import JOINING_KINDS, Consent, is_full, join
from study.taking_part.farewell import farewell, hands_in_another, needed_to_return
from study.taking_part.questionnaire_answers import open_pages
from study.taking_part.turning_away import OUTCOME_OF, find_turned_away, is_asked_first, screen
from study.views.participant.forms import form_token, require_form_token
from study.views.participant.pages import (
    COOKIE,
    forget,
    forget_in_lab,
    no_place,
    preferred_language,
    set_cookie,
    start_anew,
    study_page,
)
from study.views.participant.screening_page import ANSWER, show_screening
from study.views.participant.sheet import information, linked
from study.views.participant.signed_arrivals import is_simulated, mark, verified_address
from study.views.server.database import database
from study.views.server.headers import allow_recruiters
from study.views.server.languages import speak

bp = Blueprint("participant", __name__)
bp.add_app_template_filter(linked)
_REMEMBERED_S = 30 * 24 * 3600
_BOX = "agree-"  # before the names of the consent form's further boxes
_LOGO_KEPT_S = 24 * 3600


@bp.get("/s/<slug>")
def landing(slug: str) -> ResponseReturnValue:
    """The information sheet; a participant who is known continues at once."""
    if (verified := verified_address(slug)) is not None:
        return redirect(verified, 303)
    with database().reading() as session:
        study = find_study(session, slug)
        definition, provider = _definition(study)
        recruited = _recruited(session, slug, provider, _of_link(definition))
        identity = recruitment_hash(_secret(), recruited.provider, recruited.key) if recruited else None
        remembered = request.cookies.get(COOKIE)
        known = find_known(session, study, identity, remembered)
        turned_away = None if known else find_turned_away(session, study, identity, remembered)
        # A form, because a GET changes nothing: sent, it tells us which assignment is to be handed in.
        comes_anew = known and recruited and hands_in_another(session, known, recruited.parameters)
        has_place = known or (
            study.state == OPEN and not is_full(session, study, _observer_kind(recruited), clock.now())
        )
    if known and not comes_anew:
        return redirect(url_for("participant.enter", token=known.token), 303)
    if turned_away:
        return _show_turned_away(study, turned_away, recruited)
    if not has_place:
        return no_place(study)
    if not known:
        _require_pid(definition, recruited)
    given: dict[str, Any] = recruited.parameters if recruited else {}
    language = speak(preferred_language(definition))
    sheet = information(definition, language, slug, PID in given)
    if provider.is_preview(request.args):
        return render_template("participant/platform_preview.html", **sheet)
    recruitment = given or {"visit": new_token()}
    return render_template(
        "participant/landing.html",
        **sheet,
        is_known=known is not None,
        action=url_for("participant.consent", slug=slug),
        recruitment=recruitment,
        query=request.query_string.decode(errors="replace"),
        csrf_token=partial(form_token, slug, *recruitment.values()),  # in place of the one that needs a cookie
        language_url=partial(_in_language, slug, given | mark()),
        decline_url=url_for("leaving.decline", slug=slug, **given | mark() | {"language": language}),
    )


@bp.get("/s/<slug>/logo")
def logo(slug: str) -> ResponseReturnValue:
    """The picture that the definition holds as text. A vector drawing runs no script: the policy forbids all."""
    with database().reading() as session:
        kind, _, content = frozen_definition(find_study(session, slug)).study.information.logo.partition(";base64,")
    if not content:
        abort(404)
    reply = Response(b64decode(content), mimetype=kind.removeprefix("data:"))
    reply.cache_control.max_age = _LOGO_KEPT_S
    return reply


@bp.post("/s/<slug>/consent")
def consent(slug: str) -> ResponseReturnValue:
    """Enrol."""
    form = request.form
    if form.get("consent") != "yes":
        raise ConsentError("taking part needs your consent")
    try:
        return _enrol(slug, form)
    except (NotOpenError, StudyFullError):  # since the page was opened
        with database().reading() as session:
            return no_place(find_study(session, slug))


def _enrol(slug: str, form: Mapping[str, str]) -> ResponseReturnValue:
    """Into the study; to the page for people who are turned away; or, before both, the questions of the screening."""
    with database().writing() as session:
        study = find_study(session, slug)
        definition, provider = _definition(study)
        recruited = _recruited(session, slug, provider, form)
        _require_pid(definition, recruited)
        if recruited is None:
            raise RecruitmentError("the form is not complete; open the study's address again")
        require_form_token(slug, *recruited.parameters.values())
        given = _consent(definition, recruited, form)
        turned_away = screen(session, slug, given, clock.now(), _secret())
        if turned_away is None and is_asked_first(session, study, given, _secret()):
            action = url_for("participant.consent", slug=slug)
            sheet = "?".join(filter(None, [url_for("participant.landing", slug=slug), form.get("query")]))
            return show_screening(definition, speak(given.language), form, action=action, sheet=sheet)
        if turned_away is None:
            participant = join(session, slug, given, clock.now(), np.random.default_rng(), _secret())
        session.commit()
    if turned_away:
        return _show_turned_away(study, turned_away, recruited)
    return _remember(
        redirect(url_for("participant.enter", token=participant.token), 303), definition, participant.token
    )


def _consent(definition: FrozenDefinition, recruited: Recruited, form: Mapping[str, str]) -> Consent:
    ticked = frozenset(name.removeprefix(_BOX) for name in form if name.startswith(_BOX))
    asked = [question.name for question in definition.screening.questions]
    answers = {name: form[ANSWER + name] for name in asked if ANSWER + name in form}
    kind = SIMULATED if recruited.is_rehearsal else form.get("observer_kind", "")
    return Consent(recruited, form.get("language", ""), kind, ticked, answers)


def _show_turned_away(study: Study, turned_away: TurnedAway, recruited: Recruited | None) -> Response:
    definition = frozen_definition(study)
    config = definition.participants
    address = url_for(
        "leaving.show_left",
        slug=study.slug,
        outcome=OUTCOME_OF[turned_away.why],
        language=preferred_language(definition),
        **needed_to_return(config, recruited.parameters if recruited else {}),
    )
    reply = redirect(address, 303)
    return make_response(reply) if config.lab else _remember(reply, definition, turned_away.token)


def _remember(reply: ResponseReturnValue, definition: FrozenDefinition, token: str) -> Response:
    is_framed = bool(definition.participants.frame_hosts)
    return set_cookie(make_response(reply), definition.study.slug, token, _REMEMBERED_S, is_framed)


def _recruited(session: Session, slug: str, provider: Provider, given: Mapping[str, str]) -> Recruited | None:
    """Who comes. Simulated participants have the plain link to any study; all who use it there count as simulated."""
    if is_simulated():
        visitor = PLAIN.identify(given)
        return visitor and replace(visitor, is_rehearsal=True)
    return counted_as(session, slug, provider.identify(given), _secret())


def _of_link(definition: FrozenDefinition) -> Mapping[str, str]:
    """The parameters of the link, the person's id under our own name for it."""
    given = request.args.get(definition.participants.pid_parameter)
    return request.args if given is None else request.args.to_dict() | {PID: given}


def _require_pid(definition: FrozenDefinition, recruited: Recruited | None) -> None:
    """Raise RecruitmentError where this link lacks the id by which people are led back, or known again."""
    config = definition.participants
    is_needed = definition.screening.not_after and config.provider == PLAIN.name
    if (is_needed or asks_for(config.return_url, PID)) and (recruited is None or PID not in recruited.parameters):
        raise RecruitmentError("please come through the recruiter's link: your id (pid) is missing from this address")


def _observer_kind(recruited: Recruited | None) -> str:
    """A program names its kind; browsers do not. Who rehearses is no person."""
    if recruited is not None and recruited.is_rehearsal:
        g.observer_kind = SIMULATED
        return SIMULATED
    return request.headers.get(KIND_HEADER, JOINING_KINDS[0])


@bp.post("/s/<slug>/anew")
def start_anew_here(slug: str) -> ResponseReturnValue:
    """Somebody else sits at this computer now. Only the browser forgets the participant before."""
    with database().reading() as session:
        definition, _provider = _definition(find_study(session, slug))
    require_form_token("anew", slug)
    is_framed = bool(definition.participants.frame_hosts)
    return forget(redirect(url_for("participant.landing", slug=slug), 303), slug, is_framed)


@bp.get("/p/<token>")
def enter(token: str) -> ResponseReturnValue:
    with database().reading() as session:
        participant = find_participant(session, token)
        is_new = participant.stopped_at is None and is_asked(session, participant, "start")
    page = "participant.finish" if participant.finished_at else "about.ask" if is_new else "participant.study"
    return redirect(url_for(page, token=token), 303)


@bp.get("/p/<token>/study")
def study(token: str) -> ResponseReturnValue:
    with database().reading() as session:
        participant = find_participant(session, token)
        definition, _provider = _definition(participant.study)
        has_pages = bool(open_pages(session, participant, definition))
    if participant.finished_at and not has_pages:
        return redirect(url_for("participant.finish", token=token), 303)
    if participant.stopped_at:
        return redirect(url_for("leaving.ask_whether_to_return", token=token), 303)
    return render_template(
        "participant/study.html",
        title=definition.study.title[participant.language],
        language=speak(participant.language),
        contact=definition.study.contact[participant.language],
        has_questionnaires=bool(definition.questionnaires),
        has_tiles=definition.has_tiles,
        has_sheets=definition.has_sheets,
        withdraw_url=url_for("withdrawal.ask", token=token),
        switches=_other_languages(definition, participant),
        plan_url=url_for("protocol.show_plan", token=token),
        finish_url=url_for("participant.finish", token=token),
        device_url=url_for("device.report", token=token),
        leave_url=url_for("leaving.ask", token=token),
        **start_anew(participant.study),
    )


def _other_languages(definition: FrozenDefinition, participant: Participant) -> list[tuple[str, str]]:
    """(code, address of the page that asks whether to switch to it)."""
    others = (code for code in definition.study.languages if code != participant.language)
    return [(code, url_for("participant.ask_language", token=participant.token, language=code)) for code in others]


@bp.get("/p/<token>/language")
def ask_language(token: str) -> ResponseReturnValue:
    """Asks in the other language: a click on the link by mistake must not interrupt a question for good."""
    with database().reading() as session:
        participant = find_participant(session, token)
        study = participant.study
    wanted = preferred_language(frozen_definition(study))
    back = url_for("participant.enter", token=token)
    return study_page(study, wanted, "language.html", "language", back=back, present=participant.language)


@bp.post("/p/<token>/language")
def switch_language(token: str) -> ResponseReturnValue:
    """From here on in the other language; answers that wait in the browser stay there."""
    language = request.form.get("language", "")
    with database().writing() as session:
        participant = find_participant(session, token)
        definition, _provider = _definition(participant.study)
        require_form_token("language", participant.study.slug)
        if language not in definition.study.languages:
            raise ConsentError(f"this study is not offered in language {language[:16]!r}")
        participant.language = language
        session.commit()
    return redirect(url_for("participant.enter", token=token), 303)


@bp.get("/p/<token>/finish")
def finish(token: str) -> ResponseReturnValue:
    with database().reading() as session:
        participant = find_participant(session, token)
        study = participant.study
        end = farewell(session, token)
        has_pages = "asked" not in request.args and open_pages(session, participant, frozen_definition(study))
        asks_first = "asked" not in request.args and is_asked(session, participant, "end")
    if end is None or has_pages:
        return redirect(url_for("participant.study", token=token), 303)
    if asks_first:
        return redirect(url_for("about.ask", token=token), 303)
    allow_recruiters(frozen_definition(study).participants)
    page = render_template(
        "participant/finish.html",
        **start_anew(study),
        title=end.title,
        language=speak(end.language),
        contact=end.contact,
        debriefing_html=to_html(end.debriefing),
        completion_code=end.completion_code,
        comment_url=url_for("about.comment", token=token) if end.asks_comment else None,
        comment=participant.comment,
        csrf_token=partial(form_token, "comment", study.slug),
        withdraw_url=url_for("withdrawal.ask", token=token),
        withdrawal_code=end.withdrawal_code,
        withdrawal_address=url_for("withdrawal.ask_for_code", slug=end.slug, _external=True),
        redirect_url=end.departure.url if end.departure else None,
        redirect_fields=end.departure.fields if end.departure else {},
    )
    return forget_in_lab(page, study)


def _definition(study: Study) -> tuple[FrozenDefinition, Provider]:
    definition = frozen_definition(study)
    provider = PROVIDERS[definition.participants.provider]
    allow_recruiters(definition.participants)
    return definition, provider


def _in_language(slug: str, parameters: dict[str, Any], language: str) -> str:
    return url_for("participant.landing", slug=slug, **parameters | {"language": language})


def _secret() -> str:
    return current_app.config["IDENTITY_KEY"]
