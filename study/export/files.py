"""A study's data as a Psych-DS folder (https://psych-ds.github.io) or a zip of one, piece by piece as rows are read."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy.orm import Session

from contracts.export import TABLES, Column
from contracts.own_files import replace_folder
from study import clock
from study.conduct.actions import amendments
from study.database.find import find_study
from study.database.schema import Study
from study.definition import frozen_definition
from study.errors import AuditError, ExportError
from study.export.history import happenings
from study.export.proof import Hashes, prove
from study.export.rows import READERS, Rows
from study.export.shown_words import words_read
from study.taking_part.turning_away import turned_away
from study.taking_part.withdrawal import withdrawals

_DESCRIPTION = "dataset_description.json"
_PIECE = 1 << 16  # characters of a table handed on at once


def export_study(session: Session, slug: str, folder: Path, replace: bool = False) -> Path:
    """Write the export to `folder`, whole or not at all; with `replace`, in place of an earlier one of this database.

    Everything is read in the session's one transaction: use `Database.snapshot`. Raises UnknownError, ExportError.
    """
    study = find_study(session, slug)
    if folder.exists():
        _require_replaceable(session, folder, replace)
    try:
        replace_folder(folder, lambda fresh: _write(session, study, fresh))
    except OSError as error:
        raise ExportError(f"cannot write the export to {folder}: {error.strerror}") from error
    return folder


def _require_replaceable(session: Session, folder: Path, replace: bool) -> None:
    if not (folder / _DESCRIPTION).is_file():
        raise ExportError(f"{folder} holds something else; name a new folder")
    if not replace:
        raise ExportError(
            f"{folder} holds an earlier export; --replace puts this one in its place, or name a new folder"
        )
    try:
        prove(session, folder)
    except AuditError as error:
        raise ExportError(
            f"{folder} is not replaced, because it is no unchanged export of this database ({error});"
            " name a new folder, or move that one away"
        ) from error


def zip_pieces(
    session: Session, slug: str, given_out: Callable[[Hashes], None], now: datetime | None = None
) -> Iterator[bytes]:
    """The same folder as a zip, to be sent while it is made: neither memory nor disk space grows with the data.

    `given_out` is called with the files' hashes before the last piece, without which no program opens the zip.
    Raises UnknownError.
    """
    study = find_study(session, slug)
    sink, found = _Sink(), {}
    moment = (now or clock.now()).timetuple()[:6]
    with zipfile.ZipFile(cast(IO[bytes], sink), "w") as archive:  # a zip that cannot be sought in is only written to
        for path, pieces in _files(session, study):
            entry = zipfile.ZipInfo(f"discern-{slug}/{path}", moment)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            digest = hashlib.sha256()
            with archive.open(entry, "w", force_zip64=True) as member:
                for piece in pieces:
                    digest.update(piece)
                    member.write(piece)
                    if sink.waiting:
                        yield sink.take()
            found[path] = digest.hexdigest()
        yield sink.take()
        given_out(found)
    yield sink.take()


class _Sink:
    """Where zipfile writes to: a file that cannot be sought in, whose content is taken away as it comes."""

    def __init__(self) -> None:
        self._content = bytearray()

    @property
    def waiting(self) -> int:
        return len(self._content)

    def write(self, content: bytes) -> int:
        self._content += content
        return len(content)

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        content, self._content = bytes(self._content), bytearray()
        return content


def _write(session: Session, study: Study, folder: Path) -> None:
    for path, pieces in _files(session, study):
        (folder / path).parent.mkdir(exist_ok=True)
        with (folder / path).open("wb") as file:
            file.writelines(pieces)


def _files(session: Session, study: Study) -> Iterator[tuple[str, Iterator[bytes]]]:
    """(path within the export, its content in pieces); each content is used up before the next path is asked for."""
    yield "materials/definition.json", _json(_definition(session, study))
    yield "materials/words.json", _json({"words": words_read(frozen_definition(study))})
    yield "materials/history.json", _json(_history(session, study))
    yield "materials/provenance.json", _json(study.provenance)
    yield _DESCRIPTION, _json(_dataset_description(study))
    for table, read in READERS.items():
        stem = f"data/study-{study.slug.replace('-', '')}_description-{table}_data"
        yield f"{stem}.json", _json({"variableMeasured": _variables(TABLES[table])})
        yield f"{stem}.csv", _csv(TABLES[table], read(session, study))


def _json(content: dict[str, Any]) -> Iterator[bytes]:
    yield f"{json.dumps(content, indent=2, ensure_ascii=False)}\n".encode()


def _csv(columns: dict[str, Column], rows: Rows) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _cell(value) for column, value in row.items()})
        if text.tell() >= _PIECE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _definition(session: Session, study: Study) -> dict[str, Any]:
    kept = ("change", "reason", "previous_sha256", "sha256")
    chain = [
        {"at": _cell(amendment.at)} | {key: getattr(amendment, key) for key in kept}
        for amendment in amendments(session, study)
    ]
    return {
        "document": study.document,
        "sha256": study.definition_sha256,
        "amendments": chain,
        "withdrawn": dict(withdrawals(session, study.slug)),
        "turned_away": [asdict(count) for count in turned_away(session, study)],
    }


def _history(session: Session, study: Study) -> dict[str, Any]:
    rows = happenings(session, study)
    return {"happenings": [{"at": _cell(at), "what": what, "answers": answers} for at, what, answers in rows]}


def _variables(columns: dict[str, Column]) -> list[dict[str, str]]:
    return [{"@type": "PropertyValue", "name": n, "description": c.description} for n, c in columns.items()]


def _dataset_description(study: Study) -> dict[str, Any]:
    # A column of several tables is one variable; its first description is taken, the sidecars say the rest.
    every = {name: column for columns in reversed(TABLES.values()) for name, column in columns.items()}
    language = frozen_definition(study).study.languages[0]
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": study.document["study"]["title"][language],
        "description": f"Responses to the study {study.slug!r}, opened {_cell(study.opened_at)}, exported by Discern.",
        "identifier": study.definition_sha256,
        "variableMeasured": _variables(every),
    }


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return int(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case list():
            return ";".join(value)
    return value
