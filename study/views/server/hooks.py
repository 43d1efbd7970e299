"""Where platforms tell of changes: `/hooks/prolific`. Only a message that is signed reaches the database."""

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue

from study import clock
from study.recruitment.hooks import read_change, store_change
from study.views.server.database import database

bp = Blueprint("hooks", __name__, url_prefix="/hooks")


@bp.post("/prolific")
def prolific() -> ResponseReturnValue:
    """204 for each signed message, also one of no use here: Prolific would repeat it, and end the subscription."""
    secret = current_app.config["PROLIFIC_HOOK_SECRET"]
    if not secret:
        abort(404)
    now = clock.now()
    change = read_change(dict(request.headers), request.get_data(), secret, now)
    if change is not None:
        with database().writing() as session:
            store_change(session, change, current_app.config["IDENTITY_KEY"], now)
            session.commit()
    return "", 204
