"""Reading an export (a Psych-DS folder or a zip of one): the only way into this package."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from analysis.config import AnalysisConfig
from analysis.data.export import Export, ExportError, Task
from analysis.data.table_files import conform, read_table
from analysis.reading.consistency import check
from analysis.reading.materials import DEFINITION, read_history, read_json, read_turned_away, read_words
from contracts.archives import ArchiveError, is_desktop_file, looks_like_zip, open_zip
from contracts.conditions import ConditionConfig
from contracts.export import NEW_TABLES, TABLES
from contracts.hashing import canonical_sha256
from contracts.stimulus_set import DEFERRED
from contracts.tasks import KINDS

DESCRIPTION, PROVENANCE = "dataset_description.json", "materials/provenance.json"


def load(path: Path) -> Export:
    """Read the export at `path` (a folder or a .zip). Raises ExportError."""
    try:
        with _opened(Path(path)) as root:
            return _load(root)
    except ArchiveError as error:
        raise ExportError(str(error)) from None
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror or error}") from None


def _load(root: Traversable) -> Export:
    description = read_json(root, DESCRIPTION)
    materials = read_json(root, DEFINITION)
    document, sha256 = _definition(materials)
    config, tasks, conditions = _analysis(document)
    provenance = read_json(root, PROVENANCE)
    tables = {name: conform(pd.DataFrame(), name) for name in NEW_TABLES}
    tables |= {name: read_table(file, name) for name, file in _table_files(root).items()}
    export = Export(
        **tables,
        definition=document,
        definition_sha256=sha256,
        config=config,
        tasks=tuple(_with_deferred(task, provenance) for task in tasks),
        conditions=conditions,
        description=description,
        provenance=provenance,
        history=read_history(root, materials, sha256),
        words=read_words(root),
        withdrawn=_withdrawn(materials),
        turned_away=read_turned_away(materials),
    )
    check(export)
    # Practice and attention checks are no ratings; what became of the checks is in the participants table. Controls
    # are none either: `apply_exclusions` takes them apart.
    kept = export.trials["purpose"].isin(("main", "control"))
    return replace(export, trials=export.trials[kept].reset_index(drop=True))


@contextmanager
def _opened(path: Path) -> Iterator[Traversable]:
    """The folder with the export's files, in a folder or in a zip."""
    if path.is_dir():
        yield path
        return
    if not path.exists():
        raise ExportError(f"no export at {path}; `./manage.py export` writes one")
    if not looks_like_zip(path):
        raise ExportError(f"{path} is neither a folder nor a zip file; give what `./manage.py export` wrote")
    with open_zip(path) as archive:
        root = zipfile.Path(archive)
        entries = [entry for entry in root.iterdir() if not is_desktop_file(entry.name)]
        # Zipping a folder by hand puts everything one level down.
        yield entries[0] if len(entries) == 1 and entries[0].is_dir() else root


def _definition(materials: dict[str, Any]) -> tuple[dict[str, Any], str]:
    if missing := [key for key in ("document", "sha256") if key not in materials]:
        raise ExportError(f"{DEFINITION} lacks {', '.join(missing)}; export again")
    document, sha256 = materials["document"], materials["sha256"]
    if (actual := canonical_sha256(document)) != sha256:
        raise ExportError(
            f"{DEFINITION} was changed after the study was opened: it says sha256 {sha256}, its document has {actual};"
            " take the export as `./manage.py export` wrote it"
        )
    return document, sha256


def _withdrawn(materials: dict[str, Any]) -> dict[str, int]:
    withdrawn = materials.get("withdrawn", {})
    if not isinstance(withdrawn, dict) or not all(type(n) is int and n >= 0 for n in withdrawn.values()):
        raise ExportError(f"{DEFINITION}: withdrawn must give whole numbers, not {withdrawn!r}; export again")
    return withdrawn


def _analysis(document: dict[str, Any]) -> tuple[AnalysisConfig, tuple[Task, ...], tuple[ConditionConfig, ...]]:
    try:
        config = AnalysisConfig.model_validate(document.get("analysis", {}))
        tasks = tuple(map(_task, document.get("tasks", ())))
        conditions = tuple(map(ConditionConfig.model_validate, document.get("conditions", ())))
    except ValidationError as error:
        keys = "; ".join(f"{'.'.join(map(str, ('analysis', *e['loc'])))}: {e['msg']}" for e in error.errors())
        raise ExportError(f"{DEFINITION}: {keys}; analyse with the version of Discern that exported") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise ExportError(f"{DEFINITION}: its tasks cannot be read ({error!r}); export again") from None
    for task in tasks:
        if task.kind not in KINDS:
            raise ExportError(f"{DEFINITION}: task {task.name!r} is of unknown kind {task.kind!r}; update Discern")
        for contrast in (c for c in config.contrasts if c.task == task.name):
            doing = [condition.name for condition in conditions if condition.does(task.name)]
            known = task.methods if contrast.of == "methods" else doing
            if unknown := {contrast.a, contrast.b} - set(known):
                of = contrast.of.removesuffix("s")
                raise ExportError(
                    f"{DEFINITION}: a contrast names {', '.join(sorted(unknown))}, no {of} of {task.name}"
                )
    if strange := sorted({c.task for c in config.contrasts} - {t.name for t in tasks}):
        raise ExportError(f"{DEFINITION}: a contrast names {', '.join(strange)}, which is no task of the study")
    return config, tasks, conditions


def _task(section: dict[str, Any]) -> Task:
    methods, networks = tuple(section["methods"]), tuple(section["networks"])
    wording, foil = (str(section.get(key, getattr(Task, key))) for key in ("wording", "foil"))
    words = {code: own.get("words", {}).get("quality") for code, own in section.get("words", {}).items()}
    qualities = {code: str(word) for code, word in words.items() if word}
    threshold = section.get("network_threshold")
    deferral, together = section.get("deferral"), section.get("explanations", Task.explanations)
    named = section["name"], section["kind"]
    return Task(*named, methods, networks, wording, foil, threshold, qualities, deferral, together)


def _with_deferred(task: Task, provenance: dict[str, Any]) -> Task:
    """With the numbers of labels that the stimulus set counted; none where it did not."""
    counts = provenance.get("selection", {}).get(task.name, {}).get("deferral", {})
    is_whole = isinstance(counts, dict) and all(isinstance(counts.get(name), int) for name in DEFERRED)
    return replace(task, deferred={name: counts[name] for name in DEFERRED} if is_whole else {})


def _table_files(root: Traversable) -> dict[str, Traversable]:
    folder = root.joinpath("data")
    if not folder.is_dir():
        raise ExportError("data/ is missing from the export; export again with `./manage.py export`")
    found: dict[str, Traversable] = {}
    for file in sorted((f for f in folder.iterdir() if not is_desktop_file(f.name)), key=lambda f: f.name):
        table = file.name.removesuffix("_data.csv").removesuffix("_data.json").rpartition("_description-")[2]
        if table not in TABLES or not file.name.endswith(("_data.csv", "_data.json")):
            raise ExportError(f"data/{file.name} is no table of an export; move it out of data/")
        if file.name.endswith(".csv"):
            if table in found:
                raise ExportError(f"two files hold {table}: {found[table].name} and {file.name}; keep one study's")
            found[table] = file
    if missing := [f"…_description-{name}_data.csv" for name in TABLES if name not in found and name not in NEW_TABLES]:
        raise ExportError(f"data/ lacks {', '.join(missing)}; export again with `./manage.py export`")
    return found
