"""The report's pages in HTML."""

import base64
import json
import platform
import re
from importlib.metadata import version
from pathlib import Path

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.data.export import Export, Proof
from analysis.display import wording
from analysis.display.drawing import Figure, lettering
from analysis.display.wording import Translation
from analysis.notes import marked
from analysis.report.cautions import cautions, proven
from analysis.report.deviations import deviations
from analysis.report.methods_text import methods_text, references
from analysis.report.summary import summarize
from analysis.results import ObserverResults, paper_figures
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.observers import observer_of
from contracts.tasks import KINDS
from languages.read import languages

LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib")
TEMPLATES = Path(__file__).parent / "templates"

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


def page(
    export: Export,
    results: tuple[ObserverResults, ...],
    figures: dict[str, Figures],
    proof: Proof | None,
    translate: Translation,
) -> str:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), DictLoader(_templates_of_kinds())]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "translate": translate,
        "plural": translate.plural,
        "method_name": wording.method_name,
        "number": wording.number,
        "percent": wording.percent,
        "level": wording.level,
        "points": wording.points,
        "signed": wording.signed,
        "interval": wording.interval,
        "p_value": wording.p_value,
        "p_exact": wording.p_exact,
        "whole": wording.whole,
        "figure_name": wording.figure_name,
        "count": wording.count,
        "moment": wording.moment,
        "folder_name": folder_name,
        "headings": HEADINGS,
        "observers": OBSERVERS,
        "kinds": ANALYSIS_KINDS,
        "facts": KINDS,
        "templates": {name: f"kind {name}" for name in ANALYSIS_KINDS},
    }
    environment.filters["method_name"] = wording.method_name
    sections = [
        {
            "results": r,
            "observer": observer_of(r.observer_kind),
            "summary": summarize(r, export.config.confidence, translate),
            "cautions": cautions(r, export.config.confidence, translate),
            "figures": figures[r.observer_kind],
        }
        for r in results
        if not observer_of(r.observer_kind).control
    ]
    study, paper = export.definition.get("study", {}), paper_figures(export.config)
    titles = study.get("title", {})
    return environment.get_template("report.html").render(
        language=translate.language,
        fonts=Markup("".join(f"{json.dumps(font)}, " for font in languages()[translate.language].fonts)),
        title=titles.get(translate.language) or next(iter(titles.values()), study.get("slug", "")),
        export=export,
        sections=sections,
        controls=[(observer_of(r.observer_kind), r) for r in results if observer_of(r.observer_kind).control],
        proven=proven(proof, translate),
        paper=paper,
        deviations=deviations(export, paper, translate) if paper else (),
        unlettered=lettering(translate).translate.language != translate.language,
        methods=methods_text(export, translate),
        references=references(export),
        software=software(),
        picture=lambda figure: "data:image/svg+xml;base64," + base64.b64encode(figure.svg).decode(),
    )


def _templates_of_kinds() -> dict[str, str]:
    return {f"kind {name}": kind.template.read_text(encoding="utf-8") for name, kind in ANALYSIS_KINDS.items()}


def software() -> dict[str, str]:
    """Versions of what computed the numbers."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def folder_name(observer_kind: str) -> str:
    """`observer_kind` as a folder may be called on every system."""
    return re.sub(r"[:+]", "-", observer_kind)
