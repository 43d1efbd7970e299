"""Nothing that a participant's browser receives tells truth, method or network."""

from collections import defaultdict

from flask import Flask

from study.database.schema import Item, Stimulus, Trial
from tests.study.samples import METHODS
from tests.study.visitor import join


def everything_received(app: Flask) -> tuple[str, list[str]]:
    """All text and headers of one participation, and the headers of each image."""
    visitor = join(app)
    plan = visitor.client.get(f"/p/{visitor.token}/plan")
    images = [visitor.client.get(image["url"]) for trial in plan.get_json()["trials"] for image in trial["images"]]
    pages = [visitor.client.get(f"/p/{visitor.token}/study"), plan]
    pages += [visitor.send(trial) for trial in plan.get_json()["trials"][:-1]]
    texts = "".join(page.text + str(page.headers) for page in pages)
    return texts, [str(image.headers) for image in images]


def test_methods_networks_and_stimuli_are_nowhere_named(app: Flask, database) -> None:
    texts, headers = everything_received(app)
    with database.reading() as session:
        stimuli = session.query(Stimulus).all()
    secrets = {*METHODS, "strong", "weak"}
    secrets |= {s.stimulus_id for s in stimuli} | {s.sha256 for s in stimuli} | {s.image_id for s in stimuli}
    assert not [secret for secret in secrets if secret in texts or secret in "".join(headers)]


def test_images_differ_in_nothing_but_their_content(app: Flask) -> None:
    _, headers = everything_received(app)
    assert len(set(headers)) == 1, "the samples are of equal length, so even that header is the same"


def test_the_truth_cannot_be_read_off_the_plan(app: Flask, database) -> None:
    """Trials that differ in the truth alone look the same but for tokens and the order of options."""
    plans = [join(app).plan() for _ in range(4)]
    with database.reading() as session:
        truth = dict(session.query(Trial.trial_token, Item.category).join(Item, Trial.item_id == Item.id).all())
    shapes = defaultdict(set)
    first = defaultdict(list)
    for trial in (t for plan in plans for t in plan["trials"] if t["task"] == "seeing"):
        answer = truth[trial["trial_token"]]
        shown = {k: v for k, v in trial.items() if k not in ("trial_token", "index", "number", "questions")}
        shown["questions"] = [question["text"] for question in trial["questions"]]
        shown["images"] = [i | {"url": len(i["url"])} for i in shown["images"]]
        shapes[answer].add(str(shown))
        first[answer].append(trial["questions"][0]["options"][0]["value"] == answer)
    assert shapes["dog"] == shapes["tvmonitor"]
    assert sum(map(sum, first.values())) == 8, "the truth stands first in half of the 16 trials"
