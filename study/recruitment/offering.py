"""A study is drafted on the platform, published, and paused, resumed or stopped there; nothing twice."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.provider_names import PROLIFIC
from study.audience import RecruitmentConfig
from study.config import DeviceConfig
from study.database.find import find_study
from study.definition import frozen_definition
from study.errors import ConductError
from study.recruitment import ledger
from study.recruitment.campaign import Campaign, offer, platform_id
from study.recruitment.outcomes import endings
from study.recruitment.platform import DESKTOP, MOBILE, TABLET, Audience, Posting, Standing
from study.recruitment.providers import PROVIDERS

_LARGEST_PHONE = 430  # CSS pixels of a phone's window, upright
_LONGEST = 4  # times the study's minutes, until the platform takes the place away
_HOUR_MIN = 60
HOURLY = {"GBP": (600, 900), "USD": (800, 1200)}
"""Prolific's minimum and recommendation, in cents (payment principles, researcher-help.prolific.com)."""


@dataclass(frozen=True)
class Asked:
    """What the command's options say; None: as the definition has it. `settings` go over the definition's own."""

    address: str
    places: int | None = None
    reward: int | None = None
    description: str | None = None
    settings: Mapping[str, Any] | None = None


def posting(campaign: Campaign, asked: Asked, is_signed: bool) -> Posting:
    """The study as it would be offered. Raises ConductError naming what is said nowhere."""
    with campaign.database.reading() as session:
        study = find_study(session, campaign.slug)
        definition = frozen_definition(study)
    chosen, about = definition.recruitment, definition.study
    for name in ("places", "reward"):
        if getattr(asked, name) is None and getattr(chosen, name) is None:
            raise ConductError(f"give --{name}: the definition has no [recruitment] {name}")
    provider, device = PROVIDERS[campaign.provider], definition.participants.device
    return Posting(
        name=about.title[definition.study.languages[0]],
        internal_name=_internal_name(campaign.slug, study.completion_code),
        description=" ".join(filter(None, (asked.description or chosen.description, needed(device)))),
        url=f"{asked.address.rstrip('/')}/s/{campaign.slug}",
        places=asked.places or chosen.places or 0,
        reward=asked.reward or chosen.reward or 0,
        minutes=about.minutes,
        longest_minutes=chosen.longest_minutes or _LONGEST * about.minutes,
        completion_code=study.completion_code,
        outcome_codes=study.outcome_codes,
        parameters=provider.parameters,
        devices=fitting(device),
        is_approved_at_once=chosen.approval == "at-once",
        is_signed=is_signed and provider.signs_links,
        project=chosen.project,
        add_to_group=chosen.add_to_group,
        screen_out=chosen.screen_out,
        audience=_audience(chosen, asked.settings or {}),
    )


def fitting(device: DeviceConfig) -> tuple[str, ...]:
    """Kinds of device that the definition's rules do not turn away as a whole."""
    if device.pointer == "fine":
        return (DESKTOP,)
    takes_phones = device.phones and device.min_width <= _LARGEST_PHONE
    return (DESKTOP, TABLET, MOBILE) if takes_phones else (DESKTOP, TABLET)


def needed(device: DeviceConfig) -> str:
    """The rules in a sentence for the platform's page, so that nobody accepts in vain."""
    means = {(DESKTOP,): "a computer with a mouse or touchpad", (DESKTOP, TABLET): "a computer or tablet, no phone"}
    kind = means.get(fitting(device))
    size = f"a window of at least {device.min_width} × {device.min_height} pixels" if kind else None
    return f"You need {kind} and {size}." if kind else ""


@dataclass(frozen=True)
class Worth:
    """What the reward is worth: cents an hour, and what is to be said of it, each a sentence."""

    per_hour: int
    currency: str  # of three letters; empty where the definition has no [study.pay]
    warnings: tuple[str, ...]


def worth(campaign: Campaign, posting: Posting) -> Worth:
    """In the study's currency, where the definition says one."""
    with campaign.database.reading() as session:
        promised = frozen_definition(find_study(session, campaign.slug)).study.pay
    currency, hourly = promised.currency if promised else "", per_hour(posting)
    warnings = [*_below(campaign, hourly, currency)]
    if promised and round(100 * promised.amount) != posting.reward:
        told = f"{promised.amount:.2f} {currency}"
        warnings.append(f"The information sheet promises {told}; the reward is {posting.reward / 100:.2f}.")
    return Worth(hourly, currency, tuple(warnings))


def _below(campaign: Campaign, hourly: int, currency: str) -> Iterator[str]:
    """A sentence where the pay is below what Prolific asks for, or advises, in that currency."""
    whose = "" if campaign.provider == PROLIFIC else "Mechanical Turk has no minimum; "
    limits = {name: HOURLY[name] for name in ([currency] if currency in HOURLY else HOURLY)}
    for n, does in ((0, "refuses less than"), (1, "recommends at least")):
        if hourly < next(iter(limits.values()))[n]:
            told = " or ".join(f"{bounds[n] / 100:.2f} {name}" for name, bounds in limits.items())
            yield f"{whose}Prolific {does} {told} an hour."
            return


def per_hour(posting: Posting) -> int:
    """The reward for an hour, in cents."""
    return round(posting.reward * _HOUR_MIN / posting.minutes)


def ending_codes(campaign: Campaign) -> list[str]:
    """A line for each completion code: the code, who gets it, and what the platform does."""
    with campaign.database.reading() as session:
        study = find_study(session, campaign.slug)
        is_paid = frozen_definition(study).recruitment.screen_out is not None
    done = f"{study.completion_code}  answered everything: reviewed by hand, or approved at once where you chose so"
    if not study.outcome_codes:
        return ["Everybody who answers everything gets a code of their own."]
    return [done] + [f"{code}  {ending.who}: {ending.action}" for code, ending in endings(study.outcome_codes, is_paid)]


def switch(campaign: Campaign, state: str) -> Standing:
    """Pause, resume or stop it on the platform. Raises PlatformError."""
    study_id = platform_id(campaign)
    campaign.platform.switch(study_id, state)
    campaign.record(campaign.request("switch", study_id, state=state), ledger.DONE)
    return campaign.platform.standing(study_id)


def create(campaign: Campaign, posting: Posting) -> bool:
    """Make the draft unless there is one; whether it was made now. Raises PlatformError.

    A draft costs nothing, so where the reply to an earlier try was lost, and the platform shows none of this name, it
    is made again.
    """
    request = _with(campaign, posting)
    entry = ledger.read(campaign.database, request)
    if entry is not None and entry.action == ledger.DONE:
        return False
    if entry is not None and entry.action == ledger.BEGUN:
        found = campaign.platform.find(posting.internal_name)
        if found:
            campaign.record(request, ledger.DONE, found)
            return False
    campaign.once(request, lambda: campaign.platform.draft(posting), retry=True)
    return True


def adopt(campaign: Campaign, study_id: str, places: int | None, reward: int | None) -> None:
    """The study is on the platform under this id; nothing is asked of the platform."""
    with campaign.database.reading() as session:
        find_study(session, campaign.slug)
    campaign.record(offer(campaign, cents=reward, places=places), ledger.DONE, study_id)


def publish(campaign: Campaign, posting: Posting) -> Standing:
    """Offer the study to people. It is looked up first, so a second call changes nothing. Raises PlatformError."""
    study_id = platform_id(campaign)
    request = campaign.request("publish", study_id, places=posting.places)
    campaign.once(request, lambda: campaign.platform.publish(study_id, posting), retry=True)
    return campaign.platform.standing(study_id)


def add_places(campaign: Campaign, posting: Posting, more: int) -> Standing:
    """Raise the places by `more`. Where an earlier raise is not known to have been done, that one is finished instead.

    Raises PlatformError.
    """
    study_id = platform_id(campaign)
    pending = _pending(campaign, study_id)
    total = pending or campaign.platform.standing(study_id).places + more
    request = campaign.request("add-places", study_id, places=total)
    campaign.record(request, ledger.BEGUN)
    campaign.platform.add_places(study_id, replace(posting, places=total))
    campaign.record(request, ledger.DONE)
    return campaign.platform.standing(study_id)


def _pending(campaign: Campaign, study_id: str) -> int | None:
    entry = ledger.read(campaign.database, campaign.request("add-places", study_id))
    return entry.detail["places"] if entry is not None and entry.action == ledger.BEGUN else None


def _with(campaign: Campaign, posting: Posting) -> ledger.Request:
    return offer(campaign, cents=posting.reward, places=posting.places)


def _internal_name(slug: str, code: str) -> str:
    """Different for each opened study, also of one name in two databases."""
    return f"discern {slug} {hashlib.sha256(code.encode()).hexdigest()[:8]}"


def _audience(chosen: RecruitmentConfig, settings: Mapping[str, Any]) -> Audience:
    return Audience(
        countries=chosen.countries,
        languages=chosen.languages,
        age=(chosen.youngest, chosen.oldest),
        approval_percent=chosen.approval_percent,
        approved_before=chosen.approved_before,
        not_after=chosen.not_after,
        groups=chosen.groups,
        not_groups=chosen.not_groups,
        filters=chosen.filters,
        settings=chosen.settings | dict(settings),
    )
