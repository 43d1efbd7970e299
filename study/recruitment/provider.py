"""What Discern needs to know of a place that sends participants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Recruited:
    """Who came: `key` is the same whenever the same person comes, `parameters` are kept through the consent form."""

    provider: str
    key: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Provider:
    """`identify` reads the parameters of the link (None: a first visit on a plain link) or raises RecruitmentError."""

    name: str
    parameters: tuple[str, ...]
    identify: Callable[[Parameters], Recruited | None]
    shares_code: bool  # one completion code for all participants of a study
    redirect: Callable[[str], str | None]  # completion code → where to send the finished participant
