"""A classifier that sees everything but the pixels learns nothing; what is leaked on purpose it finds."""

import time
from dataclasses import replace

import pytest
from flask import Flask

from study.blind_check import Observation, judge
from study.db import Database
from study.errors import BlindnessError
from study.schema import Stimulus, Trial
from tests.study.samples import document, seeing, trusting
from tests.study.visitor import join

PEOPLE = 20


@pytest.fixture
def crawled(open_app, database: Database) -> tuple[list[Observation], dict[str, list[str]]]:
    """(what was seen of each picture, its labels), by participants who take the whole study."""
    app: Flask = open_app(document(seeing(images=6, k=40), trusting(images=4, k=40)))
    seen: list[Observation] = []
    for person in range(PEOPLE):
        visitor = join(app)
        for trial in visitor.plan()["trials"]:
            for image in trial["images"]:
                begun = time.perf_counter()
                reply = visitor.client.get(image["url"])
                seconds = time.perf_counter() - begun
                seen.append(Observation(person, len(seen), image["url"], dict(reply.headers), reply.data, seconds))
    with database.reading() as session:
        rows = session.query(
            Trial.left_image_token, Trial.right_image_token, Trial.left_stimulus_id, Trial.right_stimulus_id
        )
        shown = {token: stimulus for a, b, left, right in rows for token, stimulus in ((a, left), (b, right)) if token}
        stimuli = {stimulus.id: stimulus for stimulus in session.query(Stimulus)}
    of = [stimuli[shown[one.address.rpartition("/")[2]]] for one in seen]
    return seen, {name: [getattr(stimulus, name) for stimulus in of] for name in ("method", "network", "category")}


def test_nothing_beside_the_pixels_tells_method_network_or_truth(crawled) -> None:
    seen, labels = crawled
    in_task = [
        i for i, method in enumerate(labels["category"]) if method != "cat"
    ]  # the other task is known by its shape
    for name, chosen in (("method", in_task), ("category", in_task)):
        verdict = judge([seen[i] for i in chosen], [labels[name][i] for i in chosen], name)
        assert not verdict.leaks, verdict
    pairs = [i for i in range(len(seen)) if i not in set(in_task)]
    verdict = judge([seen[i] for i in pairs], [labels["network"][i] for i in pairs], "network")
    assert not verdict.leaks, verdict


LEAKS = {
    "a header": lambda one, label: replace(one, headers=one.headers | {"X-Arm": label}),
    "an entity tag": lambda one, label: replace(one, headers=one.headers | {"ETag": f'"{label}"'}),
    "a slower reply": lambda one, label: replace(one, seconds=one.seconds * (40 if label == "guided-grad-cam" else 1)),
    "bytes after the picture's end": lambda one, label: replace(one, content=one.content + b"\0" * len(label)),
    "the address": lambda one, label: replace(one, address=one.address[:-1] + label[-6]),
}


def test_a_planted_leak_is_found_and_too_few_pictures_are_no_proof(crawled) -> None:
    seen, labels = crawled
    chosen = [i for i, category in enumerate(labels["category"]) if category != "cat"]
    methods = [labels["method"][i] for i in chosen]
    for leak in LEAKS:
        leaking = [LEAKS[leak](seen[i], method) for i, method in zip(chosen, methods, strict=True)]
        assert judge(leaking, methods, "method").leaks, leak
    with pytest.raises(BlindnessError, match="too few to judge method"):
        judge(seen[:20], labels["method"][:20], "method")
