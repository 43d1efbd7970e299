"""How recruiting stands: the platform's places and submissions, who has not handed in, and money so far."""

from collections import Counter
from dataclasses import dataclass

from study.recruitment import ledger
from study.recruitment.campaign import Campaign, everybody, platform_id, reward
from study.recruitment.platform import APPROVED, GONE, SUBMITTED, WORKING, Standing


@dataclass(frozen=True)
class Overview:
    """`words`: submissions by the platform's own word for their state. Money in cents, without the platform's fee."""

    standing: Standing
    words: dict[str, int]
    working: int
    awaiting: int
    gone: int
    finished_but_not_handed_in: tuple[str, ...]  # participant_ids
    unknown_here: int  # handed in there by people who never joined here
    rewards: int | None  # of approved submissions; None where the reward is not known here
    bonuses: int


def overview(campaign: Campaign) -> Overview:
    """As it is now. Raises PlatformError, ConductError."""
    standing, people, each = campaign.platform.standing(platform_id(campaign)), everybody(campaign), reward(campaign)
    submissions = [*(person.submission for person in people.known), *people.strange]
    states = Counter(submission.state for submission in submissions)
    with campaign.database.reading() as session:
        paid = ledger.sum_of(session, "cents", {"slug": campaign.slug, "account": campaign.account, "what": "bonus"})
    return Overview(
        standing=standing,
        words=dict(Counter(submission.word for submission in submissions)),
        working=states[WORKING],
        awaiting=states[SUBMITTED],
        gone=states[GONE],
        finished_but_not_handed_in=tuple(
            p.public_id for p in people.known if p.finished and p.submission.state in (WORKING, GONE)
        ),
        unknown_here=sum(submission.state == SUBMITTED for submission in people.strange),
        rewards=None if each is None else each * states[APPROVED],
        bonuses=paid,
    )
