"""An image that a task may show."""

from dataclasses import dataclass

from models.photographs import Photograph


@dataclass(frozen=True)
class Candidate:
    """An eligible image, the categories that its visualizations explain, and what it is balanced by."""

    image: Photograph
    categories: tuple[str, ...]
    sort: str = ""  # of which a task shows equally many
    group: tuple[str, ...] = ()  # used equally within a sort
