"""What the participants' pages other than the questions have in common."""

from functools import partial
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markupsafe import Markup

from study.database.schema import OPEN, PAUSED, Study
from study.definition import FrozenDefinition, frozen_definition
from study.recruitment.plain import PLAIN
from study.recruitment.providers import PROVIDERS
from study.views.participant.forms import form_token
from study.views.server.headers import allow_provider
from study.views.server.languages import speak

COOKIE = "discern-token"


def study_page(study: Study, language: str, template: str, purpose: str, **shown: Any) -> str:
    """A page of the study; its form, if it has one, is made for `purpose`."""
    definition = frozen_definition(study)
    provider = PROVIDERS[definition.participants.provider]
    allow_provider(provider)
    return render_template(
        f"participant/{template}",
        title=definition.study.title[language],
        language=speak(language),
        contact=definition.study.contact[language],
        is_sent=provider.name != "plain",
        csrf_token=partial(form_token, purpose, study.slug),
        **start_anew(study),
        **shown,
    )


def start_anew(study: Study) -> dict[str, Any]:
    """What anew.html needs; no address where a platform's id, not the browser, says who somebody is."""
    config = frozen_definition(study).participants
    url = url_for("participant.start_anew_here", slug=study.slug) if config.provider == PLAIN.name else None
    return {"anew_url": url, "anew_token": partial(form_token, "anew", study.slug), "is_lab": config.lab}


def no_place(study: Study) -> tuple[str, int]:
    """The page for people who cannot join now: why, whom to ask and how to go back. A pause is no error."""
    reason = "full" if study.state == OPEN else study.state
    language = preferred_language(frozen_definition(study))
    status = 200 if study.state == PAUSED else 409
    return study_page(study, language, "no_place.html", "no-place", reason=reason), status


def forget(reply: ResponseReturnValue, slug: str) -> Response:
    """Remove the cookie by which this browser finds its participant again; nothing else of them changes."""
    response = make_response(reply)
    response.delete_cookie(COOKIE, path=url_for("participant.landing", slug=slug))
    return response


def forget_in_lab(reply: ResponseReturnValue, study: Study) -> ResponseReturnValue:
    """The same at the end of a session on a shared computer, which `[participants] lab` says it is."""
    return forget(reply, study.slug) if frozen_definition(study).participants.lab else reply


def preferred_language(definition: FrozenDefinition) -> str:
    """The study's language that the address or form asks for, else the browser's, else the study's first."""
    languages = definition.study.languages
    asked = request.values.get("language")
    return asked if asked in languages else request.accept_languages.best_match(languages, default=languages[0])


def to_html(text: str) -> Markup:
    """A text of the definition: paragraphs, lists, headings, links, emphasis; HTML in it is shown, not run."""
    return Markup(MarkdownIt("js-default", {"html": False, "linkify": False}).render(text))
