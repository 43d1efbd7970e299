"""The state of recruiting: the platform's places and submissions, who has not handed in, and money so far."""

from collections import Counter
from dataclasses import dataclass

from study.database.find import find_study, lock_study
from study.database.schema import Study
from study.definition import frozen_definition
from study.recruitment import ledger
from study.recruitment.campaign import Campaign, everybody, platform_id, reward
from study.recruitment.platform import APPROVED, GONE, SUBMITTED, WORKING, Standing
from study.recruitment.prolific import SCREENED_OUT
from study.recruitment.reported import Reported, reported, store_standing


@dataclass(frozen=True)
class Overview:
    """`words`: submissions by the platform's own word for their state. Money in cents."""

    standing: Standing
    words: dict[str, int]
    working: int
    awaiting: int
    gone: int
    finished_but_not_handed_in: tuple[str, ...]  # participant_ids
    unknown_here: int  # handed in there by people who never joined here
    rewards: int | None  # of approved submissions; None where the reward is not known here
    bonuses: int
    spent: int | None  # rewards and bonuses with the platform's fee; None as for `rewards`


def overview(campaign: Campaign) -> Overview:
    """As it is now, stored for the researchers' page as well. Raises PlatformError, ConductError."""
    standing, people, each = campaign.platform.standing(platform_id(campaign)), everybody(campaign), reward(campaign)
    submissions = [*(person.submission for person in people.known), *people.strange]
    states = Counter(submission.state for submission in submissions)
    paid = bonuses(campaign)
    words = Counter(submission.word for submission in submissions)
    spent = None if each is None else _with_fee(campaign, states[APPROVED], each) + _with_fee(campaign, 1, paid)
    if spent is not None:
        spent += _screen_outs(campaign, words)
    return Overview(
        standing=standing,
        words=dict(words),
        working=states[WORKING],
        awaiting=states[SUBMITTED],
        gone=states[GONE],
        finished_but_not_handed_in=_store(campaign, standing, spent).not_handed_in,
        unknown_here=sum(submission.state == SUBMITTED for submission in people.strange),
        rewards=None if each is None else each * states[APPROVED],
        bonuses=paid,
        spent=spent,
    )


def bonuses(campaign: Campaign) -> int:
    """Cents that were paid as bonuses through Discern, without the platform's fee."""
    with campaign.database.reading() as session:
        return ledger.sum_of(session, "cents", {"slug": campaign.slug, "account": campaign.account, "what": "bonus"})


def _screen_outs(campaign: Campaign, words: Counter[str]) -> int:
    """Cents, with the fee, that people got who were turned away, where they get any."""
    with campaign.database.reading() as session:
        paid = frozen_definition(find_study(session, campaign.slug)).recruitment.screen_out
    return _with_fee(campaign, words[SCREENED_OUT], paid[0]) if paid else 0


def _with_fee(campaign: Campaign, people: int, cents: int) -> int:
    return campaign.platform.cost(people, cents).total if people and cents else 0


def _store(campaign: Campaign, standing: Standing, spent: int | None) -> Reported:
    with campaign.database.writing() as session:
        study = lock_study(session, Study.slug == campaign.slug)
        store_standing(session, study, campaign.account, standing, spent, campaign.clock())
        session.flush()
        found = reported(session, study, campaign.account)
        session.commit()
    return found
