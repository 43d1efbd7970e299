"""A participant in tests: walks through the pages with Flask's test client."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


@dataclass
class Visitor:
    client: FlaskClient
    token: str

    def plan(self) -> dict[str, Any]:
        return self.client.get(f"/p/{self.token}/plan").get_json()

    def send(self, trial: dict[str, Any], response: str | None = None, place: int = 0, **changes: Any) -> TestResponse:
        """Post an answer to the question at `place` of a trial of the plan; the first option when none is named."""
        question = trial["questions"][place]
        body = {
            "question": question["name"],
            "response": response or question["options"][0]["value"],
            "rt": 812.5,
            "time_elapsed": 1000.0 * (trial["index"] + 1),
            "trial_index": trial["index"],
            "events": [],
        } | changes
        return self.client.post(f"/p/{self.token}/trials/{trial['trial_token']}", json=body)

    def fills_in(self, page: dict[str, Any], **answers: str | None) -> TestResponse:
        """Post a page of a questionnaire; what is not named is left empty."""
        given = dict.fromkeys(item["name"] for item in page["items"]) | answers
        address = f"/p/{self.token}/questionnaires/{page['name']}/{page['page']}"
        return self.client.post(address, json={"answers": given, "time_on_page": 2500.0})

    def finish(self) -> str:
        """Answer everything that is open, attention checks as they ask; the completion code."""
        for trial in self.plan()["trials"]:
            first = trial["questions"][0]
            asked = [option["value"] for option in first["options"] if f"“{option['label']}”" in first["text"]]
            assert self.send(trial, *asked[:1]).status_code == 200
            for place in range(1, len(trial["questions"])):
                assert self.send(trial, place=place).status_code == 200
        page = self.client.get(f"/p/{self.token}/finish").text
        return re.search(r'id="completion-code">([A-Z0-9]+)<', page)[1]


def consent(app: Flask, query: str = "", slug: str = "demo", **fields: str) -> tuple[FlaskClient, TestResponse]:
    """A new browser opens the study's link and sends the consent form."""
    client = app.test_client()
    form = hidden_fields(client.get(f"/s/{slug}{query}", follow_redirects=True).text)
    form |= {"consent": "yes", "language": "en"} | fields
    return client, client.post(f"/s/{slug}/consent", data=form)


def join(app: Flask, query: str = "", slug: str = "demo", **fields: str) -> Visitor:
    client, reply = consent(app, query, slug, **fields)
    assert reply.status_code == 303, reply.text
    return Visitor(client, reply.headers["Location"].rsplit("/", 1)[-1])
