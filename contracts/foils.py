"""Where the wrong option comes from in a task whose answers are right or wrong: `foil` of a task."""

import csv
import io
from dataclasses import dataclass
from typing import Literal

FoilName = Literal["annotated", "runner-up", "confusable", "table"]
"""In a definition: a key of FOILS."""

ANNOTATED: FoilName = "annotated"
TABLE: FoilName = "table"


@dataclass(frozen=True)
class Foil:
    """`single_label`: for photographs with one annotated category, which alone is explained."""

    single_label: bool = True
    needs_predictions: bool = False  # of all photographs of the split


FOILS: dict[str, Foil] = {
    ANNOTATED: Foil(single_label=False),  # the photograph's other annotated category
    "runner-up": Foil(needs_predictions=True),  # the network's strongest wrong category of the study
    "confusable": Foil(needs_predictions=True),  # the most frequent runner-up of the category's photographs
    TABLE: Foil(),  # told for each photograph by the researcher
}


def foil_table(text: str) -> dict[str, str]:
    """Image id → foil, of a CSV text with the columns image and foil. Raises ValueError where it has none."""
    rows = csv.DictReader(io.StringIO(text), strict=True)
    if not {"image", "foil"} <= set(rows.fieldnames or ()):
        raise ValueError(
            f"the columns image and foil are expected; found: {', '.join(rows.fieldnames or ()) or 'none'}"
        )
    try:
        told = [(row["image"].strip(), row["foil"].strip()) for row in rows]
    except (csv.Error, AttributeError) as error:
        raise ValueError(f"the table cannot be read ({error})") from error
    found = dict(told)
    if len(found) < len(told):
        raise ValueError(f"{len(told) - len(found)} images occur more than once; write each once")
    return found
