"""Questionnaires: how each item was answered, scores with their reliability, and scores as moderators."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.data.export import Export
from analysis.estimation.reliability import ReliabilityError, cronbach_alpha, mcdonald_omega, spearman_brown
from analysis.notes import NO_NOTE, Note
from analysis.robustness.original import OWN, PUBLISHED, published_interval
from contracts.original import OriginalConfig, PublishedAnswer
from contracts.questionnaires import CHOICE, CHOICES, LIKERT, NUMBER, SEPARATOR
from contracts.scales import SCALES, Score
from contracts.tasks import KINDS
from languages.read import languages

_ITEMS = ["questionnaire", "item", "kind", "reversed", "answered", "empty", "mean", "sd", "distribution"]
_SCORES = [
    *("questionnaire", "score", "people", "without_score", "value", "low", "high", "sd", "least", "most", "items"),
    *("alpha", "omega", "spearman_brown", "note"),
]
_MODERATORS = ["questionnaire", "score", "task", "kind", "people", "value", "low", "high", "p", "note"]
_FEWEST_PEOPLE = 3  # for a slope with an interval


@dataclass(frozen=True)
class Item:
    """An item as the definition has it; `points` of likert, `options` of choice and choices."""

    name: str
    kind: str
    points: int
    options: tuple[str, ...]
    is_reversed: bool


@dataclass(frozen=True)
class Questionnaire:
    """A section of the definition. `scores`: the main one first; none where no items have the same steps."""

    name: str
    items: tuple[Item, ...]
    scores: tuple[Score, ...]
    points: int
    middle_if_empty: bool = False


def questionnaires(document: dict[str, Any]) -> tuple[Questionnaire, ...]:
    """The questionnaires of a definition."""
    return tuple(map(_questionnaire, document.get("questionnaires", ())))


def _questionnaire(section: dict[str, Any]) -> Questionnaire:
    if scale := SCALES.get(section.get("scale") or ""):
        items = tuple(Item(name, LIKERT, scale.points, (), name in scale.reversed) for name in scale.items)
        return Questionnaire(section["name"], items, scale.scores, scale.points, scale.middle_if_empty)
    items = tuple(
        Item(i["name"], i["kind"], i.get("points") or 0, tuple(i.get("options", ())), i.get("reversed", False))
        for i in section["items"]
    )
    steps = [item for item in items if item.kind == LIKERT]
    points = {item.points for item in steps}
    if len(points) != 1:
        return Questionnaire(section["name"], items, (), 0)
    (most,) = points
    turned = frozenset(item.name for item in steps if item.is_reversed)
    score = Score(section["name"], tuple(item.name for item in steps), turned, 1, most)
    return Questionnaire(section["name"], items, (score,), most)


def item_table(export: Export, people: Sequence[str]) -> pd.DataFrame:
    """How each item was answered by `people`: a row per item. `distribution`: each answer with how many gave it."""
    rows = _of(export, people)
    found = [
        _item_row(
            questionnaire, item, rows[(rows["questionnaire"] == questionnaire.name) & (rows["item"] == item.name)]
        )
        for questionnaire in questionnaires(export.definition)
        for item in questionnaire.items
    ]
    return pd.DataFrame(found, columns=_ITEMS)


def _item_row(questionnaire: Questionnaire, item: Item, rows: pd.DataFrame) -> dict[str, Any]:
    values, is_number = rows["value"].dropna(), item.kind in (LIKERT, NUMBER)
    return {
        "questionnaire": questionnaire.name,
        "item": item.name,
        "kind": item.kind,
        "reversed": item.is_reversed,
        "answered": int(rows["answer"].notna().sum()),
        "empty": int(rows["answer"].isna().sum()),
        "mean": values.mean() if is_number else np.nan,
        "sd": values.std() if is_number else np.nan,
        "distribution": _distribution(item, rows["answer"].dropna()),
    }


def _distribution(item: Item, answers: pd.Series) -> str:
    """Such as "1: 3, 2: 0, 3: 5"; of many steps and of numbers only what was answered. Empty for people's own words."""
    if item.kind in (CHOICE, CHOICES):
        counts = answers.str.split(SEPARATOR).explode().value_counts()
        shown: Sequence[Any] = item.options
    elif item.kind in (LIKERT, NUMBER):
        counts = pd.to_numeric(answers).value_counts()
        shown = range(1, item.points + 1) if 0 < item.points <= 11 else sorted(counts.index)
    else:
        return ""
    return ", ".join(f"{_called(answer)}:\u00a0{counts.get(answer, 0)}" for answer in shown)


def _called(answer: str | float) -> str:
    return answer if isinstance(answer, str) else f"{answer:g}"


def score_table(export: Export, people: Sequence[str]) -> pd.DataFrame:
    """A row per score: its mean over people with a t interval, and how far its items agree."""
    found = [
        {"questionnaire": questionnaire.name}
        | _score_row(questionnaire, score, _steps(export, people, questionnaire), export)
        for questionnaire in questionnaires(export.definition)
        for score in questionnaire.scores
    ]
    return pd.DataFrame(found, columns=_SCORES)


def person_scores(questionnaire: Questionnaire, score: Score, steps: pd.DataFrame) -> pd.Series:
    """participant_id → score, of people who have one. `steps`: a row per person, a column per item; NaN: left empty."""
    turned = _turned(questionnaire, score, steps)
    if questionnaire.middle_if_empty:
        turned = turned.fillna((questionnaire.points + 1) / 2)
    mean = turned.mean(axis=1, skipna=False).dropna()
    return score.least + (mean - 1) / (questionnaire.points - 1) * (score.most - score.least)


def _turned(questionnaire: Questionnaire, score: Score, steps: pd.DataFrame) -> pd.DataFrame:
    turned = steps.reindex(columns=list(score.items))
    return turned.assign(**{name: questionnaire.points + 1 - turned[name] for name in score.reversed if name in turned})


def _score_row(questionnaire: Questionnaire, score: Score, steps: pd.DataFrame, export: Export) -> dict[str, Any]:
    scores = person_scores(questionnaire, score, steps)
    coefficients, note = _reliability(_turned(questionnaire, score, steps).dropna().to_numpy())
    low, high = mean_interval(scores, export.config.confidence)
    return {
        "score": score.name,
        "people": len(scores),
        "without_score": len(steps) - len(scores),
        "value": scores.mean(),
        "low": low,
        "high": high,
        "sd": scores.std(),
        "least": score.least,
        "most": score.most,
        "items": len(score.items),
        "note": note,
    } | coefficients


def _reliability(answers: np.ndarray) -> tuple[dict[str, float], Note]:
    """Spearman–Brown of two items, else α and ω; and why one is missing."""
    wanted = (
        {"spearman_brown": spearman_brown}
        if answers.shape[1] == 2
        else {"alpha": cronbach_alpha, "omega": mcdonald_omega}
    )
    found, note = dict.fromkeys(("alpha", "omega", "spearman_brown"), np.nan), NO_NOTE
    if answers.shape[1] < 2:
        return found, Note("One item: reliability is not defined.")
    for name, coefficient in wanted.items():
        try:
            found[name] = coefficient(answers)
        except ReliabilityError as error:
            note = error.note
    return found, note


def mean_interval(values: pd.Series, confidence: float) -> tuple[float, float]:
    """Student's interval of the mean over people; NaN for fewer than two."""
    if len(values) < 2:
        return np.nan, np.nan
    reach = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * values.std() / np.sqrt(len(values))
    return values.mean() - reach, values.mean() + reach


def answers_beside_original(
    original: OriginalConfig | None, questionnaire: pd.DataFrame, people: Sequence[str], confidence: float
) -> pd.DataFrame:
    """A row for each published answer: its value with the interval over people where a spread was published, and the
    mean of this study's `people` (`value`, `low`, `high`, `answered`), less what the definition takes from it."""
    numbers = [*PUBLISHED, "sd", "people", "minus", *OWN, "answered"]
    rows = [
        (
            *(a.label, a.mark, a.value, *published_interval(a, confidence), a.sd, a.people, a.minus),
            *_own_answers(a, questionnaire, people, confidence),
        )
        for a in (original.answers if original else ())
    ]
    return pd.DataFrame(rows, columns=["label", "mark", *numbers]).astype(dict.fromkeys(numbers, float))


def _own_answers(
    answer: PublishedAnswer, questionnaire: pd.DataFrame, people: Sequence[str], confidence: float
) -> tuple[float, ...]:
    """Mean, low, high and number of people."""
    asked = (questionnaire["questionnaire"] == answer.questionnaire) & (questionnaire["item"] == answer.item)
    values = questionnaire.loc[asked & questionnaire["participant_id"].isin(people), "value"].dropna() - answer.minus
    low, high = mean_interval(values, confidence)
    return values.mean(), low, high, len(values)


def moderator_table(export: Export, trials: pd.DataFrame) -> pd.DataFrame:
    """For each moderator and task: how much a person's mean changes with one standard deviation of their score.

    Least squares over people who have both, with a t interval. Exploratory: p is not corrected.
    """
    known = {questionnaire.name: questionnaire for questionnaire in questionnaires(export.definition)}
    people = list(trials["participant_id"].unique())
    found = []
    for name in export.config.moderators:
        if name in known and known[name].scores:
            score = known[name].scores[0]
            scores = person_scores(known[name], score, _steps(export, people, known[name]))
            about = {"questionnaire": name, "score": score.name}
            found += [about | row for row in _slopes(export, trials, scores)]
    return pd.DataFrame(found, columns=_MODERATORS)


def _slopes(export: Export, trials: pd.DataFrame, scores: pd.Series) -> Iterator[dict[str, Any]]:
    for task in export.tasks:
        rows = trials[trials["task"] == task.name]
        means = rows.groupby("participant_id")[KINDS[task.kind].value].mean()
        both = pd.concat([scores.rename("score"), means.rename("mean")], axis=1, join="inner").dropna()
        yield {"task": task.name, "kind": task.kind, "people": len(both)} | _slope(both, export.config.confidence)


def _slope(both: pd.DataFrame, confidence: float) -> dict[str, Any]:
    if len(both) < _FEWEST_PEOPLE or both["score"].nunique() < 2:
        note = Note("Fewer than 3 people, or all with the same score.")
        return dict.fromkeys(("value", "low", "high", "p"), np.nan) | {"note": note}
    line = stats.linregress((both["score"] - both["score"].mean()) / both["score"].std(), both["mean"])
    reach = stats.t.ppf((1 + confidence) / 2, len(both) - 2) * line.stderr
    return {
        "value": line.slope,
        "low": line.slope - reach,
        "high": line.slope + reach,
        "p": line.pvalue,
        "note": NO_NOTE,
    }


def _of(export: Export, people: Sequence[str]) -> pd.DataFrame:
    return export.questionnaire[export.questionnaire["participant_id"].isin(people)]


def _steps(export: Export, people: Sequence[str], questionnaire: Questionnaire) -> pd.DataFrame:
    rows = _of(export, people)
    rows = rows[(rows["questionnaire"] == questionnaire.name) & (rows["kind"] == LIKERT)]
    return rows.pivot(index="participant_id", columns="item", values="value")


def item_text(document: dict[str, Any], questionnaire: str, item: str, language: str) -> str:
    """The question as people read it in `language`, else in the study's first one; its name where there is none."""
    section = next(s for s in document["questionnaires"] if s["name"] == questionnaire)
    for code in (language, *document["study"].get("languages", ("en",))):
        if text := _text(section, item, code):
            return text
    return item


def _text(section: dict[str, Any], item: str, code: str) -> str | None:
    scale = section.get("scale")
    if not scale:
        return next((i["text"].get(code) for i in section["items"] if i["name"] == item), None)
    if code in section.get("texts", {}):
        return str(section["texts"][code][SCALES[scale].items.index(item)])
    words = languages()[code].scales.get(scale, {}) if code in languages() else {}
    text = words.get("items", {}).get(item)
    return text and text.replace("{subject}", section.get("subject", {}).get(code) or words.get("subject", ""))


def scales_used(document: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """(questionnaire, what a paper cites, names of the languages in which its words were our own translation)."""
    used = []
    for section in document.get("questionnaires", ()):
        if section.get("scale") in SCALES:
            codes = document["study"].get("languages", ("en",))
            own = [languages()[code].name for code in codes if code in languages() and _is_own(section, code)]
            used.append((section["name"], SCALES[section["scale"]].source, own))
    return used


def _is_own(section: dict[str, Any], code: str) -> bool:
    words = languages()[code].scales.get(section["scale"], {})
    return bool(words.get("is_own_translation")) and code not in section.get("texts", {})
