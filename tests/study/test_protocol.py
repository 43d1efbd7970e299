"""From the study's link to the completion code, as the contracts describe it."""

from flask import Flask

from tests.study.visitor import join


def test_a_participant_goes_from_the_link_to_the_completion_code(app: Flask) -> None:
    visitor = join(app)
    plan = visitor.plan()
    assert (plan["next_index"], plan["total"], len(plan["trials"])) == (0, 7, 7)
    assert visitor.client.get(f"/p/{visitor.token}/finish").headers["Location"].endswith("/study")
    assert len(visitor.finish()) == 8
    assert visitor.client.get(f"/p/{visitor.token}").headers["Location"].endswith("/finish")
    assert visitor.plan()["trials"] == []
