"""The token of participants' forms. It needs no cookie: in a recruitment platform's frame browsers keep ours back.

It is signed, and bound to what the form was made for (the study, the recruitment id), so that nobody can enrol under an
id with which they did not open the page; and a browser that says that another site sent the form is refused.
"""

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from study.errors import ConsentError

FIELD = "csrf_token"


def form_token(*purpose: str) -> str:
    return _serializer().dumps(purpose)


def require_form_token(*purpose: str) -> None:
    """Raise ConsentError unless the form carries the token made for this purpose and comes from our own page."""
    same_origin = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if not is_form_token(request.form.get(FIELD, ""), *purpose) or not same_origin:
        raise ConsentError("this form was made for another participant or study; open the study's address again")


def is_form_token(token: str, *purpose: str) -> bool:
    """Whether it was made by us for this purpose."""
    try:
        made_for = _serializer().loads(token)
    except BadSignature:
        return False
    return made_for == list(purpose)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["WTF_CSRF_SECRET_KEY"], salt="participant-form")
