"""What Discern needs to know of a place that sends participants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from study.recruitment.platform import OpenAccount

Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Recruited:
    """Who came: `key` is the same whenever the same person comes, `parameters` are kept through the consent form."""

    provider: str
    key: str
    parameters: dict[str, str]
    is_rehearsal: bool = False  # from a platform's sandbox, or simulated: never counted as a person


@dataclass(frozen=True)
class Departure:
    """Where a participant goes at the end: a link, or, with `fields`, a form that is posted there."""

    url: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Provider:
    """`identify` reads the parameters of the link (None: nobody yet) or raises RecruitmentError.

    `departure` gets the completion code, the parameters of the link and the definition's completion address, if any.
    `open_account` is there for platforms with an API.
    """

    name: str  # in definitions and in the database, so at most 16 characters
    title: str  # as people write it
    parameters: tuple[str, ...]
    identify: Callable[[Parameters], Recruited | None]
    shares_code: bool  # one completion code for all participants of a study
    departure: Callable[[str, Parameters, str | None], Departure | None]
    is_preview: Callable[[Parameters], bool] = lambda parameters: False  # a visitor who may only look
    frame_ancestors: tuple[str, ...] = ()  # whose pages may hold ours in a frame
    form_targets: tuple[str, ...] = ()  # to whom our forms may be posted
    signs_links: bool = False  # who comes can be verified: identities.py
    open_account: OpenAccount | None = None
    knows_people: bool = True  # a person comes with the same `key` to each study
    key_of: Callable[[str], str] = str  # `Recruited.key` of a person's id as the platform shows it
    cannot_choose: tuple[str, ...] = ()  # keys of [recruitment] that the platform has no way for
