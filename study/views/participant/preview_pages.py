"""What both previews show and reply: pages as participants see them; nothing that is sent is read or stored."""

from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from contracts.tasks import NO
from study.definition import FrozenDefinition
from study.markdown import to_html


def show_questions(definition: FrozenDefinition, language: str, **addresses: Any) -> str:
    """The page of the questions; `addresses`: `plan_url`, `finish_url`, and what else the template takes."""
    return render_template(
        "participant/study.html",
        **_about(definition, language),
        has_questionnaires=bool(definition.questionnaires),
        has_tiles=definition.has_tiles,
        has_sheets=definition.has_sheets,
        **addresses,
    )


def show_last_page(definition: FrozenDefinition, language: str, **more: Any) -> str:
    debriefing = to_html(definition.study.debriefing[language])
    about = _about(definition, language)
    return render_template(
        "participant/finish.html",
        **about,
        debriefing_html=debriefing,
        completion_code="PREVIEW",
        redirect_url=None,
        **more,
    )


def _about(definition: FrozenDefinition, language: str) -> dict[str, Any]:
    study = definition.study
    return {"title": study.title[language], "language": language, "contact": study.contact[language], "preview": True}


def replies(name: str) -> Blueprint:
    """Routes that say thank you and forget: so nobody need be logged in, nor a form be ours."""
    bp = Blueprint(name, __name__)

    @bp.post("/trials/<trial_token>")
    def take_answer(**_: str) -> ResponseReturnValue:
        declined = {"advice": None} if (request.get_json(silent=True) or {}).get("response") == NO else {}
        return jsonify(next_index=None, done=False, finish=None, **declined)

    @bp.post("/comprehension/<task>")
    def take_check(**_: str) -> ResponseReturnValue:
        """Whatever is chosen in a preview is right."""
        return jsonify(passed=True, tries_left=0, wrong=[])

    @bp.post("/questionnaires/<name>/<int:page>")
    def take_page(page: int, **_: str) -> ResponseReturnValue:
        return jsonify(page=page)

    return bp
