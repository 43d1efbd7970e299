"""The words that participants read, as the export has them: whole, wherever they came from."""

from typing import Any

from contracts.hashing import canonical_sha256
from study.config import TaskConfig
from study.definition import FrozenDefinition
from study.tasks.wording import lacking, words_of
from study.words import Wording

_ELSEWHERE = {"pictures", "words", "example"}  # in the definition, put in already, the same in every study


def _shown(task: TaskConfig, words: Wording) -> dict[str, Any]:
    """Without what this task does not ask."""
    told = words.model_dump(mode="json", exclude=_ELSEWHERE)
    told["questions"] = {question.name: told["questions"][question.name] for question in task.further}
    told["comprehension"] = told["comprehension"] if task.comprehension else []
    told["attention"] = told["attention"] if task.attention_checks else []
    return told


def words_read(definition: FrozenDefinition) -> list[dict[str, Any]]:
    """A row for each task, language and wording: `conditions` names those that read it, `sha256` is of its `words`."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for condition, arm in definition.by_condition:
        for task in arm.tasks:
            for code in definition.study.languages:
                if lacking(task, code):  # texts that a later version has no more; the answers matter more
                    continue
                words = _shown(task, words_of(task, code))
                sha256 = canonical_sha256(words)
                row = {"task": task.name, "language": code, "conditions": [], "sha256": sha256, "words": words}
                rows.setdefault((task.name, code, sha256), row)["conditions"] += [condition] if condition else []
    return list(rows.values())
