"""What the browser's program fetches and posts: the plan, images, answers. No cookie is read here."""

from pathlib import Path

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from study import clock
from study.database.find import find_participant, find_picture
from study.errors import AnswerConflictError, MalformedAnswerError, PictureMissingError, UnknownError
from study.taking_part.advice import Advice, refuse_early
from study.taking_part.answers import record_answer
from study.taking_part.comprehension import record_attempt
from study.taking_part.pictures import read_picture
from study.taking_part.plan import plan
from study.taking_part.questionnaire_answers import record_page
from study.taking_part.refusals import note_refusal
from study.views.participant.pages import show_instructions_picture
from study.views.server.counts import note_missed_picture
from study.views.server.database import database

bp = Blueprint("protocol", __name__, url_prefix="/p/<token>")


@bp.get("/plan")
def show_plan(token: str) -> ResponseReturnValue:
    with database().reading() as session:
        participant = find_participant(session, token)
        return plan(session, participant, lambda image: url_for("protocol.show_image", token=token, image_token=image))


@bp.get("/images/<image_token>")
def show_image(token: str, image_token: str) -> ResponseReturnValue:
    """Neither name, date, tag nor length of the file goes along: pictures must not be told apart by headers."""
    with database().reading() as session:
        try:
            folder, file = find_picture(session, token, image_token)
            refuse_early(session, token, image_token)
        except UnknownError:
            return show_instructions_picture(find_participant(session, token).study, image_token)
    try:
        content = read_picture(folder, file)
    except OSError:
        note_missed_picture(image_token, str(Path(folder, file)))
        raise PictureMissingError("this image is missing on the server") from None
    return Response(content, mimetype="image/png", headers={"Cache-Control": "private, max-age=86400, immutable"})


@bp.post("/images/<image_token>/missing")
def note_missing_image(token: str, image_token: str) -> ResponseReturnValue:
    """The browser has waited long for this picture."""
    if request.mimetype != "application/json":
        raise MalformedAnswerError("the report must be sent as application/json")
    with database().reading() as session:
        folder, file = find_picture(session, token, image_token)
    note_missed_picture(image_token, str(Path(folder, file)))
    return {}


@bp.post("/comprehension/<task>")
def check_comprehension(token: str, task: str) -> ResponseReturnValue:
    if request.mimetype != "application/json":
        raise MalformedAnswerError("the answers must be sent as application/json")
    with database().writing() as session:
        reply = record_attempt(session, token, task, request.get_data(), clock.now())
        session.commit()
    return reply


@bp.post("/questionnaires/<name>/<int:page>")
def answer_questionnaire(token: str, name: str, page: int) -> ResponseReturnValue:
    if request.mimetype != "application/json":
        raise MalformedAnswerError("the answers must be sent as application/json")
    with database().writing() as session:
        reply = record_page(session, token, name, page, request.get_data(), clock.now())
        session.commit()
    return reply


@bp.post("/trials/<trial_token>")
def answer(token: str, trial_token: str) -> ResponseReturnValue:
    if request.mimetype != "application/json":
        raise MalformedAnswerError("the answer must be sent as application/json")
    try:
        receipt = record_answer(database(), token, trial_token, request.get_data(), clock.now())
    except (AnswerConflictError, UnknownError) as refusal:
        with database().writing() as session:
            note_refusal(session, token, trial_token, refusal, clock.now())
            session.commit()
        raise
    finish = url_for("participant.finish", token=token) if receipt.done else None
    return jsonify(
        next_index=receipt.next_index,
        next_question=receipt.next_question,
        done=receipt.done,
        finish=finish,
        feedback=receipt.feedback,
        **_told(token, receipt.advice),
    )


def _told(token: str, advice: Advice | None) -> dict[str, object]:
    """As the plan of a page that is opened later has it; nothing where none is told."""
    if advice is None:
        return {}
    url = advice.image_token and url_for("protocol.show_image", token=token, image_token=advice.image_token)
    return {"advice": {"prompt": advice.prompt, "url": url}}
