"""What a definition said when its study was opened, and what happened: the deviations from a preregistration."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import pandas as pd

from analysis.data.completeness import Reached
from analysis.data.course import Course
from analysis.data.exclusions import BY_RESEARCHER
from analysis.data.export import Export
from analysis.display.wording import Translation, count, level
from analysis.report.answered_by import joined, named
from analysis.report.cautions import looked
from analysis.report.methods_text import left_out
from analysis.results import ObserverResults
from contracts.observers import HUMAN


@dataclass(frozen=True)
class Followed:
    """One point of a preregistration. `differs`: whether the study left it; None: the export cannot tell."""

    planned: str
    happened: str
    differs: bool | None


def as_table(points: Iterable[Followed]) -> pd.DataFrame:
    """One row for each point: `planned`, `happened`, `differs` (empty where the export cannot tell)."""
    return pd.DataFrame([asdict(point) for point in points], columns=["planned", "happened", "differs"])


def opened_sha256(export: Export) -> str:
    """The hash of the definition with which the study was opened, which its preregistration names."""
    return next(iter(export.earlier_sha256), export.definition_sha256)


def followed(export: Export, results: ObserverResults, translate: Translation) -> tuple[Followed, ...]:
    """Ratings, people, looks, exclusions and amendments, for one kind of observer."""
    return (
        *(_ratings(task, results.course, translate) for task in results.reached),
        *_limit(export, results, translate),
        _looks(export, results, translate),
        _exclusions(export, results, translate),
        _amendments(results.course, translate),
    )


def _ratings(task: Reached, course: Course, translate: Translation) -> Followed:
    first = next((e.before for e in course.extensions if e.task == task.task), task.planned)
    return Followed(
        translate("Responses in “{task}”: {n}.", task=task.task, n=count(first)),
        translate(
            "Planned at the end: {planned}. Given: {given}.", planned=count(task.planned), given=count(task.given)
        ),
        differs=not first == task.planned == task.given,
    )


def _limit(export: Export, results: ObserverResults, translate: Translation) -> Iterator[Followed]:
    amended = [before for a in export.history.amendments for key, before, _ in a.values if key == "limit"]
    limit = next(iter(amended), export.definition.get("participants", {}).get("limit"))
    if limit is not None:
        yield Followed(
            translate("Participants at most: {n}.", n=count(limit)),
            joined(results.observer_kind, results.people.joined, translate),
            differs=bool(amended),
        )


def _looks(export: Export, results: ObserverResults, translate: Translation) -> Followed:
    rule, course = export.config.sequential, results.course
    seen = [look for look in course.looks if look.answers]
    planned = translate("No look at the data before all planned ratings were in.")
    if rule:
        looks = ", ".join(map(level, rule.looks))
        planned = translate("Looks at {looks} of the planned responses, by a group-sequential rule.", looks=looks)
    if not course.is_told:
        return Followed(planned, translate("The export does not say whether results were looked at before."), None)
    happened = looked(course, translate) or translate(
        "The study's audit log records no look at the results before the end."
    )
    if not rule and _is_early(results):
        early = translate("This report is a look: not all planned ratings were in.")
        return Followed(planned, f"{happened} {early}", differs=True)
    return Followed(planned, happened, differs=len(seen) > (len(rule.looks) - 1 if rule else 0))


def _is_early(results: ObserverResults) -> bool:
    """Whether people's answers are shown before all that were planned were given."""
    return results.observer_kind == HUMAN and not all(task.is_complete for task in results.reached)


def _exclusions(export: Export, results: ObserverResults, translate: Translation) -> Followed:
    excluded = results.included.excluded
    is_by_hand = excluded["rule"] == BY_RESEARCHER
    reasons = Counter(excluded.loc[is_by_hand, "reason"].fillna("").map(str))
    by_rules = named(results.observer_kind, int((~is_by_hand).sum()), translate)
    happened = translate("Excluded by rules of the definition: {people}.", people=by_rules)
    if reasons:
        told = "; ".join(translate("“{reason}” ({n})", reason=reason or "–", n=n) for reason, n in reasons.items())
        happened += " " + translate("Excluded by the researchers, with these reasons: {reasons}.", reasons=told)
    _, *rules = left_out(export.config.exclusions, translate)
    return Followed(" ".join(rules), happened, differs=bool(reasons))


def _amendments(course: Course, translate: Translation) -> Followed:
    steps = course.amended.itertuples()
    told = [f"{row.at:%Y-%m-%d}, {translate.note(row.what)}: {row.reason or '–'}" for row in steps]
    return Followed(
        translate("The definition stays as it is."),
        "; ".join(told) + "." if told else translate("No amendment."),
        differs=bool(told),
    )
