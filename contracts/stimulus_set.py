"""The stimulus set on disk: `stimuli.csv`, `provenance.json` and `images/`.

The one contract between stimuli/ and study/. Imports nothing heavy, so that a web worker may read it.
"""

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from contracts.sheets import height_of_one
from contracts.tiles import TILES, columns_of

TABLE, PROVENANCE, IMAGES = "stimuli.csv", "provenance.json", "images"
SUPERSEDED = "superseded"
DEFERRED = ("right_accepted", "right_asked", "wrong_accepted", "wrong_asked")
"""Under `selection`, task, `deferral` of the provenance: numbers of labels, right or wrong, accepted without asking or
not, of all photographs that could be shown otherwise."""
REMEDY = "run `./manage.py generate-stimuli --study FILE`"


class StimulusSetError(Exception):
    """The stimulus set is missing, incomplete or altered; the message says which file and what to run."""


@dataclass(frozen=True)
class Stimulus:
    """One visualization: a row of `stimuli.csv`, columns in this order."""

    stimulus_id: str
    tasks: tuple[str, ...]  # names of the tasks that ask for it; in the file separated by ';'
    image_id: str
    category: str  # what the explanation is for
    foil: str  # the wrong option, by the kind of task; empty where there is none
    network: str
    method: str
    file: str  # relative to the set's folder
    sha256: str  # of the file's bytes
    width: int
    height: int
    logit: float | None  # this and the two below are empty where a picture made elsewhere does not tell them
    probability: float | None
    is_correct: bool | None  # the network's top category is annotated in the image


COLUMNS = tuple(field.name for field in fields(Stimulus))


def stimulus_id(*decisive: str) -> str:
    """An opaque name: the first 128 bits of a hash over everything that decides the pixels, in its order.

    image_id, category, the network's hash, target layer, method, recipe. A picture that tasks show with several wrong
    options is several stimuli: the others' names are made of the first one's name and their wrong option.
    """
    return hashlib.sha256("\x1f".join(decisive).encode()).hexdigest()[:32]


def image_file(sha256: str) -> str:
    """The path of the picture with this hash, from the set's folder."""
    return f"{IMAGES}/{sha256[:2]}/{sha256}.png"


def read_stimuli(folder: Path) -> tuple[Stimulus, ...]:
    """Read `stimuli.csv` of the set in `folder`, sorted by stimulus_id.

    Raises StimulusSetError, with the line, when the table is missing or malformed or a picture that it names is absent.
    """
    table = folder / TABLE
    if not table.is_file():
        raise StimulusSetError(f"there is no finished stimulus set in {folder} ({TABLE} is missing); {REMEDY}")
    stimuli = stimuli_from(table.read_bytes(), str(table))
    if absent := [stimulus.file for stimulus in stimuli if not (folder / stimulus.file).is_file()]:
        raise StimulusSetError(
            f"{folder}: {len(absent)} of {len(stimuli)} pictures are missing, the first is {absent[0]}; {REMEDY}"
        )
    return stimuli


def stimuli_from(table: bytes, where: str) -> tuple[Stimulus, ...]:
    """The rows of a table's bytes. StimulusSetError, with `where` and the line, when it is malformed."""
    try:
        reader = csv.reader(io.StringIO(table.decode(), newline=""), strict=True)
        if tuple(header := next(reader, [])) != COLUMNS:
            raise StimulusSetError(f"{where}: the columns are {header}, expected {list(COLUMNS)}; {REMEDY}")
        stimuli = tuple(_from_cells(cells, f"{where}, line {reader.line_num}") for cells in reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise StimulusSetError(f"{where} cannot be read ({error}); {REMEDY}") from error
    _check_whole(stimuli, where)
    return stimuli


def table_of(stimuli: Sequence[Stimulus]) -> bytes:
    """The bytes of `stimuli.csv`, rows sorted by stimulus_id."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_to_cells(stimulus) for stimulus in sorted(stimuli, key=lambda s: s.stimulus_id))
    return text.getvalue().encode()


def read_provenance(folder: Path) -> dict[str, Any]:
    """Read `provenance.json` of the set in `folder`; StimulusSetError when it is missing or not a JSON object."""
    file = folder / PROVENANCE
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise StimulusSetError(f"{file} is missing; {REMEDY}") from None
    return provenance_from(content, str(file))


def provenance_from(content: bytes, where: str) -> dict[str, Any]:
    """The provenance in a file's bytes; StimulusSetError, with `where`, when they do not say what a set needs."""
    try:
        provenance = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StimulusSetError(f"{where} cannot be read ({error}); {REMEDY}") from error
    if problem := _provenance_problem(provenance):
        raise StimulusSetError(f"{where}: {problem}; {REMEDY}")
    return provenance


def verify(folder: Path) -> int:
    """Compare every picture of the set with the hash in the table and return how many stimuli there are.

    Raises StimulusSetError naming the first altered picture and how many there are.
    """
    read_provenance(folder)
    stimuli = read_stimuli(folder)
    altered = [s.file for s in stimuli if hashlib.sha256((folder / s.file).read_bytes()).hexdigest() != s.sha256]
    if altered:
        raise StimulusSetError(
            f"{folder}: {len(altered)} of {len(stimuli)} pictures are not what {TABLE} says,"
            f" the first is {altered[0]}; delete {TABLE} there and {REMEDY}"
        )
    return len(stimuli)


def _to_cells(stimulus: Stimulus) -> list[str]:
    is_correct = None if stimulus.is_correct is None else int(stimulus.is_correct)
    row = asdict(stimulus) | {"tasks": ";".join(stimulus.tasks), "is_correct": is_correct}
    return ["" if row[column] is None else str(row[column]) for column in COLUMNS]


def _from_cells(cells: list[str], where: str) -> Stimulus:
    try:
        row: dict[str, Any] = dict(zip(COLUMNS, cells, strict=True))
        row |= {column: int(row[column]) for column in ("width", "height")}
        row |= {column: float(row[column]) if row[column] else None for column in ("logit", "probability")}
        row |= {
            "tasks": tuple(row["tasks"].split(";")),
            "is_correct": {"0": False, "1": True, "": None}[row["is_correct"]],
        }
    except (ValueError, KeyError) as error:
        raise StimulusSetError(f"{where}: {error}; {REMEDY}") from error
    stimulus = Stimulus(**row)
    if problem := _problem(stimulus):
        raise StimulusSetError(f"{where}: {problem}; {REMEDY}")
    return stimulus


def _problem(stimulus: Stimulus) -> str | None:
    """What is wrong with a row, if anything. The file's place follows from its hash, so it cannot lead elsewhere."""
    if not re.fullmatch(r"[0-9a-f]{32}", stimulus.stimulus_id):
        return f"stimulus_id {stimulus.stimulus_id!r} is not 32 hexadecimal digits"
    if not re.fullmatch(r"[0-9a-f]{64}", stimulus.sha256) or stimulus.file != image_file(stimulus.sha256):
        return f"file {stimulus.file!r} is not named by its sha256 {stimulus.sha256!r}"
    if empty := [name for name in ("image_id", "category", "network", "method") if not getattr(stimulus, name)]:
        return f"{', '.join(empty)} is empty"
    if not all(stimulus.tasks):
        return "no task asks for this stimulus"
    if stimulus.width < 1 or stimulus.height < 1 or not math.isfinite(stimulus.logit or 0):
        return "width, height or logit is impossible"
    if not 0 <= (stimulus.probability or 0) <= 1:
        return f"probability {stimulus.probability} is not between 0 and 1"
    return None


def _provenance_problem(provenance: Any) -> str | None:
    if not isinstance(provenance, dict) or not isinstance(provenance.get("request_sha256"), str):
        return "it does not say which request the set answers (request_sha256)"
    networks = provenance.get("networks")
    if not isinstance(networks, dict) or not all("checkpoint_sha256" in network for network in networks.values()):
        return "it does not say which checkpoints the set was made from (networks)"
    return None


def _check_whole(stimuli: tuple[Stimulus, ...], where: str) -> None:
    ids = [stimulus.stimulus_id for stimulus in stimuli]
    if not stimuli or ids != sorted(set(ids)):
        raise StimulusSetError(f"{where}: it is empty, or its rows are repeated or out of order; {REMEDY}")
    sizes = {(stimulus.width, height_of_one(stimulus.foil, stimulus.height)) for stimulus in stimuli}
    least, times = min(sizes), columns_of(TILES)
    if not sizes <= {least, (times * least[0], times * least[1])}:
        raise StimulusSetError(f"{where}: pictures of one set have one size, here are {sorted(sizes)}; {REMEDY}")
