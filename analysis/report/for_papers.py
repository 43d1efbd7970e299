"""What a paper about the study takes over: methods with citations, their bibliography, and a sentence a comparison."""

from analysis.data.export import Export
from analysis.display.markdown import as_markdown
from analysis.display.wording import Translation
from analysis.report.answered_by import NAMES
from analysis.report.apa import apa_sentences
from analysis.report.cautions import cautions
from analysis.report.methods_text import methods_text, references
from analysis.report.works import with_citations
from analysis.results import ObserverResults
from contracts.observers import HUMAN, MACHINE, observer_of

BIBLIOGRAPHY = "references.bib"


def paper_files(export: Export, results: tuple[ObserverResults, ...], translate: Translation) -> dict[str, str]:
    """File name → its text."""
    return {
        "methods.md": methods(export, translate),
        BIBLIOGRAPHY: "\n\n".join(work.bibtex for work in references(export)) + "\n",
        "sentences.md": sentences(export, results, translate),
    }


def methods(export: Export, translate: Translation) -> str:
    """The methods section in Markdown, as Pandoc reads it: `pandoc --citeproc methods.md -o methods.docx`."""
    title = translate("Methods")
    head = f"---\nbibliography: {BIBLIOGRAPHY}\n---\n\n# {title}\n\n"
    warnings = [not_people(kind, translate) for kind in export.observer_kinds[:1]]
    texts = [*filter(None, warnings), *methods_text(export, translate)]
    paragraphs = [with_citations(as_markdown(text), references(export)) for text in texts]
    return head + "\n\n".join(paragraphs) + "\n"


def sentences(export: Export, results: tuple[ObserverResults, ...], translate: Translation) -> str:
    """A list of sentences for each kind of observer that is no control, below what a reader must know before."""
    parts = ["# " + translate("A sentence for each comparison")]
    for of_kind in results:
        observer = observer_of(of_kind.observer_kind)
        said = apa_sentences(of_kind, export.config.confidence, translate, "*")
        if observer.control or not said:
            continue
        heading = translate.plural(*NAMES[observer.family], of_kind.participants)
        parts.append(f"## {heading}" + (f": {observer.name}" if observer.name else ""))
        parts += [warning] if (warning := not_people(of_kind.observer_kind, translate)) else []
        parts += [as_markdown(caution) for caution in cautions(of_kind, export.config.confidence, translate)]
        parts.append("\n".join(f"- {sentence}" for sentence in said))
    return "\n\n".join(parts) + "\n"


def not_people(observer_kind: str, translate: Translation) -> str:
    """That responses are not of people; empty where they are."""
    family = observer_of(observer_kind).family
    if family == HUMAN:
        return ""
    if family == MACHINE:
        return translate(
            "MACHINE OBSERVERS: these responses come from programs. Nothing below says anything about people."
        )
    return translate(
        "SIMULATED: these responses were drawn from a model to test the study."
        " Nothing below says anything about people."
    )
