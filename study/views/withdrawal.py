"""Pages on which participants take back what they gave, by their study's address or by the code of its last page."""

from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study.definition import frozen_definition
from study.errors import ConsentError
from study.participation import find_participant, find_study
from study.recruitment.providers import PROVIDERS
from study.schema import Study
from study.views.database import database
from study.views.forms import form_token, require_form_token
from study.views.headers import allow_provider
from study.views.languages import speak
from study.withdrawal import withdraw, withdraw_by_code

bp = Blueprint("withdrawal", __name__)


@bp.get("/p/<token>/withdraw")
def ask(token: str) -> ResponseReturnValue:
    with database().reading() as session:
        participant = find_participant(session, token)
        study = participant.study
    return _page(study, participant.language, "withdraw.html", back=url_for("participant.enter", token=token))


@bp.post("/p/<token>/withdraw")
def erase(token: str) -> ResponseReturnValue:
    _require_confirmed()
    with database().writing() as session:
        participant = find_participant(session, token)
        slug, language = participant.study.slug, participant.language
        require_form_token("withdraw", slug)
        withdraw(session, token, datetime.now(UTC))
        session.commit()
    return redirect(url_for("withdrawal.show_done", slug=slug, language=language), 303)


@bp.get("/s/<slug>/withdraw")
def ask_for_code(slug: str) -> ResponseReturnValue:
    with database().reading() as session:
        study = find_study(session, slug)
    return _page(study, _language(study), "withdraw.html", back=None)


@bp.post("/s/<slug>/withdraw")
def erase_by_code(slug: str) -> ResponseReturnValue:
    _require_confirmed()
    require_form_token("withdraw", slug)
    with database().writing() as session:
        language = _language(find_study(session, slug))
        withdraw_by_code(session, slug, request.form.get("code", ""), datetime.now(UTC))
        session.commit()
    return redirect(url_for("withdrawal.show_done", slug=slug, language=language), 303)


@bp.get("/s/<slug>/withdrawn")
def show_done(slug: str) -> ResponseReturnValue:
    with database().reading() as session:
        study = find_study(session, slug)
    return _page(study, _language(study), "withdrawn.html")


def _page(study: Study, language: str, template: str, **shown: str | None) -> str:
    definition = frozen_definition(study)
    allow_provider(PROVIDERS[definition.participants.provider])
    speak(language)
    return render_template(
        template,
        title=definition.study.title[language],
        language=language,
        contact=definition.study.contact,
        csrf_token=partial(form_token, "withdraw", study.slug),
        **shown,
    )


def _language(study: Study) -> str:
    languages = frozen_definition(study).study.languages
    asked = request.args.get("language")
    return asked if asked in languages else languages[0]


def _require_confirmed() -> None:
    if request.form.get("confirmed") != "yes":
        raise ConsentError("nothing was deleted: the box that confirms it was not ticked")
