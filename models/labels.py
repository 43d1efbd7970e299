"""The names of a network's outputs, as `labels` of the definition tell them."""

import csv
import difflib
import io
from collections.abc import Sequence
from pathlib import Path

from contracts.text_files import NotTextError, read_text
from models.errors import NetworkError

TORCHVISION = "torchvision"  # labels that are the names which come with torchvision's weights
_UNNAMED = "output "
_COLUMNS = ("index", "name")


def has_name(category: str) -> bool:
    """Whether a network's output has a name that people can read."""
    return not category.removeprefix(_UNNAMED).isdigit()


def read_labels(name: str, labels: Path | tuple[str, ...] | str, architecture: str = "") -> dict[int, str]:
    """Output index → category name, from a list in the order of the outputs, a CSV file (index, name) or TORCHVISION.

    Raises NetworkError where the file is missing or not such a table, and where torchvision has no names.
    """
    if isinstance(labels, str):
        return dict(enumerate(_torchvision_names(name, architecture)))
    if isinstance(labels, tuple):
        return dict(enumerate(labels))
    found: dict[int, str] = {}
    for row in _rows(name, labels):
        index, category = (str(row[column] or "").strip() for column in _COLUMNS)
        if not index.isdigit() or int(index) in found:
            why = "is there twice" if index.isdigit() else "is no whole number from 0"
            raise NetworkError(f"labels {labels} of network {name!r}: index {index!r} {why}; each output has one row")
        found[int(index)] = category
    if not found:
        raise NetworkError(f"labels {labels} of network {name!r} name no outputs; write a row for each, from index 0")
    return found


def _torchvision_names(name: str, architecture: str) -> Sequence[str]:
    from torchvision.models import get_model_weights  # takes as long to load as torch

    try:
        return next(iter(get_model_weights(architecture))).meta["categories"]
    except (ValueError, TypeError, StopIteration, KeyError):
        raise NetworkError(
            f'labels = "{TORCHVISION}" of network {name!r}: torchvision has no weights with names for'
            f" {architecture or 'a module'}; write a CSV file with index and name"
        ) from None


def require_all_named(name: str, named: int, outputs: int) -> None:
    """Raise NetworkError where torchvision's names are not those of a network with so many `outputs`."""
    if named != outputs:
        raise NetworkError(
            f"network {name!r} has {outputs:,} outputs, and torchvision names {named:,}, so its names are not used;"
            " write labels, a CSV file with index and name, or training to put a new last layer on"
        )


def _rows(name: str, labels: Path) -> list[dict[str, str | None]]:
    try:
        rows = csv.DictReader(io.StringIO(read_text(labels)), strict=True)
        columns, found = rows.fieldnames or (), list(rows)
    except FileNotFoundError:
        raise NetworkError(f"labels {labels} of network {name!r} are missing; correct the name") from None
    except (NotTextError, csv.Error) as error:
        raise NetworkError(f"labels {labels} of network {name!r} cannot be read: {error}") from error
    if lacking := [column for column in _COLUMNS if column not in columns]:
        raise NetworkError(
            f"labels {labels} of network {name!r} lack the column {' and '.join(lacking)}; the first row must be"
            f" index,name, and is {','.join(map(str, columns))}"
        )
    return found


def named_outputs(name: str, labels: dict[int, str], outputs: int, wanted: Sequence[str]) -> tuple[str, ...]:
    """A name for each of a network's outputs. Raises NetworkError where labels do not fit it, or lack one `wanted`."""
    if beyond := [index for index in labels if index >= outputs]:
        raise NetworkError(
            f"labels of network {name!r} name output {max(beyond)}, and it has {outputs} outputs, which count from 0;"
            " correct the index, or name the network that they belong to"
        )
    categories = tuple(labels.get(index, f"{_UNNAMED}{index}") for index in range(outputs))
    if missing := [category for category in wanted if category not in categories]:
        close = difflib.get_close_matches(missing[0], categories, 3)
        near = f" (labels like {missing[0]}: {', '.join(close)})" if close else ""
        raise NetworkError(
            f"no label of network {name!r} is {', '.join(missing)}{near}; write labels as dataset.categories writes"
            " them"
        )
    if repeated := sorted({c for c in categories if categories.count(c) > 1}):
        raise NetworkError(f"labels of network {name!r} name {', '.join(repeated)} more than once; leave one")
    return categories
