"""What participants read in the tasks: the languages' tasks.toml, checked, with the words of the wording put in."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.tasks import KINDS, Question
from languages.read import Language, languages, untranslated
from study.config import TaskConfig
from study.tasks.kind import Example
from study.tasks.kinds import STUDY_KINDS


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckQuestion(_Texts):
    """A question about the instructions; `right` is the place of the right option, `why` what those who chose another
    are told."""

    text: str
    options: tuple[str, ...]
    right: int
    why: str = ""


class FurtherQuestion(_Texts):
    """A question behind a trial's first; `options` are the labels of its values, `step` the step of the instructions
    that announces it."""

    text: str
    options: tuple[str, ...]
    step: str = ""


class ExampleWords(_Texts):
    """The texts of the kind's worked example: a note for each of its marks; `right` is the place of the right one of
    `options`, None where none is."""

    title: str
    image_labels: tuple[str, ...] = ()
    image_alts: tuple[str, ...]
    notes: tuple[str, ...]
    options: tuple[str, ...]
    right: int | None = None
    conclusion: str


class Wording(_Texts):
    """The texts of one kind of task in one wording and language.

    `{category}` in `prompt` is the category that was explained. `options` label the first question's values, and are
    empty where these are categories. `title`, `intro` and `steps` are the instructions. `right` and `wrong` are said
    after practice: `{truth}` is the right option, `{chosen}` the chosen one. `questions`: by name, those behind the
    first.
    """

    question: str
    prompt: str | None = None
    image_labels: tuple[str, ...] = ()
    image_alts: tuple[str, ...]
    options: tuple[str, ...] = ()
    title: str
    intro: str
    steps: tuple[str, ...]
    example: ExampleWords | None = None
    comprehension: tuple[CheckQuestion, ...] = ()
    right: str | None = None
    wrong: str | None = None
    questions: dict[str, FurtherQuestion] = {}


def words_of(task: TaskConfig, language: str) -> Wording:
    """What `task` says in `language`. Raises KeyError and ValidationError; `lacking` names what is missing."""
    section = languages()[language].tasks["kinds"][task.kind]
    variant = section["wordings"][task.wording]
    texts = {key: text for key, text in (section | variant).items() if key not in ("wordings", "words")}
    return Wording.model_validate(_filled(texts, variant.get("words", {})))


def _filled(text: Any, words: dict[str, str]) -> Any:
    """`text`, or the texts in it, with each {word} replaced."""
    if isinstance(text, dict):
        return {key: _filled(part, words) for key, part in text.items()}
    if isinstance(text, list):
        return [_filled(part, words) for part in text]
    for word, replacement in words.items() if isinstance(text, str) else ():
        text = text.replace(f"{{{word}}}", replacement)
    return text


def lacking(task: TaskConfig, language: str) -> list[str]:
    """What `language` lacks in its tasks.toml to show `task`, each with its place; empty where nothing is lacking."""
    place = f"kinds.{task.kind}"
    try:
        words = words_of(task, language)
    except KeyError:
        return [f"{place}: no section (wording {task.wording!r})"]
    except ValidationError as error:
        return [f"{place}.{'.'.join(map(str, e['loc']))}: {e['msg'].lower()}" for e in error.errors()]
    needed = {"image_alts": KINDS[task.kind].pictures, "options": len(task.questions[0].values)}
    problems = [
        f"{place}.{key}: {len(getattr(words, key))} texts, {number} are needed"
        for key, number in needed.items()
        if len(getattr(words, key)) != number
    ]
    problems += [f"{place}.{key}: no text" for key in _needed_texts(task) if not getattr(words, key)]
    problems += [f"{place}.example: {fault}" for fault in _faults_of_example(task.kind, words.example)]
    problems += [f"{place}.questions.{q.name}: {_fault(q, words)}" for q in task.questions[1:] if _fault(q, words)]
    return problems + ([] if languages()[language].tasks.get("attention") else ["attention: no text"])


def missing_texts(tasks: Sequence[TaskConfig], codes: Sequence[str]) -> list[str]:
    """What the languages `codes` lack to show a study of `tasks`, for people: a line for each text."""
    missing = []
    for code in codes:
        missing += [f"languages/{code}/tasks.toml: {text}" for task in tasks for text in lacking(task, code)]
        for catalogue in ("pages", "scripts"):
            missing += [f"languages/{code}/{catalogue}.po: “{text}”" for text in untranslated(code, catalogue)]
    return list(dict.fromkeys(missing))


def _needed_texts(task: TaskConfig) -> list[str]:
    """The texts that only some tasks need: feedback after practice, and the check of the instructions."""
    feedback = ["right", "wrong"] if task.practice and KINDS[task.kind].has_truth else []
    return feedback + (["comprehension"] if task.comprehension else [])


def _fault(question: Question, words: Wording) -> str:
    asked = words.questions.get(question.name)
    if asked is None:
        return "no text"
    given, needed = len(asked.options), len(question.values)
    return "" if given == needed else f"{given} options, {needed} are needed"


def _faults_of_example(kind: str, words: ExampleWords | None) -> list[str]:
    """A kind with an example needs its words, and a kind without one has none."""
    example = STUDY_KINDS[kind].example
    if example is None:
        return ["the kind has no example"] if words else []
    if words is None:
        return ["no text"]
    needed = {"image_alts": len(example.files), "notes": len(example.marks)}
    return [
        f"{key}: {len(getattr(words, key))} texts, {number} are needed"
        for key, number in needed.items()
        if len(getattr(words, key)) != number
    ]


def instructions(task: TaskConfig, words: Wording) -> dict[str, Any]:
    """The instructions as a plan has them."""
    further = [words.questions[question.name].step for question in task.questions[1:]]
    return {
        "title": words.title,
        "intro": words.intro,
        "example": _example(STUDY_KINDS[task.kind].example, words.example),
        "steps": [step for step in (*words.steps, *further) if step],
    }


def _example(example: Example | None, words: ExampleWords | None) -> dict[str, Any] | None:
    if example is None or words is None:
        return None
    labels = words.image_labels or (None,) * len(example.files)
    pictures = [
        {"file": file, "alt": alt, "label": label}
        for file, alt, label in zip(example.files, words.image_alts, labels, strict=True)
    ]
    return {
        "pictures": pictures,
        "marks": [asdict(mark) for mark in example.marks],
        **words.model_dump(include={"title", "notes", "options", "right", "conclusion"}),
    }


def further_question(question: Question, words: Wording) -> dict[str, Any]:
    """A question behind a trial's first, as a plan has it."""
    asked = words.questions[question.name]
    options = [{"value": v, "label": label} for v, label in zip(question.values, asked.options, strict=True)]
    return {"name": question.name, "text": asked.text, "options": options}


def category_label(category: str, language: str) -> str:
    """The category as people read it."""
    return _texts(language).get("categories", {}).get(category, category.replace("_", " ").replace("-", " "))


def option_label(task: TaskConfig, words: Wording, value: str, language: str) -> str:
    """An option of the first question as people read it: a value of the kind, or a category."""
    labels = dict(zip(task.questions[0].values, words.options, strict=True))
    return labels.get(value) or category_label(value, language)


def attention_question(language: str, option: str) -> str:
    """The question of an attention check, which says itself what to choose."""
    return _texts(language)["attention"].format(option=option)


def practice_feedback(task: TaskConfig, language: str, truth: str | None, response: str) -> str | None:
    """What is said after a practice trial; None where no answer is right or wrong."""
    if truth is None:
        return None
    words = words_of(task, language)
    said = (words.right if response == truth else words.wrong) or ""
    for name, value in (("truth", truth), ("chosen", response)):
        said = said.replace(f"{{{name}}}", option_label(task, words, value, language))
    return said


def _texts(language: str) -> dict[str, Any]:
    found: Language = languages()[language]
    return found.tasks
