"""Submissions are approved and bonuses paid, each once, whatever is lost on the way."""

from collections.abc import Iterable, Iterator

from study.database.schema import AuditEntry
from study.errors import ConductError, PlatformError, PlatformRefusedError
from study.recruitment import ledger
from study.recruitment.campaign import Campaign, KnownPerson, platform_id
from study.recruitment.ledger import Request
from study.recruitment.platform import APPROVED, GONE, REJECTED, SUBMITTED, UNKNOWN, WORKING

_LEFT_FOR_YOU = {
    SUBMITTED: "handed in there, did not finish here: look at their answers, then approve or ask them to return",
    WORKING: "finished here, has not handed in there: write to them, or wait until their time is over",
    GONE: "finished here, returned or ran out of time there: pay them with `recruit bonus`",
    REJECTED: "finished here, was rejected there: look at it again",
    UNKNOWN: "finished here; the platform's word for their submission is new: look at it there",
}


def awaiting_approval(everybody: Iterable[KnownPerson]) -> list[KnownPerson]:
    """Who handed in and finished here and is not excluded: the others are a person's to judge, on the platform."""
    return [person for person in everybody if _is_due(person)]


def left_for_you(everybody: Iterable[KnownPerson]) -> list[tuple[KnownPerson, str]]:
    """People on whom here and there disagree, each with what can be done."""
    found = []
    for person in everybody:
        state = person.submission.state
        if state == APPROVED or _is_due(person):
            continue
        if person.excluded and state == SUBMITTED:
            found.append((person, "excluded here: approve or ask them to return on the platform"))
        elif person.finished or state in (SUBMITTED, UNKNOWN):
            found.append((person, _LEFT_FOR_YOU[state]))
    return found


def approve(campaign: Campaign, people: list[KnownPerson]) -> Iterator[int]:
    """Accept and pay them; yields how many are done so far. The platforms pay a reward once, however often asked.

    What was not done by a failure is done by the same command.
    """
    requests = [campaign.request("approval", p.submission.id, participant=p.public_id) for p in people]
    for request in requests:
        campaign.record(request, ledger.BEGUN)
    done = 0
    for more in campaign.platform.approve([p.submission for p in people]):
        for request in requests[done : done + more]:
            campaign.record(request, ledger.DONE)
        done += more
        yield done


def payable(campaign: Campaign, everybody: Iterable[KnownPerson], chosen: Iterable[str]) -> list[KnownPerson]:
    """The people with these participant_ids, in this order. Raises ConductError naming those who are not there."""
    there = {p.public_id: p for p in everybody}
    ids = list(dict.fromkeys(chosen))
    if missing := [public_id for public_id in ids if public_id not in there]:
        raise ConductError(f"{campaign.account} tells of no submission of {', '.join(missing)}")
    return [there[public_id] for public_id in ids]


def is_paid(campaign: Campaign, person: KnownPerson, reason: str) -> bool:
    entry = ledger.read(campaign.database, _bonus(campaign, person, reason))
    return entry is not None and entry.action == ledger.DONE


def pay_bonus(campaign: Campaign, person: KnownPerson, cents: int, reason: str, retry: bool = False) -> bool:
    """Pay it unless a bonus for this reason was paid; False where it is not known whether it was.

    Before an uncertain one is paid again, the platform is asked what it has paid; it is paid with its own amount and
    with what was prepared for it. Raises PlatformError, ConductError.
    """
    request = _bonus(campaign, person, reason, cents)
    entry = ledger.read(campaign.database, request)
    if entry is not None and entry.action == ledger.DONE:
        return True
    if entry is not None and _is_uncertain(entry):
        return _pay_uncertain(campaign, person, request, reason, entry, retry)
    campaign.record(request, ledger.BEGUN)
    begun = ledger.read(campaign.database, request)
    try:
        prepared = campaign.platform.set_up_bonus(platform_id(campaign), person.submission, cents)
        before = campaign.platform.bonuses(person.submission).count(cents)
    except PlatformRefusedError as refusal:
        campaign.record(request, ledger.REFUSED, str(refusal)[:200])
        raise
    return _pay(campaign, person, request, reason, prepared, before, begun, is_first=True)


def tell(campaign: Campaign, person: KnownPerson, reason: str) -> bool:
    """Send the reason to the person; False where that failed. The bonus is paid either way."""
    try:
        campaign.platform.message(platform_id(campaign), person.submission, reason)
    except PlatformError:
        return False
    return True


def _pay_uncertain(
    campaign: Campaign, person: KnownPerson, request: Request, reason: str, entry: AuditEntry, retry: bool
) -> bool:
    asked, cents = entry.detail.get("cents"), request.about["cents"]
    if asked != cents:
        raise ConductError(
            f"a bonus of {asked} cents for {person.public_id} may have been paid for this reason;"
            f" repeat the command with --cents {asked}"
        )
    before = entry.detail.get("before", 0)
    if campaign.platform.bonuses(person.submission).count(cents) > before:
        campaign.record(request, ledger.DONE, "found paid")
        return True
    if not retry:
        return False
    return _pay(campaign, person, request, reason, entry.detail.get("prepared"), before, entry, is_first=False)


def _pay(
    campaign: Campaign,
    person: KnownPerson,
    request: Request,
    reason: str,
    prepared: str | None,
    before: int,
    since: AuditEntry | None,
    is_first: bool,
) -> bool:
    """Of two commands at once, one pays. A refusal of a repetition may mean that the first was granted."""
    about = {"prepared": prepared, "before": before}
    expected = since.id if since else None
    if not ledger.claim(campaign.database, request, campaign.actor, campaign.clock(), expected, **about):
        return False
    try:
        campaign.platform.pay_bonus(person.submission, request.about["cents"], reason, prepared)
    except PlatformRefusedError as refusal:
        if is_first:
            campaign.record(request, ledger.REFUSED, str(refusal)[:200])
        raise
    campaign.record(request, ledger.DONE)
    return True


def _is_due(person: KnownPerson) -> bool:
    return person.submission.state == SUBMITTED and person.finished and not person.excluded


def _is_uncertain(entry: AuditEntry) -> bool:
    """Prepared, and the reply to the payment was lost; or begun before bonuses were prepared in a step of their own."""
    return entry.action == ledger.PREPARED or (entry.action == ledger.BEGUN and "prepares" not in entry.detail)


def _bonus(campaign: Campaign, person: KnownPerson, reason: str, cents: int | None = None) -> Request:
    """One bonus a submission and reason, whatever its amount."""
    about = {} if cents is None else {"cents": cents, "prepares": True}
    return campaign.request("bonus", f"{person.submission.id}\x1f{reason}", participant=person.public_id, **about)
