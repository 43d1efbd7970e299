"""The page with the questions of the screening, between consent and a place in the study. Nothing is stored before."""

from collections.abc import Mapping
from typing import Any

from flask import render_template

from study.definition import FrozenDefinition

ANSWER = "screening-"  # before the names of the questions in the form


def show_screening(definition: FrozenDefinition, language: str, form: Mapping[str, str], **more: Any) -> str:
    """`form`: what the consent form said, which this page sends again with the answers. `more`: `action`, where it
    sends them, and `sheet`, the address of the information sheet; or what a preview needs."""
    return render_template(
        "participant/screening.html",
        title=definition.study.title[language],
        language=language,
        contact=definition.study.contact[language],
        introduction=definition.screening.introduction.get(language),
        questions=definition.screening.questions,
        kept=[(name, value) for name, value in form.items() if not name.startswith(ANSWER)],
        **more,
    )
