"""The names of a network's outputs, as `labels` of the definition tell them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from contracts.text_files import NotTextError, read_text
from models.errors import NetworkError

_UNNAMED = "output "


def has_name(category: str) -> bool:
    """Whether a network's output has a name that people can read."""
    return not category.removeprefix(_UNNAMED).isdigit()


def read_labels(name: str, labels: Path | tuple[str, ...]) -> dict[int, str]:
    """Output index → category name, from a list in the order of the outputs or a CSV file (index, name)."""
    if isinstance(labels, tuple):
        return dict(enumerate(labels))
    try:
        rows = csv.DictReader(io.StringIO(read_text(labels)), strict=True)
        found = {int(row["index"]): row["name"].strip() for row in rows}
    except FileNotFoundError:
        raise NetworkError(f"labels {labels} of network {name!r} are missing; correct the name") from None
    except (NotTextError, KeyError, ValueError, AttributeError, csv.Error) as error:
        raise NetworkError(
            f"labels {labels} of network {name!r} cannot be read ({error}); its columns are index and name"
        ) from error
    if not found or min(found) < 0:
        raise NetworkError(f"labels {labels} of network {name!r} name no outputs; indices count from 0")
    return found


def named_outputs(name: str, labels: dict[int, str], outputs: int, wanted: Sequence[str]) -> tuple[str, ...]:
    """A name for each of a network's outputs. Raises NetworkError where labels do not fit it, or lack one `wanted`."""
    if beyond := [index for index in labels if index >= outputs]:
        raise NetworkError(f"labels of network {name!r} name output {max(beyond)}, and it has {outputs} outputs")
    categories = tuple(labels.get(index, f"{_UNNAMED}{index}") for index in range(outputs))
    if missing := [category for category in wanted if category not in categories]:
        raise NetworkError(
            f"no label of network {name!r} is {', '.join(missing)}; write labels as dataset.categories writes them"
        )
    if repeated := sorted({c for c in categories if categories.count(c) > 1}):
        raise NetworkError(f"labels of network {name!r} name {', '.join(repeated)} more than once")
    return categories
