"""What a reader must know before the results: interim data, amendments, looks before the end, pauses."""

from collections.abc import Iterator

from analysis.data.completeness import Reached
from analysis.data.course import Course, Extension
from analysis.data.export import Proof
from analysis.display.wording import Translation, count, level, percent
from analysis.report.answered_by import joined, turned_away
from analysis.results import ObserverResults


def cautions(results: ObserverResults, confidence: float, translate: Translation) -> tuple[str, ...]:
    """Sentences for the top of the report, the weightiest first; none where all went as planned."""
    course = results.course
    sentences = []
    if lacking := unfinished(results.reached, translate):
        sentences.append(
            translate("These are interim results: {lacking} of the planned ratings were in.", lacking=lacking)
        )
    sentences += [extended(extension, translate) for extension in course.extensions]
    if looks := looked(course, translate):
        sentences.append(looks)
    if course.pauses:
        sentences.append(
            translate.plural(
                "The study was paused or closed once before its last answer.",
                "The study was paused or closed {n} times before its last answer.",
                len(course.pauses),
            )
        )
    if refused := int(results.tables["turned-away"]["people"].sum()):
        sentences.append(turned_away(results.observer_kind, refused, translate))
    if not results.people.all_stayed:
        sentences.append(
            f"{joined(results.observer_kind, results.people.joined, translate)} {_left(results, translate)}"
        )
    return (*sentences, *_inflation(results, confidence, translate))


def _left(results: ObserverResults, translate: Translation) -> str:
    who = results.people
    return translate(
        "Of them {withdrew} withdrew, {unfinished} did not finish, and {excluded} are excluded from the analysis.",
        withdrew=count(who.withdrew), unfinished=count(who.unfinished), excluded=count(who.excluded),
    )  # fmt: skip


def proven(proof: Proof | None, translate: Translation) -> str:
    """Whether the export was compared with the server's audit log."""
    if proof is None:
        return translate("not compared with the server's audit log (manage.py verify does that)")
    if proof.at is None:
        return translate("NOT what the server gave out: {difference}", difference=proof.difference)
    return translate(
        "compared with the server's audit log: unaltered since it was given out on {day}",
        day=proof.at.strftime("%Y-%m-%d"),
    )


def unfinished(ratings: tuple[Reached, ...], translate: Translation) -> str:
    """Which tasks lack ratings, in words: "“seeing” 66 of 96 (68.8%)"; empty when none does."""
    return "; ".join(
        translate(
            "“{task}” {given} of {planned} ({share})",
            task=r.task, given=count(r.given), planned=count(r.planned), share=percent(r.given / r.planned),
        )
        for r in ratings
        if not r.is_complete
    )  # fmt: skip


def extended(extension: Extension, translate: Translation) -> str:
    """What was planned, to what it was extended, when and why."""
    return translate(
        "“{task}” was extended from {before} to {after} planned responses after {answers} had been given ({day})."
        " Reason given: “{reason}”.",
        task=extension.task,
        before=count(extension.before),
        after=count(extension.after),
        answers=count(extension.answers),
        day=extension.at.strftime("%Y-%m-%d"),
        reason=extension.reason,
    )


def looked(course: Course, translate: Translation) -> str:
    """How often results could have been seen before the end; empty where never, and where nothing tells."""
    seen = [look for look in course.looks if look.answers]
    if not seen:
        return ""
    return translate.plural(
        "Data were exported or estimates looked at once before all planned ratings were in, after {answers} responses.",
        "Data were exported or estimates looked at {n} times before all planned ratings were in, first after {answers}"
        " responses.",
        len(seen),
        answers=count(seen[0].answers),
    )


def _inflation(results: ObserverResults, confidence: float, translate: Translation) -> Iterator[str]:
    compared = results.contrasts.dropna(subset="inflated").drop_duplicates("task")
    for row in compared.itertuples():
        yield inflation(row.task, row.inflated, confidence, translate)


def inflation(task: str, inflated: float, confidence: float, translate: Translation) -> str:
    """What the p-values of one extended task are worth."""
    return translate(
        "The p-values of “{task}” do not allow for the extension. If it depended on the results, up to {inflated} of"
        " comparisons without a difference would have p below {alpha}, instead of {nominal}.",
        task=task,
        inflated=percent(inflated),
        alpha=format(1 - confidence, "g"),
        nominal=level(1 - confidence),
    )
