"""Who can take part, by the rules of the definition: age, device, screening, quotas, whom the platform invites."""

import json
from collections.abc import Iterator
from typing import Any

from analysis.notes import marked
from analysis.preregistration.plan import Plan

DEVICE = {
    "min_width": marked("The window must be at least {n} CSS pixels wide."),
    "min_height": marked("The window must be at least {n} CSS pixels high."),
}
INVITED = (
    "countries", "languages", "youngest", "oldest", "approval_percent", "approved_before", "not_after", "groups",
    "not_groups", "filters", "places",
)  # fmt: skip


def rules(plan: Plan) -> list[str]:
    """A sentence for each rule that decides who takes part; none where the definition has none."""
    return [*_age(plan), *_device(plan), *_invited(plan), *_screening(plan)]


def _age(plan: Plan) -> Iterator[str]:
    if age := plan.document["study"].get("minimum_age"):
        yield plan.translate("Participants confirm that they are at least {age} years old.", age=age)


def _device(plan: Plan) -> Iterator[str]:
    device = plan.document.get("participants", {}).get("device", {})
    yield from (plan.translate(sentence, n=device[key]) for key, sentence in DEVICE.items() if device.get(key))
    if device.get("phones") is False:
        yield plan.translate("People with phones are turned away.")
    if device.get("pointer") == "fine":
        yield plan.translate("A mouse or touchpad is needed.")


def _invited(plan: Plan) -> Iterator[str]:
    offer = plan.document.get("recruitment", {})
    if told := "; ".join(f"`{key}` {_listed(offer[key])}" for key in INVITED if offer.get(key)):
        yield plan.translate("The platform is asked for (keys of `recruitment`): {told}.", told=told)


def _listed(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in parts)


def _screening(plan: Plan) -> Iterator[str]:
    screening = plan.document.get("screening", {})
    questions = screening.get("questions", [])
    for question in questions:
        yield from _asked(plan, question)
    if test := [question for question in questions if question.get("right")]:
        told = {"n": len(test), "needed": screening.get("pass_mark") or len(test)}
        yield plan.translate("Entry test: {needed} of {n} right answers are needed.", **told)
    if earlier := screening.get("not_after"):
        yield plan.translate("People who joined these studies are turned away: {studies}.", studies=", ".join(earlier))


def _asked(plan: Plan, question: dict[str, Any]) -> Iterator[str]:
    """The sentences of a screening question: what it admits, and its quotas."""
    asked = plan.words(question["text"])
    options = {name: plan.translate.quoted(plan.words(text)) for name, text in question["options"].items()}
    if admit := question.get("admit"):
        told = ", ".join(options[name] for name in admit)
        yield plan.translate("Screening question: {asked} Admitted answers: {told}.", asked=asked, told=told)
    if quotas := question.get("quotas"):
        told = ", ".join(f"{options[name]} {most}" for name, most in quotas.items())
        yield plan.translate(
            "Screening question: {asked} Maximum number of participants by answer: {told}.", asked=asked, told=told
        )
