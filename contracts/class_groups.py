"""Groups of classes that look or mean alike: the table `error_groups` of a task."""

import csv
import io

COLUMNS = ("class", "group")
WITHIN, OUTSIDE = "within the group of the truth", "in another group"
"""The kinds of error: the predicted class is in the group of an annotated one, or in none of their groups."""


def class_groups(text: str) -> dict[str, str]:
    """Class → its group, of a CSV text with COLUMNS. Raises ValueError where it has none."""
    rows = csv.DictReader(io.StringIO(text), strict=True)
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise ValueError(
            f"the columns class and group are expected; found: {', '.join(rows.fieldnames or ()) or 'none'}"
        )
    try:
        told = [(row["class"].strip(), row["group"].strip()) for row in rows]
    except (csv.Error, AttributeError) as error:
        raise ValueError(f"the table cannot be read ({error})") from error
    found = dict(told)
    if len(found) < len(told):
        raise ValueError(f"{len(told) - len(found)} classes occur more than once; write each once")
    if empty := [name for name, group in told if not name or not group]:
        raise ValueError(f"class {empty[0]!r} or its group is empty; fill it in")
    if len(set(found.values())) < 2:
        raise ValueError("two groups or more are needed")
    return found
