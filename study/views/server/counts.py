"""Counts opened first pages and failed replies; previews of a recruitment platform are nobody's arrival."""

import logging
from functools import partial

from flask import Flask, Response, current_app, g, request

from study import clock
from study.conduct.failures import PICTURE, Failures
from study.recruitment.providers import PROVIDERS
from study.taking_part.arrivals import KIND_HEADER, Arrivals
from study.taking_part.enrolment import JOINING_KINDS

log = logging.getLogger(__name__)

_KEY, _ARRIVALS, _MISSED = "discern-failures", "discern-arrivals", "discern-missed-pictures"


def init_app(app: Flask) -> None:
    use(app, Failures(clock.now()))
    app.extensions[_MISSED] = set()
    app.extensions[_ARRIVALS] = arrivals = Arrivals(app.config["DATABASE_URL"])

    @app.after_request
    def _count(response: Response) -> Response:
        if response.status_code >= 500:
            failures().add(clock.now())
        elif _is_first_page(response) and (kind := _kind()) in JOINING_KINDS:
            # Once the page is sent: no visitor waits for a count.
            response.call_on_close(partial(arrivals.add, (request.view_args or {})["slug"], kind, clock.now()))
        return response


def _kind() -> str:
    """Of the visitor; a page that knows better, because somebody rehearses, has noted it."""
    return g.get("observer_kind") or request.headers.get(KIND_HEADER, "human")


def _is_first_page(response: Response) -> bool:
    if request.endpoint != "participant.landing" or request.method != "GET" or response.status_code != 200:
        return False
    config = g.get("participants")
    return config is not None and not PROVIDERS[config.provider].is_preview(request.args)


def use(app: Flask, failures: Failures) -> None:
    """Count failures there from now on: the server's processes are given one that they share."""
    app.extensions[_KEY] = failures


def failures() -> Failures:
    return current_app.extensions[_KEY]


def note_missed_picture(image_token: str, file: str) -> None:
    """Log and count, once for each place in a participant's plan, that its picture did not come."""
    noted: set[str] = current_app.extensions[_MISSED]
    if image_token in noted:
        return
    noted.add(image_token)
    log.error("a participant waits in vain for the picture %s", file)
    failures().add(clock.now(), PICTURE)


def close(app: Flask) -> None:
    app.extensions[_ARRIVALS].close()
