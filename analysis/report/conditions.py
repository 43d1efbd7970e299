"""What the methods section says of conditions: who was in which, and which comparisons are between people."""

from collections.abc import Iterator

from analysis.data.conditions import BETWEEN, PARTLY, names, whose
from analysis.data.export import Export
from analysis.display.wording import Translation
from contracts.methods import method_name


def conditions_told(export: Export, translate: Translation) -> list[str]:
    """Sentences on the design; none where the study has no conditions."""
    if not export.conditions:
        return []
    quoted = [translate.quoted(condition.name) for condition in export.conditions]
    return [
        translate(
            "Each participant was assigned to one of {n} conditions: {names}. New participants were assigned to"
            " the condition with the largest share of its ratings missing, at random where several were equal, and"
            " were not told. The ratings planned for an item were collected in each condition that shows it.",
            n=len(quoted),
            names=", ".join(quoted),
        ),
        *_shown(export, translate),
    ]


def _shown(export: Export, translate: Translation) -> Iterator[str]:
    for task in export.tasks:
        doing = names(export, task)
        if len(doing) < len(export.conditions):
            told = ", ".join(map(translate.quoted, doing))
            yield translate("Only {conditions} did “{task}”.", conditions=told, task=task.name)
        for condition in export.conditions:
            changes = condition.changes(task.name)
            shown = [method_name(name) for name in changes.get("methods", ())] + list(changes.get("networks", ()))
            if shown:
                yield translate(
                    "In “{task}”, {condition} saw {shown}.",
                    task=task.name, condition=translate.quoted(condition.name), shown=", ".join(shown),
                )  # fmt: skip
            if "wording" in changes:
                yield translate(
                    "In “{task}”, {condition} read the wording {wording}.",
                    task=task.name,
                    condition=translate.quoted(condition.name),
                    wording=translate.quoted(changes["wording"]),
                )


def between_people(export: Export, translate: Translation) -> list[str]:
    """Which comparisons are between people, and how these are computed; none where the study has no conditions."""
    if not export.conditions:
        return []
    apart = [
        f"{method_name(contrast.a)} − {method_name(contrast.b)} ({translate.quoted(contrast.task)})"
        for contrast in export.config.contrasts
        if whose(export, contrast) in (BETWEEN, PARTLY)
    ]
    sentences = [
        translate("Different people saw the two in the comparisons {comparisons}.", comparisons="; ".join(apart))
    ]
    return (sentences if apart else []) + [
        translate(
            "The variance between participants is the sum of those within the conditions, each with the correction for"
            " its own number of people, with degrees of freedom by Satterthwaite (1946)."
        )
    ]
