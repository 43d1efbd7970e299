"""What a definition fixes of a study, as each answer of a preregistration needs it."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from analysis.config import AnalysisConfig
from analysis.data.completeness import items_per_image
from analysis.display.markdown import as_markdown
from analysis.display.wording import Translation
from analysis.tasks.kind import AnalysisKind
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.conditions import ConditionConfig, by_condition
from contracts.methods import method_name
from contracts.tasks import KINDS


@dataclass(frozen=True)
class PlannedTask:
    """A [[tasks]] section. An absent key has the definition's default, which each property gives."""

    section: dict[str, Any]
    conditions: tuple[ConditionConfig, ...] = ()

    @property
    def name(self) -> str:
        return str(self.section["name"])

    @property
    def kind(self) -> AnalysisKind:
        return ANALYSIS_KINDS[self.section["kind"]]

    @property
    def methods(self) -> str:
        return ", ".join(method_name(method) for method in self.section["methods"])

    @property
    def networks(self) -> str:
        return ", ".join(self.section["networks"])

    def question(self, translate: Translation) -> str:
        """What the study asks with it, in the task's own words where it has some."""
        own = {code: said.get("words", {}).get("quality", "") for code, said in self.section.get("words", {}).items()}
        own = {code: word for code, word in own.items() if word}
        quality = translate.quality(self.section["kind"], self.section.get("wording", "paper"), own)
        return translate(self.kind.texts.question, quality=quality)

    @property
    def compares_networks(self) -> bool:
        """Whether the report compares networks of the task, which its kind has words for."""
        return bool(self.kind.texts.on_networks) and len(self.section["networks"]) > 1

    @property
    def items(self) -> int:
        """How many items are rated; what two conditions show is two."""
        return int(self.section["images"]) * sum(map(items_per_image, self._shown))

    @property
    def responses(self) -> int:
        """All ratings of all items."""
        return self.items * int(self.section["ratings_per_item"])

    @property
    def people(self) -> int:
        """How many people give all ratings, if everybody finishes; nobody is in two conditions."""
        ratings, trials = int(self.section["ratings_per_item"]), int(self.section["trials_per_participant"])
        sizes = [int(shown["images"]) * items_per_image(shown) for shown in self._shown]
        return sum(ceil(items * ratings / trials) for items in sizes)

    def varies(self, key: Literal["methods", "networks"]) -> bool:
        """Whether trials of one person differ in it: not between conditions, and not where a trial shows several."""
        facts = KINDS[self.section["kind"]]
        is_apart = not (facts.learns if key == "methods" else facts.compares_networks)
        return is_apart and any(len(shown[key]) > 1 for shown in self._shown)

    @property
    def _shown(self) -> list[dict[str, Any]]:
        return by_condition(self.conditions, self.section)


@dataclass(frozen=True)
class Plan:
    """A definition. `document`: as it is written; `analysis`: its section [analysis], complete with defaults."""

    document: dict[str, Any]
    sha256: str
    analysis: AnalysisConfig
    translate: Translation

    @property
    def tasks(self) -> list[PlannedTask]:
        return [PlannedTask(section, self.conditions) for section in self.document["tasks"]]

    @property
    def conditions(self) -> tuple[ConditionConfig, ...]:
        return tuple(map(ConditionConfig.model_validate, self.document.get("conditions", ())))

    def task(self, name: str) -> PlannedTask:
        return next(task for task in self.tasks if task.name == name)

    def text(self, *keys: str) -> str:
        """The text at the place that `keys` lead to, in the sheet's language where the study has it; empty: none."""
        return self.words(self._at(*keys) or "")

    def words(self, text: str | dict[str, str]) -> str:
        """A text of the definition, in the sheet's language where it has that, as Markdown."""
        if isinstance(text, dict):
            text = text.get(self.translate.language) or next(iter(text.values()))
        return as_markdown(text)

    def stated(self, *keys: str) -> bool:
        """Whether the document has a value at the place that `keys` lead to."""
        return self._at(*keys) not in (None, [], {}, "")

    def _at(self, *keys: str) -> Any:
        found: Any = self.document
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def missing(self, key: str) -> str:
        """The sentence for what a definition can say and this one does not."""
        return self.translate("Not stated in the definition (`{key}`).", key=key)

    def unless_stated(self, *keys: str) -> list[str]:
        """That sentence, where it holds."""
        return [] if self.stated(*keys) else [self.missing(".".join(keys))]

    def to_fill_in(self) -> str:
        """The sentence for what no definition holds."""
        return self.translate("A definition does not hold this. Fill it in here.")
