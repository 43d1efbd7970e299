"""What participants read in the tasks, as data: by kind of task, wording variant and language.

`paper` words the question as the Grad-CAM paper's text does, `robots` as its figure does. The texts of each language
stand in a module of their own; a test holds them together.
"""

from typing import Any

from contracts.tasks import Question
from study.tasks import wording_en, wording_ko
from study.tasks.wording_parts import Wording

_LANGUAGES = {"en": wording_en, "ko": wording_ko}

WORDINGS: dict[tuple[str, str, str], Wording] = {
    (kind, variant, language): wording
    for language, texts in _LANGUAGES.items()
    for (kind, variant), wording in texts.WORDINGS.items()
}


def further_question(question: Question, language: str) -> dict[str, Any]:
    """A question behind a trial's first, as a plan has it."""
    asked = _LANGUAGES[language].FURTHER[question.name]
    options = [{"value": v, "label": label} for v, label in zip(question.values, asked.options, strict=True)]
    return {"name": question.name, "text": asked.text, "options": options}


def category_label(category: str, language: str) -> str:
    """The category as people read it."""
    return _LANGUAGES[language].CATEGORIES.get(category, category.replace("_", " ").replace("-", " "))


def attention_question(language: str, option: str) -> str:
    """The question of an attention check, which says itself what to choose."""
    return _LANGUAGES[language].ATTENTION.format(option=option)


def practice_feedback(language: str, truth: str | None, response: str) -> str:
    """What is said after a practice trial; `truth` is None where no answer is right or wrong."""
    texts = _LANGUAGES[language]
    if truth is None:
        return texts.NO_RIGHT_ANSWER
    return (texts.RIGHT if response == truth else texts.WRONG).format(category=category_label(truth, language))
