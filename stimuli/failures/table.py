"""The table beside the page, failures.csv: a row for each failure that the page shows, to be filtered as there."""

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from stimuli.errors import GalleryError

TABLE = "failures.csv"


@dataclass(frozen=True)
class Row:
    """A failure. `confidence` in `predicted` is from 0 to 1; `strongest` is the strongest of all the network's
    categories, `predicted` of the study's; `group` is what the failure looks like."""

    image: str
    network: str
    true: str
    predicted: str
    confidence: float
    group: str
    strongest: str


COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True)
class Filter:
    """Which failures are shown: of these networks (none: all), this pair, this look (empty: any), and with at least the
    first confidence and less than the second."""

    networks: tuple[str, ...] = ()
    true: str = ""
    predicted: str = ""
    group: str = ""
    confidence: tuple[float, float] = (0.0, 2.0)

    def shows(self, row: Row) -> bool:
        """Whether `row` passes."""
        low, high = self.confidence
        told = ((row.true, self.true), (row.predicted, self.predicted), (row.group, self.group))
        is_named = not self.networks or row.network in self.networks
        return is_named and low <= row.confidence < high and all(wanted in ("", has) for has, wanted in told)


def write_table(folder: Path, rows: Iterable[Row]) -> None:
    """Write failures.csv into `folder`; confidences keep all digits, so that a filter finds the same rows again."""
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *map(astuple, rows)])


def read_table(folder: Path) -> list[Row]:
    """The rows of the page in `folder`. Raises GalleryError where there is no page with such a table."""
    try:
        with (folder / TABLE).open(newline="", encoding="utf-8") as file:
            return [_read(told) for told in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError):
        raise GalleryError(
            f"{folder} holds no page of failures of this version; make one first, by the same command without"
            " --make-study"
        ) from None


def _read(told: dict[str, str]) -> Row:
    texts = {name: told[name] for name in COLUMNS if name != "confidence"}
    return Row(confidence=float(told["confidence"]), **texts)
