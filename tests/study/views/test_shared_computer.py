"""A computer that several people use: the next one can begin, and nobody's answers go to somebody else."""

import re

import pytest
from flask import Flask

from study.database.db import Database
from tests.study.samples import document, seeing
from tests.study.taking_part.test_leaving import leaves, withdraws
from tests.study.visitor import Visitor, hidden_fields, join

PROLIFIC = "?PROLIFIC_PID=5f0c1e2d3a4b&STUDY_ID=65aa&SESSION_ID=77bb"


def anew_form(page: str) -> str | None:
    found = re.search(r'<form class="anew no-print" method="post" action="/s/demo/anew">.*?</form>', page, re.DOTALL)
    return found and found[0]


def knows(visitor: Visitor) -> bool:
    """Whether the study's address leads this browser to the participant."""
    return visitor.client.get("/s/demo").status_code == 303


@pytest.mark.parametrize("page", ["study", "finish"])
def test_not_you_starts_anew_and_leaves_the_other_as_they_are(app: Flask, page: str) -> None:
    visitor = join(app)
    if page == "finish":
        visitor.finish()
    shown = visitor.client.get(f"/p/{visitor.token}/{page}").text
    assert "Not you? Start anew" in shown
    assert knows(visitor)
    reply = visitor.client.post("/s/demo/anew", data=hidden_fields(anew_form(shown)))
    assert (reply.status_code, reply.location) == (303, "/s/demo")
    assert not knows(visitor)
    assert visitor.client.get(f"/p/{visitor.token}/{page}").status_code == 200, "their own link still works"


def test_starting_anew_needs_the_form_of_our_own_page(app: Flask) -> None:
    visitor = join(app)
    assert visitor.client.post("/s/demo/anew").status_code == 400
    assert knows(visitor)
    assert visitor.client.post("/s/none/anew").status_code == 404


def test_where_a_platform_says_who_somebody_is_there_is_nothing_to_start_anew(open_app) -> None:
    visitor = join(open_app(document(seeing(), provider="prolific")), PROLIFIC)
    assert anew_form(visitor.client.get(f"/p/{visitor.token}/study").text) is None
    visitor.finish()
    assert anew_form(visitor.client.get(f"/p/{visitor.token}/finish").text) is None


@pytest.mark.parametrize("is_lab", [True, False])
@pytest.mark.parametrize("end", ["finishes", "stops", "withdraws"])
def test_a_laboratorys_computer_forgets_each_person_at_the_end(
    open_app, database: Database, is_lab: bool, end: str
) -> None:
    visitor = join(open_app(document(seeing(images=1, k=9), lab=is_lab)))
    assert knows(visitor), "until then a closed window loses nothing"
    match end:
        case "finishes":
            visitor.finish()
            last = visitor.client.get(f"/p/{visitor.token}/finish").text
        case "stops":
            last = leaves(visitor)
        case _:
            last = withdraws(visitor)
    assert ("Start for the next person" in last) == is_lab
    assert knows(visitor) == (not is_lab and end != "withdraws")
