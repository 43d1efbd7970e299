"""The numbers of the published study that the definition repeats, beside this study's own. No verdict is given."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.original import OriginalConfig, PublishedAnswer, PublishedCell

Tables = Mapping[str, Mapping[str, pd.DataFrame]]
PUBLISHED = ["published", "published_low", "published_high"]
OWN = ["value", "low", "high"]


def original_of(definition: Mapping[str, Any]) -> OriginalConfig | None:
    """The section of the definition's document, where it has one."""
    return OriginalConfig.model_validate(definition["original"]) if definition.get("original") else None


def beside_original(
    original: OriginalConfig | None, tables: Tables, kinds: Mapping[str, str], confidence: float
) -> pd.DataFrame:
    """A row for each published cell: its value with the interval over people alone where a spread was published, and
    the `value`, `low` and `high` of the own row; `is_difference`: both are differences of two means;
    `has_chance`: guessing gives the kind's null. Cells of tasks that are not there are left out."""
    cells = [cell for cell in (original.cells if original else ()) if cell.task in tables]
    rows = [
        {"task": c.task, "kind": kinds[c.task], "label": c.label, "mark": c.mark, "sd": c.sd, "people": c.people}
        | {"is_difference": c.table in ANALYSIS_KINDS[kinds[c.task]].differences}
        | {"has_chance": c.table not in ANALYSIS_KINDS[kinds[c.task]].without_chance}
        | dict(zip(PUBLISHED, (c.value, *published_interval(c, confidence)), strict=True))
        | dict(zip(OWN, _own(tables[c.task].get(c.table), c), strict=True))
        for c in cells
    ]
    numbers = [*PUBLISHED, "sd", "people", *OWN]
    columns = ["task", "kind", "label", "mark", "is_difference", "has_chance", *numbers]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(numbers, float))


def published_interval(cell: PublishedCell | PublishedAnswer, confidence: float) -> tuple[float, float]:
    """Student's, over people: it takes the images as given."""
    if cell.sd is None or cell.people is None:
        return np.nan, np.nan
    reach = cell.sd / np.sqrt(cell.people) * special.stdtrit(cell.people - 1, 0.5 + confidence / 2)
    return cell.value - reach, cell.value + reach


def _own(table: pd.DataFrame | None, cell: PublishedCell) -> tuple[float, ...]:
    if table is None or not set(cell.row) <= set(table.columns):
        return (np.nan,) * len(OWN)
    found = table[np.logical_and.reduce([table[column].astype(str) == value for column, value in cell.row.items()])]
    return tuple(found[OWN].iloc[0]) if len(found) == 1 else (np.nan,) * len(OWN)
