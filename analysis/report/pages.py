"""The report's pages in HTML."""

import base64
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, FunctionLoader, StrictUndefined
from markupsafe import Markup

from analysis.data.conditions import WHOSE
from analysis.data.export import Export, Proof
from analysis.display import wording
from analysis.display.drawing import Figure, lettering
from analysis.display.wording import Translation
from analysis.notes import marked
from analysis.questionnaires import item_text, scales_used
from analysis.report.answered_by import named
from analysis.report.cautions import cautions, proven
from analysis.report.deviations import deviations
from analysis.report.methods_text import methods_text, references
from analysis.report.numbering import Numbering, linked, see
from analysis.report.preregistered import followed
from analysis.report.summary import conclusion, interim, limits, summarize
from analysis.report.words_read import questions_read
from analysis.results import ObserverResults, paper_figures
from analysis.robustness.original import original_of
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.observers import HUMAN, ObserverKind, observer_of
from contracts.tasks import KINDS
from languages.read import languages

LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib")
REPORT, SUPPLEMENT = "report.html", "supplement.html"
MOST_QUOTED = 200  # reasons on a page; all are in the CSV file
TEMPLATES = Path(__file__).parent / "templates"
WRITERS = (
    *(wording.method_name, wording.number, wording.percent, wording.level, wording.points, wording.signed),
    *(
        wording.interval,
        wording.enclosed,
        wording.reach,
        wording.some_open,
        wording.p_value,
        wording.p_exact,
        wording.whole,
    ),
    *(wording.figure_name, wording.count, wording.moment),
)

HEADINGS = {
    "human": marked("Human participants"),
    "simulated": marked("Simulated participants"),
    "machine": marked("Machine observers"),
}

OBSERVERS = {
    "classifier": marked(
        "A small network, trained anew for each run and method on visualizations of images that the study does not"
        " show. Its evidence for a category is how probable it finds the category."
    ),
    "box-energy": marked(
        "An oracle for localization, which knows the annotation. Its evidence for a category is the share of the map's"
        " energy inside the boxes of that category."
    ),
}

Figures = dict[str, tuple[Figure, ...]]  # their place in the report → the figures


@dataclass(frozen=True)
class Material:
    """What the pages are made of. `figures`: by kind of observer."""

    export: Export
    results: tuple[ObserverResults, ...]
    figures: Mapping[str, Figures]
    proof: Proof | None
    translate: Translation


@dataclass(frozen=True)
class Family:
    """The observers of one family, who have a report and a supplement of their own; people come first."""

    name: str
    is_first: bool
    results: tuple[ObserverResults, ...]

    @property
    def report(self) -> str:
        return REPORT if self.is_first else f"report-{self.name}.html"

    @property
    def supplement(self) -> str:
        return SUPPLEMENT if self.is_first else f"supplement-{self.name}.html"

    @property
    def controls(self) -> list[tuple[ObserverKind, ObserverResults]]:
        return [(o, r) for r in self.results for o in [observer_of(r.observer_kind)] if o.control]


def pages(material: Material) -> dict[str, str]:
    """File name → the page. Nobody's answers share a page with those of another family of observers."""
    names = list(dict.fromkeys(observer_of(r.observer_kind).family for r in material.results)) or [HUMAN]
    families = [
        Family(
            name, name == names[0], tuple(r for r in material.results if observer_of(r.observer_kind).family == name)
        )
        for name in names
    ]
    environment, written = _environment(material.translate), {}
    for family in families:
        common = _common(material, family, families)
        for file, template, prefix in ((family.report, "report.html", ""), (family.supplement, "supplement.html", "S")):
            numbers = Numbering(file, material.translate, prefix)
            written[numbers.file] = numbers, environment.get_template(template).render(numbers=numbers, **common)
    all_numbers = [numbers for numbers, _ in written.values()]
    return {file: linked(text, numbers, all_numbers) for file, (numbers, text) in written.items()}


def _common(material: Material, family: Family, families: Sequence[Family]) -> dict[str, Any]:
    export, translate = material.export, material.translate
    study, paper = export.definition.get("study", {}), paper_figures(export.config)
    titles = study.get("title", {})
    return {
        "language": translate.language,
        "fonts": Markup("".join(f"{json.dumps(font)}, " for font in languages()[translate.language].fonts)),
        "title": titles.get(translate.language) or next(iter(titles.values()), study.get("slug", "")),
        "export": export,
        "family": family,
        "families": families,
        "sections": [_section(material, r) for r in family.results if not observer_of(r.observer_kind).control],
        "proven": proven(material.proof, translate),
        "is_altered": bool(material.proof and not material.proof.at),
        "paper": paper,
        "original": original_of(export.definition),
        "deviations": deviations(export, paper, translate) if paper else (),
        "unlettered": lettering(translate).translate.language != translate.language,
        "asked": questions_read(export),
        "most_quoted": MOST_QUOTED,
        "methods": methods_text(export, translate),
        "references": references(export),
        "software": software(),
    }


def _section(material: Material, results: ObserverResults) -> dict[str, Any]:
    export, translate = material.export, material.translate
    answered = results.included.trials["answered_at"].dropna()
    return {
        "results": results,
        "observer": observer_of(results.observer_kind),
        "days": list(dict.fromkeys(f"{day:%Y-%m-%d}" for day in (answered.min(), answered.max()) if day == day)),
        "interim": interim(results, translate),
        "preregistered": followed(export, results, translate),
        "summary": summarize(results, export.config.confidence, translate),
        "cautions": cautions(results, export.config.confidence, translate),
        "limits": limits(export, results, translate),
        "figures": material.figures[results.observer_kind],
    }


@cache
def _environment(translate: Translation) -> Environment:
    """The templates; to compile them takes longer than to fill them in."""
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), FunctionLoader(_template_of_kind)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "translate": translate,
        "plural": translate.plural,
        "named": partial(named, translate=translate),
        "see": see,
        "conclusion": conclusion,
        "whose": WHOSE,
        "picture": lambda svg: "data:image/svg+xml;base64," + base64.b64encode(svg).decode(),
        "folder_name": folder_name,
        "item_text": item_text,
        "scales_used": scales_used,
        "headings": HEADINGS,
        "observers": OBSERVERS,
        "kinds": ANALYSIS_KINDS,
        "facts": KINDS,
    }
    environment.globals |= {write.__name__: write for write in WRITERS}
    environment.filters["method_name"] = wording.method_name
    return environment


def _template_of_kind(name: str) -> str | None:
    kind = ANALYSIS_KINDS.get(name.removeprefix("kind "))
    return kind.template.read_text(encoding="utf-8") if kind else None


def software() -> dict[str, str]:
    """Versions of what computed the numbers."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def folder_name(observer_kind: str) -> str:
    """`observer_kind` as a folder may be called on every system."""
    return re.sub(r"[:+]", "-", observer_kind)
