"""Whether the options that a task offers for each photograph can be: sentences and labels, told by a table."""

from collections.abc import Mapping

from contracts.class_groups import class_groups
from contracts.foil_text import BETWEEN
from contracts.foils import ANNOTATED, TABLE
from contracts.label_choice import is_choice
from contracts.sentences import is_pair
from contracts.tasks import Kind


def check_sentences(foil: str, told: Mapping[str, str], attention_checks: int) -> None:
    """Raise ValueError where a task with this `foil`, and this image → foil, cannot offer two sentences."""
    if foil != TABLE:
        raise ValueError(
            f'foil = "{TABLE}" is needed, and foils, which names the table of the sentences of each photograph;'
            " `./manage.py name-units --make-study` writes one"
        )
    if attention_checks:
        raise ValueError("attention_checks say which answer to choose, and sentences are too long; remove them")
    if wrong := [image for image, each in told.items() if not is_pair(each)]:
        raise ValueError(
            f"foils: {len(wrong)} rows, the first of image {wrong[0]!r}, have not two different sentences; write"
            " names for and against as “wrong|right”, each “name, name / name, name”"
        )


def check_labels(facts: Kind, foil: str, told: Mapping[str, str]) -> None:
    """Raise ValueError where a task with this `foil`, and this image → foil, cannot offer labels."""
    if foil not in (ANNOTATED, TABLE):
        raise ValueError(
            f"foil = {foil!r} gives one wrong option, and {facts.name} offers {facts.labels} labels; remove it,"
            f' or name a table of the other labels in foils and set foil = "{TABLE}"'
        )
    number = facts.labels - 1
    if wrong := [image for image, each in told.items() if not is_choice(each.split(BETWEEN))]:
        raise ValueError(
            f"foils: {len(wrong)} rows, the first of image {wrong[0]!r}, have not {number} different labels; write"
            f" those that the network did not give as “{BETWEEN.join(['label'] * number)}”"
        )


def check_scale(facts: Kind, points: int) -> None:
    """Raise ValueError where a kind has no scale of one's own, or none of this number of points; 0: none is told."""
    if points and not facts.points:
        raise ValueError(f"points are for kinds with a scale of one's own, and {facts.name} has none; remove it")
    if points and facts.points and not facts.points[0] <= points <= facts.points[1]:
        fewest, most = facts.points
        raise ValueError(f"points = {points}: a scale has {fewest} to {most} points; set a number of these")


def check_balance(facts: Kind, matched: bool, error_groups: str) -> None:
    """Raise ValueError where a kind has no right and wrong predictions to balance, or `error_groups` no groups."""
    if matched and not facts.is_balanced:
        raise ValueError(f"matched is for kinds with right and wrong predictions, and {facts.name} has none")
    if not error_groups:
        return
    if not facts.is_balanced or facts.learns:
        raise ValueError(f"error_groups divides the wrong predictions of a task; {facts.name} has none, so remove it")
    if matched:
        raise ValueError("error_groups and matched both choose the wrong predictions; keep one of them")
    try:
        class_groups(error_groups)
    except ValueError as error:
        raise ValueError(f"error_groups: {error}") from error
