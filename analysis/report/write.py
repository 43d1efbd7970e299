"""`./manage.py analyze`: load an export, compute, write a folder with the report, its numbers, tables and figures."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from analysis.data.export import Export, Proof
from analysis.display.drawing import lettering, mark_of
from analysis.display.latex import as_latex_table
from analysis.display.wording import ENGLISH, Translation, written_in
from analysis.reading.load import load
from analysis.report.apa import apa_sentences
from analysis.report.figures import task_figures
from analysis.report.flow_figure import flow_figure
from analysis.report.for_papers import paper_files
from analysis.report.multiverse_figure import curves
from analysis.report.original_figure import original_figures
from analysis.report.pages import REPORT, Figures, Material, folder_name, pages, software
from analysis.report.preregistered import as_table, followed, opened_sha256
from analysis.report.quality_figures import task_quality_figures
from analysis.results import ObserverResults, as_json, compute
from contracts.observers import observer_of
from contracts.own_files import NotOwnFileError, file_hashes, replace_folder, require_only

PRINTED, RESULTS = "report.pdf", "results.json"
FORMAT = "discern-results-1"  # how a folder is recognised as a report of ours that may be replaced

Progress = Callable[[int, int], None]
Prove = Callable[[Export], Proof | None]
Print = Callable[[Path, Path], None]


class ReportError(Exception):
    """The report cannot be written where it was asked for; the message names the folder and the remedy."""


def analyze(
    export_path: Path,
    out: Path,
    progress: Progress | None = None,
    translate: Translation = ENGLISH,
    prove: Prove = lambda _export: None,
    to_pdf: Print = lambda _page, _pdf: None,
) -> Path:
    """Analyse the export at `export_path`, write the report into the folder `out`, return the path of its HTML file.

    `out` may be new, empty, or an earlier report, which is replaced as a whole once the new one is complete.
    `progress(done, total)` is called after each step. `prove` compares the export with the audit log of the server that
    gave it out; None: it could not. `to_pdf` prints an HTML file into a PDF file, where it can. Raises ExportError and
    ReportError.
    """
    out = Path(out)
    _check_destination(out)
    export = load(export_path)
    total = 2 + len(export.observer_kinds)
    tell = progress or (lambda done, total: None)
    tell(1, total)
    proof = prove(export)
    results = compute(export)
    figures: dict[str, Figures] = {}
    with written_in(export.definition, lettering(translate).translate.language):
        for step, of_kind in enumerate(results, start=2):
            figures[of_kind.observer_kind] = (
                {} if observer_of(of_kind.observer_kind).control else _figures(of_kind, translate)
            )
            tell(step, total)
    with written_in(export.definition, translate.language):
        _replace(out, lambda folder: _write(folder, export, results, figures, proof, translate, to_pdf))
    tell(total, total)
    return out / REPORT


def _figures(results: ObserverResults, translate: Translation) -> Figures:
    kind = results.observer_kind
    figures = {"flow": (flow_figure(results, translate),), "multiverse": curves(results, translate)}
    figures["original"] = original_figures(results, translate)
    kinds = Counter(task.task.kind for task in results.tasks)
    for task in results.tasks:
        figures[f"task {task.task.name}"] = task_figures(task, kind, translate, is_named=kinds[task.task.kind] > 1)
        figures[f"quality {task.task.name}"] = task_quality_figures(task, kind, translate)
    return figures


def _write(
    folder: Path,
    export: Export,
    results: tuple[ObserverResults, ...],
    figures: dict[str, Figures],
    proof: Proof | None,
    translate: Translation,
    to_pdf: Print,
) -> None:
    for name, page in pages(Material(export, results, figures, proof, translate)).items():
        (folder / name).write_text(page, encoding="utf-8")
    to_pdf(folder / REPORT, folder / PRINTED)
    for name, text in paper_files(export, results, translate).items():
        (folder / name).write_text(text, encoding="utf-8")
    for of_kind in results:
        mark = mark_of(of_kind.observer_kind, ENGLISH)
        tables, pictures = (folder / part / folder_name(of_kind.observer_kind) for part in ("tables", "figures"))
        tables.mkdir(parents=True)
        with written_in(export.definition, ENGLISH.language):
            plan = {"preregistered": as_table(followed(export, of_kind, ENGLISH))}
        for name, table in (_tables(of_kind) | plan).items():
            table.to_csv(tables / f"{name}.csv", index=False)
            (tables / f"{name}.tex").write_text(as_latex_table(table, mark), encoding="utf-8")
        for figure in chain.from_iterable(figures[of_kind.observer_kind].values()):
            pictures.mkdir(parents=True, exist_ok=True)
            (pictures / f"{figure.name}.svg").write_bytes(figure.svg)
            (pictures / f"{figure.name}.png").write_bytes(figure.png)
            (pictures / f"{figure.name}.pdf").write_bytes(figure.pdf)
    found = results_document(export, results, proof) | {
        "files": file_hashes(folder)
    }  # they may be replaced by a later report
    document = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / RESULTS).write_text(document + "\n", encoding="utf-8")


def _tables(results: ObserverResults) -> dict[str, Any]:
    tables = {
        "course": results.course.steps,
        "flow": results.included.flow,
        "excluded": results.included.excluded,
        "contrasts": results.contrasts,
    }
    return (
        tables
        | results.tables
        | {f"{t.task.name}-{name}": table for t in results.tasks for name, table in t.tables.items()}
    )


def results_document(
    export: Export, results: tuple[ObserverResults, ...], proof: Proof | None = None
) -> dict[str, Any]:
    """The content of results.json. `headline` is the results of humans, or None; never results of others.

    `audit_log`: when the server gave this export out, or how it differs from what it gave out; None: not compared.
    """
    confidence = export.config.confidence
    with written_in(export.definition, ENGLISH.language):
        sentences = {r.observer_kind: {"sentences": apa_sentences(r, confidence, ENGLISH)} for r in results}
        points = [vars(point) for r in results[:1] for point in followed(export, r, ENGLISH)]
    observers = {r.observer_kind: as_json(r) | sentences[r.observer_kind] for r in results}
    return {
        "format": FORMAT,
        "study": export.definition.get("study", {}).get("slug"),
        "definition_sha256": export.definition_sha256,
        "analysis": export.config.model_dump(mode="json"),
        "software": software(),
        "audit_log": proof and {"given_out_at": proof.at and proof.at.isoformat(), "difference": proof.difference},
        "headline": "human" if "human" in observers else None,
        "preregistration": {
            "opened_sha256": opened_sha256(export),
            "points": points,
        },
        "observers": observers,
    }


def _check_destination(out: Path) -> None:
    """A new or empty folder, or an earlier report in which nothing was added or changed."""
    if not out.exists() or (out.is_dir() and not file_hashes(out)):
        return
    earlier = _earlier_results(out)
    if earlier.get("format") != FORMAT:
        raise ReportError(f"{out} exists and is no earlier report; name another folder, or remove it yourself")
    try:
        require_only(out, earlier.get("files", {}), but_for=frozenset({RESULTS}))
    except NotOwnFileError as error:
        raise ReportError(str(error)) from error


def _earlier_results(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / RESULTS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _replace(out: Path, write: Callable[[Path], None]) -> None:
    try:
        replace_folder(out, write)
    except OSError as error:
        raise ReportError(f"cannot write the report to {out}: {error.strerror}; name another folder") from error
