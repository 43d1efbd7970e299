"""What the participants' pages other than the questions have in common."""

from functools import partial
from typing import Any

from flask import render_template, request
from markdown_it import MarkdownIt
from markupsafe import Markup

from study.database.schema import OPEN, Study
from study.definition import FrozenDefinition, frozen_definition
from study.recruitment.providers import PROVIDERS
from study.views.participant.forms import form_token
from study.views.server.headers import allow_provider
from study.views.server.languages import speak


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
        **shown,
    )


def no_place(study: Study) -> tuple[str, int]:
    """The page for people who cannot join now: why, whom to ask and how to go back."""
    reason = "full" if study.state == OPEN else study.state
    language = preferred_language(frozen_definition(study))
    return study_page(study, language, "no_place.html", "no-place", reason=reason), 409


def preferred_language(definition: FrozenDefinition) -> str:
    """The study's language that the address or form asks for, else the browser's, else the study's first."""
    languages = definition.study.languages
    asked = request.values.get("language")
    return asked if asked in languages else request.accept_languages.best_match(languages, default=languages[0])


def to_html(text: str) -> Markup:
    """A text of the definition: paragraphs, lists, headings, links, emphasis; HTML in it is shown, not run."""
    return Markup(MarkdownIt("js-default", {"html": False, "linkify": False}).render(text))
