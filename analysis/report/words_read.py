"""What participants read, as the report quotes it."""

from dataclasses import dataclass
from typing import Any

from analysis.data.export import Export
from analysis.display.wording import Translation
from languages.read import languages


@dataclass(frozen=True)
class Asked:
    """A question of a task as people read it in a language, and its answers; `conditions`: who did, empty: all."""

    task: str
    language: str
    conditions: str
    question: str
    answers: tuple[str, ...]


def questions_read(export: Export) -> tuple[Asked, ...]:
    """The questions of each task in each language, first the task's own; empty where an export does not tell."""
    return tuple(asked for row in export.words for asked in _asked(row))


def _asked(row: dict[str, Any]) -> list[Asked]:
    words, known = row["words"], languages().get(row["language"])
    who = (row["task"], known.name if known else row["language"], ", ".join(row["conditions"]))
    first = " ".join(filter(None, (words["prompt"], words["question"])))
    further = words["questions"].values()
    return [
        Asked(*who, first, tuple(words["options"])),
        *(Asked(*who, question["text"], tuple(question["options"])) for question in further),
    ]


def own_question(export: Export, task: str, translate: Translation) -> str:
    """The question of the study's own words, in the report's language where there is one; empty: it has none."""
    section = next(t for t in export.definition["tasks"] if t["name"] == task)
    own = {code: words["question"] for code, words in section.get("words", {}).items() if words.get("question")}
    return own.get(translate.language) or next(iter(own.values()), "")
