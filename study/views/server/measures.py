"""What a worker counts of its requests for Prometheus, by study; study/metrics.py shows the numbers of all workers."""

import time
from functools import lru_cache

from flask import Flask, Response, g, request
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import SQLAlchemyError

from study.database.schema import Participant, Study
from study.views.server.database import database

_REMEMBERED = 4096  # participants of whom a worker knows the study


def count(app: Flask, registry: CollectorRegistry = REGISTRY) -> None:
    """Count from now on. Requests that belong to no study here have an empty name of a study."""
    answers = Counter("discern_answers", "Answers that were acknowledged.", ["study"], registry=registry)
    refusals = Counter("discern_refusals", "Replies of status 4xx.", ["study", "status"], registry=registry)
    errors = Counter("discern_errors", "Replies of status 5xx.", ["study", "status"], registry=registry)
    seconds = Histogram("discern_request_seconds", "Time to a reply.", ["study"], registry=registry)

    @app.after_request
    def _count(response: Response) -> Response:
        study, status = _study(response), response.status_code
        seconds.labels(study).observe(time.perf_counter() - g.get("begun", time.perf_counter()))
        if status >= 400:
            (errors if status >= 500 else refusals).labels(study, status).inc()
        elif request.endpoint == "protocol.answer":
            answers.labels(study).inc()
        return response


def _study(response: Response) -> str:
    """A study that is there: a visitor's own words must not become names of numbers."""
    named = request.view_args or {}
    if response.status_code in (404, 500, 503) or not named.keys() & {"token", "slug"}:
        return ""
    try:
        return _of_participant(named["token"]) if "token" in named else _of_name(named["slug"])
    except (SQLAlchemyError, LookupError):
        return ""


@lru_cache(_REMEMBERED)
def _of_participant(token: str) -> str:
    return _found(select(Study.slug).join(Participant, Participant.study_id == Study.id), Participant.token == token)


@lru_cache(_REMEMBERED)
def _of_name(slug: str) -> str:
    return _found(select(Study.slug), Study.slug == slug)


def _found(query: Select[str], which: ColumnElement[bool]) -> str:
    """Raises LookupError, which no cache keeps."""
    with database().reading() as session:
        slug = session.scalar(query.where(which))
    if slug is None:
        raise LookupError("no such study")
    return slug
