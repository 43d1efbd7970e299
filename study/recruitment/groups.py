"""Who took part, kept on the platform: so that a later study, or the rest of this one, is not shown to them."""

from dataclasses import dataclass

from study.recruitment import ledger
from study.recruitment.campaign import Campaign, everybody, platform_id


@dataclass(frozen=True)
class Group:
    """`id` is what `[recruitment] not_groups` of another study takes; `members` with those `added` now."""

    id: str
    members: int
    added: int


def keep_group(campaign: Campaign, name: str) -> Group:
    """Put everybody who joined here into the platform's group of this name. Raises PlatformError, ConductError.

    It is made where there is none; run again, it adds those who came since.
    """
    people = {person.submission.key for person in everybody(campaign).known}
    request = campaign.request("group", name, group=name)
    campaign.once(request, lambda: campaign.platform.group(name), retry=True)
    entry = ledger.read(campaign.database, request)
    group_id = str(entry.detail["result"]) if entry else ""
    before = campaign.platform.members(group_id)
    campaign.platform.add_members(group_id, sorted(people - before))
    return Group(group_id, len(people | before), len(people - before))


@dataclass(frozen=True)
class Shown:
    """`people` handed in and may be shown the study once more; `guard`: the platform's list that they lack."""

    guard: str
    people: tuple[str, ...]


def still_shown(campaign: Campaign) -> Shown | None:
    """Changes nothing; None where the platform sees to it by itself, or nobody is due. Raises PlatformError."""
    study_id = platform_id(campaign)
    guard = campaign.platform.guard(study_id)
    if guard is None:
        return None
    handed_in = {submission.key for submission in campaign.platform.submissions(study_id)}
    people = handed_in - campaign.platform.members(guard)
    return Shown(guard, tuple(sorted(people))) if people else None


def keep_out(campaign: Campaign, shown: Shown) -> None:
    """Show these people no further place of this study. Raises PlatformError."""
    campaign.platform.add_members(shown.guard, shown.people)
