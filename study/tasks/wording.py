"""What participants read in the tasks: the languages' tasks.toml and over it the task's own words, checked."""

import hashlib
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from contracts.methods import PHOTOGRAPH
from contracts.sentences import sides
from contracts.tasks import KINDS, Question
from languages.read import Language, languages, untranslated
from study.config import TaskConfig
from study.markdown import to_html
from study.tasks.kind import Example
from study.tasks.kinds import STUDY_KINDS
from study.words import ExampleWords, OwnWords, Picture, Wording

SEVERAL = "several"  # texts of a trial that shows several explanations
VARIANTS = ("wordings", "unexplained", SEVERAL)


def words_of(task: TaskConfig, language: str) -> Wording:
    """What `task` says in `language`. Raises KeyError and ValidationError; `lacking` names what is missing."""
    known = languages()[language].tasks
    section = known["kinds"][task.kind]
    checks = [{"text": known["attention"]}] if known.get("attention") else []
    general = {"questions": known.get("questions", {}), "attention": checks}
    own = task.words.get(language, OwnWords()).model_dump(mode="json", exclude_unset=True)
    wording = section["wordings"][task.wording]
    layers = [section, wording]
    if task.explanations > 1:
        layers = [section, section.get(SEVERAL, {}), wording, wording.get(SEVERAL, {})]
    without = wording.get("unexplained", section.get("unexplained", {}))
    unexplained = without if task.methods == (PHOTOGRAPH,) else {}
    texts = _over([general, *layers, unexplained, own])
    if task.points:
        texts["options"] = _on_a_scale(texts["options"], task.points)
    return Wording.model_validate(_filled(texts, texts["words"]))


def _over(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Each text as the last layer has it that has it; further questions and words one by one."""
    texts = {key: text for layer in layers for key, text in layer.items() if key not in VARIANTS}
    for key in ("questions", "words"):
        texts[key] = {name: text for layer in layers for name, text in layer.get(key, {}).items()}
    return texts


def _on_a_scale(options: Sequence[str], points: int) -> list[str]:
    """A label for each point; where there are not as many, the first and last are at the ends and numbers between."""
    if len(options) == points:
        return list(options)
    first, *_, last = options
    return [f"1 – {first}", *map(str, range(2, points)), f"{points} – {last}"]


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
    needed = {"image_alts": KINDS[task.kind].shown, "options": len(task.main_question.values)}
    problems = [
        f"{place}.{key}: {len(getattr(words, key))} texts, {number} are needed"
        for key, number in needed.items()
        if len(getattr(words, key)) != number
    ]
    problems += [f"{place}.{key}: no text" for key in _needed_texts(task) if not getattr(words, key)]
    problems += [f"{place}.example: {fault}" for fault in _faults_of_example(task.kind, words.example)]
    problems += [f"{place}.questions.{q.name}: {_fault(q, words)}" for q in task.further if _fault(q, words)]
    return problems + ([] if words.attention else ["attention: no text"])


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
    feedback += ["sentence"] if KINDS[task.kind].offers_sentences else []
    return feedback + (["comprehension"] if task.comprehension else []) + (["learning"] if task.learning else [])


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


def instructions(
    task: TaskConfig, words: Wording, recipes: frozenset[str], picture_url: Callable[[str], str]
) -> dict[str, Any]:
    """The instructions as a plan has them. The example is left out where the task's pictures look otherwise.

    `recipes`: those that draw the task's pictures; `picture_url` turns a picture's id into an address.
    """
    if words.instructions is not None:
        html = to_html(words.instructions, dict(_attributes(words.pictures, picture_url)))
        return {"title": words.title, "html": html, "intro": "", "example": None, "steps": []}
    example = STUDY_KINDS[task.kind].example
    is_fitting = example is not None and recipes <= set(example.recipes)
    further = [words.questions[question.name].step for question in task.further]
    return {
        "title": words.title,
        "html": None,
        "intro": words.intro,
        "example": _example(example, words.example) if is_fitting else None,
        "steps": [step for step in (*words.steps, *further) if step],
    }


def _attributes(
    pictures: Mapping[str, Picture], picture_url: Callable[[str], str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Name of a picture → what its element says: sized, so that nothing moves when it comes, and loaded when seen."""
    for name, picture in pictures.items():
        size = {"width": str(picture.width), "height": str(picture.height)}
        yield name, {"src": picture_url(_picture_id(picture)), "loading": "lazy", **size}


def _picture_id(picture: Picture) -> str:
    return hashlib.sha256(picture.content.encode()).hexdigest()[:32]


def instructions_picture(tasks: Sequence[TaskConfig], picture_id: str) -> tuple[bytes, str] | None:
    """Content and media type of a picture of the own instructions; None where there is none with this id."""
    for task in tasks:
        for words in task.words.values():
            for picture in words.pictures.values():
                if _picture_id(picture) == picture_id:
                    media_type, _, content = picture.content.removeprefix("data:").partition(";base64,")
                    return b64decode(content), media_type
    return None


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
        "right": None if words.right is None else words.right - 1,
        **words.model_dump(include={"title", "notes", "options", "conclusion"}),
    }


def further_question(question: Question, words: Wording, is_required: bool) -> dict[str, Any]:
    """A question behind a trial's first, as a plan has it; `typed` says how long its text may be."""
    asked = words.questions[question.name]
    options = [{"value": v, "label": label} for v, label in zip(question.values, asked.options, strict=True)]
    typed = {"typed": {"longest": question.longest, "required": is_required}} if question.longest else {}
    return {"name": question.name, "text": asked.text, "options": options, **typed}


def around(prompt: str, category: str) -> list[str]:
    """What is before the category, the category, what is behind it; both are empty where it is not told."""
    before, _, behind = prompt.partition("{category}")
    return [before, category if "{category}" in prompt else "", behind.replace("{category}", category)]


def category_label(category: str, language: str, own: Mapping[str, str] = MappingProxyType({})) -> str:
    """The category as people read it; `own` are the names that the task's own words give."""
    if category in own:
        return own[category]
    return _texts(language).get("categories", {}).get(category, category.replace("_", " ").replace("-", " "))


def form_name(form: str, language: str) -> str:
    """A form of planted cue as people read it in a sentence."""
    return _texts(language)["cues"][form]


def option_label(task: TaskConfig, words: Wording, value: str, language: str) -> str:
    """An option of the first question as people read it: a value of the kind, or a category."""
    if KINDS[task.kind].offers_sentences:
        return _sentence(words, value, language)
    labels = dict(zip(task.main_question.values, words.options, strict=True))
    return labels.get(value) or category_label(value, language, words.categories)


def _sentence(words: Wording, value: str, language: str) -> str:
    """The names for and against a decision, told in a sentence."""
    said = words.sentence or "{for} / {against}"
    for place, names in zip(("{for}", "{against}"), sides(value), strict=True):
        said = said.replace(place, ", ".join(category_label(name, language, words.categories) for name in names))
    return said


def option_labels(task: TaskConfig, words: Wording, order: Sequence[str], language: str) -> list[str]:
    """The options of the first question as people read them, in the order shown; tiles are called by their place."""
    if KINDS[task.kind].tiles:
        return list(words.options)
    return [option_label(task, words, value, language) for value in order]


def told_confidence(words: Wording, probability: float | None) -> Wording:
    """The words of a trial, {confidence} being the network's in whole per cent; the same words where none is known."""
    if probability is None:
        return words
    told = {key: text and text.replace("{confidence}", f"{100 * probability:.0f}") for key, text in _said(words)}
    return words.model_copy(update=told)


def _said(words: Wording) -> Iterator[tuple[str, str | None]]:
    """What may tell a confidence."""
    yield from (("question", words.question), ("prompt", words.prompt))


def attention_question(words: Wording, number: int, option: str) -> str:
    """The question of the task's attention check `number`, from 0, which says itself what to choose."""
    return words.attention[number % len(words.attention)].text.replace("{option}", option)


def practice_feedback(
    task: TaskConfig, language: str, truth: Sequence[str], response: str, order: Sequence[str] = ()
) -> str | None:
    """What is said after a practice trial, with the first of the right answers; None where none is right or wrong.

    `order`: the options as they were shown, where their labels follow from their places.
    """
    if not truth:
        return None
    words = words_of(task, language)
    said = (words.right if response in truth else words.wrong) or ""
    labels = dict(zip(order, option_labels(task, words, order, language), strict=False))
    for name, value in (("truth", truth[0]), ("chosen", response)):
        said = said.replace(f"{{{name}}}", labels.get(value) or option_label(task, words, value, language))
    return said


def _texts(language: str) -> dict[str, Any]:
    found: Language = languages()[language]
    return found.tasks
