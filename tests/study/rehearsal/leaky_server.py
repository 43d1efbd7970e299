"""The application with holes in some studies, named by their slugs: what the blind check must find. Run under gunicorn."""

import time
from pathlib import Path

from flask import Flask, Response, g, json, request
from sqlalchemy import or_, select

from study import create_app
from study.database.find import find_picture
from study.database.schema import ATTENTION, Item, Participant, Study, Trial

LEAKS = {  # slug of a study → its holes and what each tells, of which task
    "length": {"length": "method of 'seeing'"},
    "several": {
        "header": "method of 'seeing'",
        "slow": "network of 'trusting'",
        "reply": "truth of 'seeing'",
        "flag": "catch of 'seeing'",
    },
    "slower": {"slow": "network of 'trusting'"},
}
SLOWER_BY_S = {"several": 0.06, "slower": 0.5}
HONEST = "honest"


def has(slug: str, hole: str) -> bool:
    return hole in LEAKS.get(slug, {})


def app() -> Flask:
    leaky = create_app()
    database = leaky.extensions["discern-database"]

    def look_up() -> None:
        """The trial that this request is about, and the slug of its study."""
        given = request.view_args or {}
        token = given.get("trial_token") or given.get("image_token") or ""
        with database.reading() as session:
            found = session.execute(
                select(Trial, Item, Study.slug)
                .join(Item, Trial.item_id == Item.id)
                .join(Participant, Trial.participant_id == Participant.id)
                .join(Study, Participant.study_id == Study.id)
                .where(or_(Trial.trial_token == token, Trial.left_image_token == token))
            ).one_or_none()
        g.trial, g.item, g.slug = found or (None, None, "")

    @leaky.before_request
    def slower_for_one_network() -> None:
        look_up()
        if has(g.slug, "slow") and g.trial.right_stimulus_id and g.trial.left_stimulus_id == g.item.stimulus_a_id:
            time.sleep(SLOWER_BY_S[g.slug])

    @leaky.after_request
    def tells(response: Response) -> Response:
        if has(g.slug, "header") and "image_token" in request.view_args:
            response.headers["X-Cache"] = f"{len(g.item.method) * 7919}"
        elif has(g.slug, "length") and "image_token" in request.view_args:
            with database.reading() as session:
                folder, file = find_picture(session, **request.view_args)
            response.set_data(Path(folder, file).read_bytes())
        elif has(g.slug, "reply") and "trial_token" in request.view_args and response.is_json:
            place = g.trial.option_order.index(g.item.category) if g.item.foil else 0
            response.set_data(json.dumps(response.get_json() | {"points": place}))
        elif request.endpoint == "protocol.show_plan":
            flag_checks(response)
        return response

    def flag_checks(response: Response) -> None:
        plan = response.get_json()
        tokens = [trial["trial_token"] for trial in plan["trials"]]
        with database.reading() as session:
            checks = session.execute(
                select(Trial.trial_token, Study.slug)
                .join(Participant, Trial.participant_id == Participant.id)
                .join(Study, Participant.study_id == Study.id)
                .where(Trial.trial_token.in_(tokens), Trial.purpose == ATTENTION, Trial.task == "seeing")
            ).all()
        flagged = {token for token, slug in checks if has(slug, "flag")}
        for trial in plan["trials"]:
            trial["required"] = trial["trial_token"] in flagged
        response.set_data(json.dumps(plan))

    return leaky
