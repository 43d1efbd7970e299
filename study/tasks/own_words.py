"""What is wrong with a task's own words, as a researcher has to know before the study opens."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from contracts.tasks import KINDS
from languages.read import languages
from study.config import TaskConfig
from study.words import OwnWords

_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_QUOTED_OPTION = re.compile(r"[\"“”„«»‹›「『]\s?\{option\}\s?[\"“”„«»‹›」』]")
_FEEDBACK = frozenset({"right", "wrong"})


def faults_of_own_words(task: TaskConfig, codes: Sequence[str]) -> list[str]:
    """Of `task` in a study of the languages `codes`: each with its place and what to do. None where nothing is own."""
    if not task.words:
        return []
    if missing := [code for code in codes if code not in task.words]:
        given = ", ".join(task.words)
        return [f"words.{c}: there are own words for {given} and none for {c}; add [tasks.words.{c}]" for c in missing]
    shown = {code: task.words[code] for code in codes}
    found = [fault for code, words in shown.items() for fault in _faults(task, code, words)]
    return list(_differences(shown)) + found


def _differences(shown: Mapping[str, OwnWords]) -> Iterator[str]:
    """People must be asked the same in each language."""
    first, *others = shown
    every = frozenset().union(*(words.given for words in shown.values()))
    for code, words in shown.items():
        for key in sorted(every - words.given):
            other = next(c for c in shown if key in shown[c].given)
            yield f"words.{code}.{key}: missing, while words.{other}.{key} is given; add it, or leave out both"
    for code in others:
        if [check.right for check in shown[first].comprehension] != [c.right for c in shown[code].comprehension]:
            yield f"words.{code}.comprehension: as many questions as in words.{first} with the same right are needed"
        if [check.choose for check in shown[first].attention] != [c.choose for c in shown[code].attention]:
            yield f"words.{code}.attention: as many checks as in words.{first} with the same choose are needed"


def _faults(task: TaskConfig, code: str, words: OwnWords) -> Iterator[str]:
    place = f"words.{code}"
    yield from (f"{place}.{key}: {remedy}" for key, remedy in _unseen(task, words))
    yield from (f"{place}.{key}: {fault}" for key, fault in _numbers(task, words))
    for number, check in enumerate(words.attention, start=1):
        if not _QUOTED_OPTION.search(check.text):
            yield f"{place}.attention {number}: the text must hold the answer in quotation marks, as in “{{option}}”"
    known = _known_words(task, code) | words.words.keys()
    for key, text, offered in _texts(task, words):
        for name in _PLACEHOLDER.findall(text):
            if name not in offered | known:
                yield f"{place}.{key}: {_unknown(name, offered | known)}"


def _unseen(task: TaskConfig, words: OwnWords) -> Iterator[tuple[str, str]]:
    """Keys that nobody would read, and what to do."""
    facts, asked = KINDS[task.kind], {question.name for question in task.further}
    if words.comprehension and not task.comprehension:
        yield "comprehension", "nobody is asked these; add comprehension = true to the task, or leave them out"
    if words.learning and not task.learning:
        yield "learning", f"{task.kind} has no examples to learn from; leave it out"
    if words.attention and not task.attention_checks:
        yield "attention", "the task has no attention checks; add attention_checks to it, or leave them out"
    for key in sorted(words.given & _FEEDBACK):
        if not facts.has_truth:
            yield key, f"no answer of {task.kind} is right or wrong; leave it out"
        elif not task.practice:
            yield key, "it is said after practice; add practice to the task, or leave it out"
    for name in words.questions:
        if name not in asked:
            yield f"questions.{name}", f"not asked in this task; asked are {', '.join(sorted(asked)) or 'none'}"
    if words.instructions is not None:
        for key in sorted(words.given & {"intro", "steps"}):
            yield key, "instructions are given, which take its place; leave out one of them"


def _numbers(task: TaskConfig, words: OwnWords) -> Iterator[tuple[str, str]]:
    facts, values = KINDS[task.kind], task.main_question.values
    needed = {"options": len(values), "image_alts": facts.shown, "image_labels": facts.shown}
    for key in sorted(words.given & needed.keys()):
        if needed[key] == 0:
            yield key, f"the answers of {task.kind} are categories; leave them out"
        elif key == "options" and task.points and len(words.options) == 2:  # the ends of a scale of one's own
            continue
        elif len(getattr(words, key)) != needed[key]:
            yield key, f"{len(getattr(words, key))} texts are given, {needed[key]} are needed"
    for question in task.further:
        given = words.questions.get(question.name)
        if given and len(given.options) != len(question.values):
            yield (
                f"questions.{question.name}.options",
                (f"{len(given.options)} texts are given, {len(question.values)} are needed"),
            )
    for number, check in enumerate(words.comprehension, start=1):
        if check.right > len(check.options):
            yield f"comprehension {number}", f"right = {check.right}, and there are {len(check.options)} options"
    answers = len(values) or facts.labels or 2  # the category and the other one
    for number, attention in enumerate(words.attention, start=1):
        if attention.choose and attention.choose > answers:
            yield f"attention {number}", f"choose = {attention.choose}, and {answers} answers are shown"


def _texts(task: TaskConfig, words: OwnWords) -> Iterator[tuple[str, str, set[str]]]:
    """(key, text, placeholders that it may hold); not every kind lets a question tell the category."""
    facts = KINDS[task.kind]
    of_item = {"category"} if facts.names_category else set()
    of_item |= {"confidence"} if facts.tells_confidence else set()
    of_question = set() if facts.has_advice else of_item  # it is read before the advice
    offered = {"question": of_question, "prompt": of_item, "learning": {"category"}}
    offered |= {key: {"truth", "chosen"} for key in _FEEDBACK} | {"sentence": {"for", "against"}}
    is_cut = facts.tiles or task.explanations > 1
    offered |= {key: {"number", "class"} if is_cut else set() for key in ("image_labels", "image_alts")}
    for key in sorted(words.given - {"instructions"}):
        value = words.questions[key.removeprefix("questions.")] if "." in key else getattr(words, key)
        allowed = {"option"} if key == "attention" else offered.get(key, set())
        yield from ((key, text, allowed) for text in _strings(value))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _strings(part)
    elif value is not None and hasattr(value, "model_dump"):
        yield from _strings(tuple(value.model_dump().values()))


def _known_words(task: TaskConfig, code: str) -> set[str]:
    section = languages()[code].tasks.get("kinds", {}).get(task.kind, {})
    return set(section.get("wordings", {}).get(task.wording, {}).get("words", {}))


def _unknown(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1, 0.7)
    remedy = (
        f"is {{{near[0]}}} meant?" if near else f"there are {', '.join(f'{{{n}}}' for n in sorted(known)) or 'none'}"
    )
    return f"unknown placeholder {{{name}}}; {remedy}"
