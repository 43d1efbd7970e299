"""What the browser says of itself before the instructions. No cookie is read here."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from study import clock
from study.errors import MalformedAnswerError
from study.taking_part.device import record_device
from study.views.server.database import database

bp = Blueprint("device", __name__, url_prefix="/p/<token>")


@bp.post("/device")
def report(token: str) -> ResponseReturnValue:
    if request.mimetype != "application/json":
        raise MalformedAnswerError("the report must be sent as application/json")
    with database().writing() as session:
        record_device(session, token, request.get_data(), clock.now())
        session.commit()
    return {}
