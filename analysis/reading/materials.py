"""The JSON files of an export, and the study's history in them."""

import json
from importlib.resources.abc import Traversable
from typing import Any

import pandas as pd

from analysis.data.export import ExportError
from analysis.data.history import Amendment, Happening, History
from analysis.data.turned_away import TurnedAway
from contracts.export import HAPPENINGS, WHY_TURNED_AWAY

DEFINITION, HISTORY = "materials/definition.json", "materials/history.json"
WORDS, _OF_WORDS = "materials/words.json", {"task", "language", "conditions", "words"}


def read_json(root: Traversable, name: str) -> dict[str, Any]:
    """The object in the JSON file `name`. Raises ExportError."""
    file = root.joinpath(*name.split("/"))
    if not file.is_file():
        raise ExportError(f"{name} is missing from the export; export again with `./manage.py export`")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{name} is not valid JSON ({error}); export again") from None
    if not isinstance(content, dict):
        raise ExportError(f"{name} holds no JSON object; export again")
    return content


def read_history(root: Traversable, materials: dict[str, Any], sha256: str) -> History:
    """What `materials` (of DEFINITION) and HISTORY, which earlier exports lack, tell. Raises ExportError."""
    try:
        amendments = tuple(_amendment(entry) for entry in materials.get("amendments", []))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExportError(f"{DEFINITION}: its amendments cannot be read ({error!r}); export again") from None
    before, after = [a.previous_sha256 for a in amendments], [a.sha256 for a in amendments]
    if amendments and [*before[1:], sha256] != after:
        raise ExportError(f"{DEFINITION}: its amendments do not lead to its sha256 {sha256}; export again")
    if not root.joinpath(*HISTORY.split("/")).is_file():
        return History(amendments)
    try:
        entries = read_json(root, HISTORY)["happenings"]
        happenings = tuple(Happening(_moment(entry["at"]), entry["what"]) for entry in entries)
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(f"{HISTORY} cannot be read ({error!r}); export again") from None
    if strange := sorted({str(h.what) for h in happenings} - set(HAPPENINGS)):
        raise ExportError(f"{HISTORY}: {', '.join(strange)} is not known; analyse with the version that exported")
    return History(amendments, happenings, is_told=True)


def read_turned_away(materials: dict[str, Any]) -> tuple[TurnedAway, ...]:
    """Empty for earlier exports. Raises ExportError."""
    try:
        rows = tuple(TurnedAway(**row) for row in materials.get("turned_away", ()))
    except TypeError as error:
        raise ExportError(f"{DEFINITION}: turned_away cannot be read ({error}); export again") from None
    if not all(row.why in WHY_TURNED_AWAY and type(row.people) is int and row.people > 0 for row in rows):
        raise ExportError(f"{DEFINITION}: turned_away must give known reasons and whole numbers; export again")
    return rows


def read_words(root: Traversable) -> tuple[dict[str, Any], ...]:
    """The words that participants read; empty for earlier exports. Raises ExportError."""
    if not root.joinpath(*WORDS.split("/")).is_file():
        return ()
    rows = read_json(root, WORDS).get("words")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.keys() >= _OF_WORDS for row in rows):
        raise ExportError(f"{WORDS} cannot be read; export again")
    return tuple(rows)


def _amendment(entry: dict[str, Any]) -> Amendment:
    return Amendment(
        at=_moment(entry["at"]),
        change=dict(entry["change"]),
        reason=str(entry["reason"]),
        previous_sha256=entry["previous_sha256"],
        sha256=entry["sha256"],
    )


def _moment(text: str) -> pd.Timestamp:
    moment = pd.Timestamp(text)
    if pd.isna(moment):
        raise ValueError(f"{text!r} is no time")
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
