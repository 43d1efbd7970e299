"""Section `[[questionnaires]]` of a study definition: questions beside the trials, on pages of their own."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.questionnaires import ITEM_KINDS, LIKERT, NUMBER
from contracts.scales import SCALES
from languages.read import languages
from study.information import Language, Slug, Texts

START, END, AFTER = "start", "end", "after:"
Bound = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Lines = dict[Language, Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=2)]]


class ItemConfig(BaseModel):
    """One question of a questionnaire."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug = Field(description="of the question in the export")
    kind: Literal["likert", "choice", "choices", "number", "text", "long-text"] = Field(
        description="likert: one of `points` steps; choice: one of `options`; choices: any number of them; number;"
        " text: one line; long-text: several"
    )
    text: Texts = Field(description="the question or statement as participants read it")
    required: bool = Field(True, description="false: it may be left empty")
    points: Annotated[int, Field(ge=2, le=101)] | None = Field(
        None, description="likert: number of steps; more than 11 are drawn as a slider"
    )
    ends: Lines = Field({}, description="likert: what the first and the last step mean")
    labels: Lines = Field({}, description="likert, in place of ends: what each step means, the first to the last")
    reversed: bool = Field(False, description="likert: a higher answer means a lower score")
    options: dict[Slug, Texts] = Field({}, description="choice and choices: the answers, by their names in the export")
    minimum: Bound | None = Field(None, description="number: the smallest answer that is accepted")
    maximum: Bound | None = Field(None, description="number: the greatest answer that is accepted")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "ItemConfig":
        kind = ITEM_KINDS[self.kind]
        given = self.model_fields_set - {"name", "kind", "text", "required"}
        if unused := sorted(given - set(kind.keys)):
            raise ValueError(f"{', '.join(unused)} is not for kind {self.kind}; remove it")
        if kind.needs and not getattr(self, kind.needs):
            raise ValueError(f"{self.kind} needs {kind.needs}; add it")
        if self.ends and self.labels:
            raise ValueError("give either ends or labels, not both")
        for lines, wanted in ((self.ends, 2), (self.labels, self.points)):
            if wrong := sorted(code for code, texts in lines.items() if len(texts) != wanted):
                raise ValueError(
                    f"{wanted} texts are needed, one for each meaning; {', '.join(wrong)} has another number"
                )
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum is more than maximum; exchange them")
        return self

    def texts(self) -> Iterator[tuple[str, Iterable[str]]]:
        """(key, languages that it has) of each text that participants read."""
        yield "text", self.text
        yield from ((key, lines) for key, lines in (("ends", self.ends), ("labels", self.labels)) if lines)
        yield from ((f"options.{name}", texts) for name, texts in self.options.items())


class QuestionnaireConfig(BaseModel):
    """Questions beside the trials. Answers are stored page by page, and are final then."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug = Field(description="of the questionnaire in the export and the report")
    at: Annotated[str, Field(pattern=r"^(start|end|after:[a-z0-9][a-z0-9-]{0,63})$")] = Field(
        "end", description="start: after consent; after:TASK: when that task is done; end: after the last task"
    )
    title: Texts = Field({}, description='heading of its pages; none: "A few questions"')
    introduction: Texts = Field({}, description="a text above the questions")
    items: Annotated[tuple[ItemConfig, ...], Field(max_length=200)] = Field((), description="the questions, in order")
    scale: Annotated[str, Field(json_schema_extra={"enum": [*SCALES]})] | None = Field(
        None, description="in place of items: a ready-made questionnaire with its published scoring"
    )
    subject: Texts = Field({}, description='scale: what is judged, in place of "program"; in German a neuter noun')
    texts: Lines = Field({}, description="scale: the texts of its items in order, in place of those that Discern has")
    ends: Lines = Field({}, description="scale: what the first and the last step mean, in place of Discern's words")
    required: bool = Field(True, description="scale: false: its items may be left empty")
    order: Literal["given", "random"] = Field(
        "given", description="random: another order of the questions for each participant"
    )
    per_page: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="number of questions on a page; none: all on one"
    )

    @property
    def _size(self) -> int:
        return len(SCALES[self.scale].items) if self.scale else len(self.items)

    @cached_property
    def asked(self) -> tuple[ItemConfig, ...]:
        """Its questions in the order of the definition."""
        return tuple(self._of_scale()) if self.scale else self.items

    @property
    def numbered(self) -> tuple[str, ...]:
        """Names of its questions that are answered by a number."""
        return tuple(item.name for item in self.asked if item.kind in (LIKERT, NUMBER))

    @property
    def has_score(self) -> bool:
        """Whether its steps make a score: a scale's do, and items of its own that all have as many steps."""
        return len({item.points for item in self.asked if item.kind == LIKERT}) == 1

    def heading(self, language: str) -> str | None:
        """Its title: the definition's, else the scale's."""
        return self.title.get(language) or _words(self.scale, language).get("title")

    def above(self, language: str) -> str | None:
        """The text above its questions: the definition's, else the scale's."""
        return self.introduction.get(language) or _words(self.scale, language).get("introduction")

    def _of_scale(self) -> Iterator[ItemConfig]:
        scale = SCALES[self.scale or ""]
        words = {code: _words(self.scale, code) for code in languages()}
        for place, name in enumerate(scale.items):
            texts = {code: given for code in words if (given := self._text(words[code], code, place, name))}
            ends = {code: tuple(lines) for code in texts if (lines := self._ends(words[code], code, name))}
            labels = {code: tuple(words[code]["labels"]) for code in texts if "labels" in words[code] and not self.ends}
            yield ItemConfig.model_validate(
                {"name": name, "kind": LIKERT, "points": scale.points, "reversed": name in scale.reversed}
                | {"required": self.required, "text": texts, "ends": ends, "labels": labels}
            )

    def _text(self, words: dict[str, Any], code: str, place: int, name: str) -> str | None:
        if code in self.texts:
            return self.texts[code][place]
        text = words.get("items", {}).get(name)
        return text and text.replace("{subject}", self.subject.get(code) or words.get("subject", ""))

    def _ends(self, words: dict[str, Any], code: str, name: str) -> Sequence[str] | None:
        return self.ends.get(code) or words.get("ends_of", {}).get(name) or words.get("ends")

    @property
    def after(self) -> str:
        """The task after which it comes; empty: it is at the start or the end."""
        return self.at.removeprefix(AFTER) if self.at.startswith(AFTER) else ""

    @model_validator(mode="after")
    def _asks_something(self) -> "QuestionnaireConfig":
        if self.scale and self.scale not in SCALES:
            raise ValueError(f"scale: there is no {self.scale!r}; there are {', '.join(SCALES)}")
        given = self.model_fields_set & {"subject", "texts", "ends", "required"}
        if given and not self.scale:
            raise ValueError(f"{', '.join(sorted(given))} is for a scale; name one, or put it into the items")
        if self.scale and self.items:
            raise ValueError("it has both items and a scale; put the items into a questionnaire of their own")
        if self.scale and (wrong := [code for code, texts in self.texts.items() if len(texts) != self._size]):
            raise ValueError(f"texts: {self.scale} has {self._size} items; {', '.join(wrong)} has another number")
        if wrong := [code for code, texts in self.ends.items() if len(texts) != 2]:
            raise ValueError(f"ends: two texts are needed; {', '.join(wrong)} has another number")
        if not self.asked:
            raise ValueError("it has no items; add [[questionnaires.items]], or name a scale")
        names = [item.name for item in self.asked]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two items are named {', '.join(twice)}; rename one")
        return self

    def pages(self, public_id: str) -> list[tuple[ItemConfig, ...]]:
        """The questions of each page, as this participant gets them: the same whenever it is asked."""
        items = (
            sorted(self.asked, key=lambda item: self._lot(public_id, item)) if self.order == "random" else self.asked
        )
        size = self.per_page or len(items)
        return [tuple(items[first : first + size]) for first in range(0, len(items), size)]

    def _lot(self, public_id: str, item: ItemConfig) -> str:
        return hashlib.sha256(f"{public_id}/{self.name}/{item.name}".encode()).hexdigest()


def problems(questionnaires: Sequence[QuestionnaireConfig], codes: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """What a questionnaire alone cannot see: a name given twice, a language without its texts, an unknown task."""
    names = [questionnaire.name for questionnaire in questionnaires]
    found = [
        f"questionnaires: two are named {n!r}; rename one" for n in sorted({n for n in names if names.count(n) > 1})
    ]
    for questionnaire in questionnaires:
        place = f'questionnaire "{questionnaire.name}"'
        if questionnaire.after and questionnaire.after not in tasks:
            found.append(f"{place}: at: no task {questionnaire.after!r}; there are {', '.join(tasks)}")
        found += [f"{place}: {text}" for text in _missing_in_scale(questionnaire, codes)]
        found += [
            f"{place}: {key} has no text for language {', '.join(missing)}; add it"
            for key, known in _texts(questionnaire)
            if (missing := [code for code in codes if code not in known])
        ]
    return found


def _texts(questionnaire: QuestionnaireConfig) -> Iterator[tuple[str, Iterable[str]]]:
    for key in ("title", "introduction"):
        if texts := getattr(questionnaire, key):
            yield key, texts
    for item in questionnaire.items:
        yield from ((f'item "{item.name}": {key}', known) for key, known in item.texts())


def _missing_in_scale(questionnaire: QuestionnaireConfig, codes: Sequence[str]) -> Iterator[str]:
    """What the definition must give of a scale in a language in which Discern has no texts of it."""
    if not questionnaire.scale:
        return
    scale, (first, *_) = SCALES[questionnaire.scale], questionnaire.asked
    for code in codes:
        if code not in first.text:
            yield (
                f"Discern has no texts of {questionnaire.scale} in language {code}: {scale.rights}. Give them as"
                f" texts.{code} = [{len(scale.items)} texts]. Source: {scale.source}"
            )
        elif code not in first.ends and code not in first.labels:
            yield f"the steps of {questionnaire.scale} have no words in language {code}; give ends.{code} = [2 texts]"
        if questionnaire.subject and code not in questionnaire.subject:
            yield f"subject has no text for language {code}; add it"


def _words(scale: str | None, code: str) -> dict[str, Any]:
    """The texts of a scale in a language; empty where there are none."""
    found: dict[str, Any] = languages()[code].scales.get(scale, {}) if scale and code in languages() else {}
    return found
