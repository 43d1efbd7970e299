"""Questionnaires: which pages a participant still has to answer, and storing one page of answers, once."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.questionnaires import CHOICE, CHOICES, ITEM_KINDS, LIKERT, LONG_TEXT, MAX_ANSWER, NUMBER, SEPARATOR, TEXT
from study.database.find import find_participant, next_index
from study.database.schema import Participant, QuestionnaireAnswer, Trial
from study.definition import FrozenDefinition, frozen_definition
from study.errors import AnswerConflictError, MalformedAnswerError, UnknownError
from study.questionnaires import ItemConfig, QuestionnaireConfig
from study.taking_part.bodies import read_body

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,10})?")


class PageAnswers(BaseModel):
    """The JSON that the browser posts: name of each item of the page → its answer, none where it was left empty."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    answers: dict[str, Annotated[str, Field(max_length=MAX_ANSWER)] | None]
    time_on_page: Annotated[float, Field(ge=-1e10, le=1e10)] | None


def open_pages(session: Session, participant: Participant, definition: FrozenDefinition) -> list[dict[str, Any]]:
    """What the plan says of each page that is not answered, in the order in which they come."""
    if not definition.questionnaires:
        return []
    mine = QuestionnaireAnswer.participant_id == participant.id
    rows = select(QuestionnaireAnswer.questionnaire, QuestionnaireAnswer.item).where(mine)
    stored = {(questionnaire, item) for questionnaire, item in session.execute(rows)}
    tasks = set(session.scalars(select(Trial.task).where(Trial.participant_id == participant.id).distinct()))
    return [
        _page(questionnaire, page, pages, participant.language)
        for questionnaire in definition.questionnaires
        if not questionnaire.after or questionnaire.after in tasks
        for pages in [questionnaire.pages(participant.public_id)]
        for page, items in enumerate(pages)
        if (questionnaire.name, items[0].name) not in stored
    ]


def preview_pages(definition: FrozenDefinition, language: str) -> list[dict[str, Any]]:
    """The same for somebody who only looks."""
    return [
        _page(questionnaire, page, pages, language)
        for questionnaire in definition.questionnaires
        for pages in [questionnaire.pages("")]
        for page in range(len(pages))
    ]


def _page(
    questionnaire: QuestionnaireConfig, page: int, pages: Sequence[Sequence[ItemConfig]], language: str
) -> dict[str, Any]:
    return {
        "name": questionnaire.name,
        "at": questionnaire.at,
        "page": page + 1,
        "pages": len(pages),
        "title": questionnaire.heading(language),
        "introduction": questionnaire.above(language) if page == 0 else None,
        "items": [_item(item, language) for item in pages[page]],
    }


def _item(item: ItemConfig, language: str) -> dict[str, Any]:
    """What the browser needs to draw it; whether it is reversed is not among it."""
    return {
        "name": item.name,
        "kind": item.kind,
        "text": item.text[language],
        "required": item.required,
        "points": item.points,
        "ends": item.ends.get(language),
        "labels": item.labels.get(language),
        "options": [{"value": value, "label": texts[language]} for value, texts in item.options.items()],
        "minimum": item.minimum,
        "maximum": item.maximum,
        "longest": ITEM_KINDS[item.kind].longest,
    }


def record_page(session: Session, token: str, name: str, page: int, body: bytes, now: datetime) -> dict[str, Any]:
    """Store the answers to one page, all or none of them; the same answers again get the same reply.

    The caller commits. Raises UnknownError, MalformedAnswerError, AnswerConflictError: then nothing was stored.
    """
    participant = find_participant(session, token, locked=True)
    definition = frozen_definition(participant.study)
    questionnaire = next((q for q in definition.questionnaires if q.name == name), None)
    pages = questionnaire.pages(participant.public_id) if questionnaire else []
    if not 1 <= page <= len(pages):
        raise UnknownError("there is no such page of questions")
    given = read_body(PageAnswers, body)
    answers = dict(_answers(given, pages[page - 1]))
    stored = _stored(session, participant.id, name, answers)
    if stored:
        if stored != answers:
            raise AnswerConflictError("already-answered", next_index(session, participant.id))
        return {"page": page}
    first = sum(map(len, pages[: page - 1])) + 1
    session.add_all(
        QuestionnaireAnswer(
            participant_id=participant.id,
            questionnaire=name,
            item=item,
            page=page,
            position=first + place,
            answer=answer,
            time_on_page=given.time_on_page if given.time_on_page is None or given.time_on_page > 0 else None,
            answered_at=now,
        )
        for place, (item, answer) in enumerate(answers.items())
    )
    if participant.stopped_at is None and participant.finished_at is None:
        participant.lease_until = now + timedelta(minutes=definition.participants.lease_minutes)
    return {"page": page}


def _stored(session: Session, participant_id: int, name: str, items: dict[str, str | None]) -> dict[str, str | None]:
    rows = select(QuestionnaireAnswer.item, QuestionnaireAnswer.answer).where(
        QuestionnaireAnswer.participant_id == participant_id,
        QuestionnaireAnswer.questionnaire == name,
        QuestionnaireAnswer.item.in_(items),
    )
    return {item: answer for item, answer in session.execute(rows)}


def _answers(given: PageAnswers, items: Sequence[ItemConfig]) -> Iterator[tuple[str, str | None]]:
    """(item, what is stored of its answer), of every item of the page."""
    if set(given.answers) != {item.name for item in items}:
        raise MalformedAnswerError(
            f"answers: this page asks {', '.join(item.name for item in items)}, and nothing else"
        )
    for item in items:
        text = _cleaned(given.answers[item.name] or "", item.kind)
        if not text and item.required:
            raise MalformedAnswerError(f"answers: {item.name} must be answered")
        if len(text) > ITEM_KINDS[item.kind].longest:
            raise MalformedAnswerError(
                f"answers: {item.name} is longer than {ITEM_KINDS[item.kind].longest} characters"
            )
        if text and not _IS_POSSIBLE[item.kind](item, text):
            raise MalformedAnswerError(f"answers: {item.name}: {text[:40]!r} is no possible answer")
        yield item.name, text or None


def _cleaned(text: str, kind: str) -> str:
    """Without what no database stores, and without blanks round it; one line stays one line."""
    lines = text.replace("\0", "").splitlines()
    return "\n".join(lines).strip() if kind == LONG_TEXT else " ".join(" ".join(lines).split())


def _is_step(item: ItemConfig, text: str) -> bool:
    return text in map(str, range(1, (item.points or 0) + 1))


def _are_options(item: ItemConfig, text: str) -> bool:
    chosen = text.split(SEPARATOR)
    return len(set(chosen)) == len(chosen) and set(chosen) <= set(item.options)


def _is_number(item: ItemConfig, text: str) -> bool:
    least, most = item.minimum, item.maximum
    return bool(_NUMBER.fullmatch(text)) and (
        (-math.inf if least is None else least) <= float(text) <= (math.inf if most is None else most)
    )


_IS_POSSIBLE: dict[str, Callable[[ItemConfig, str], bool]] = {
    LIKERT: _is_step,
    CHOICE: lambda item, text: text in item.options,
    CHOICES: _are_options,
    NUMBER: _is_number,
    TEXT: lambda *_: True,
    LONG_TEXT: lambda *_: True,
}
