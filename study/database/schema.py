"""The tables. Constraints do the guarding: what must never happen cannot be stored."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, false, true
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contracts.export import WHY_TURNED_AWAY
from contracts.foil_text import LONGEST_FOIL
from contracts.observers import FAMILIES
from contracts.questionnaires import MAX_ANSWER
from contracts.tasks import LONGEST_REASON, RESPONSE
from study.database import platform_tables as platform_tables  # its tables belong to the same metadata
from study.database.columns import Base, one_of

OPEN, PAUSED, CLOSED = "open", "paused", "closed"
ANSWERED, RELEASED = "answered", "released"  # with OPEN, the states of a trial
# What a trial is for; only MAIN ones are ratings, CONTROL shows one picture on both sides, LEARNING tells the answer.
MAIN, PRACTICE, ATTENTION, CONTROL, LEARNING = PURPOSES = ("main", "practice", "attention", "control", "learning")
MAX_COMMENT = 2000  # characters
ANSWER, TEST, QUOTA, EARLIER = WHY_TURNED_AWAY  # an answer, the entry test, a full quota, an earlier study
OWNER, ANALYST, VIEWER = ROLES = ("owner", "analyst", "viewer")  # of researchers


class Study(Base):
    """A frozen definition and where its stimuli are."""

    __tablename__ = "study"
    __table_args__ = (one_of("state_known", "state", (OPEN, PAUSED, CLOSED)),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    document: Mapped[dict[str, Any]]
    definition_sha256: Mapped[str] = mapped_column(String(64))
    provenance: Mapped[dict[str, Any]]
    stimuli_folder: Mapped[str]  # as stimuli_folder.stored_as has it
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    opened_at: Mapped[datetime]
    completion_code: Mapped[str] = mapped_column(String(32))  # for platforms that want one code for all
    outcome_codes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # of the other outcomes


class Amendment(Base):
    """A change to an open study's definition: more ratings or people. `previous_sha256` links it to what it changed."""

    __tablename__ = "amendment"
    __table_args__ = (Unique("study_id", "previous_sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200))
    change: Mapped[dict[str, Any]]  # task, and ratings_per_item before and after; or limit before and after
    previous_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))


class Stimulus(Base):
    """One visualization: a row of the stimulus set's table."""

    __tablename__ = "stimulus"
    __table_args__ = (Unique("study_id", "stimulus_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    stimulus_id: Mapped[str] = mapped_column(String(64))
    tasks: Mapped[list[str]]
    image_id: Mapped[str] = mapped_column(String(128))
    category: Mapped[str] = mapped_column(String(64))
    foil: Mapped[str] = mapped_column(String(LONGEST_FOIL))
    network: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(64))
    file: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    logit: Mapped[float | None]
    probability: Mapped[float | None]
    is_correct: Mapped[bool | None]


class Item(Base):
    """What is rated k times: one visualization (class discrimination), or one from each of two networks (trust).

    Each condition that shows it has an item of its own, so that it gets k ratings in each.
    """

    __tablename__ = "item"
    __table_args__ = (
        Unique("study_id", "task", "condition", "stimulus_a_id", "stimulus_b_id"),
        CheckConstraint("ratings_wanted > 0", name="ratings_wanted_positive"),
        CheckConstraint("stimulus_b_id <> stimulus_a_id", name="two_stimuli"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    task: Mapped[str] = mapped_column(String(64))
    condition: Mapped[str] = mapped_column(String(64), default="", server_default="")  # empty: the study has none
    image_id: Mapped[str] = mapped_column(String(128))
    category: Mapped[str] = mapped_column(String(64))
    foil: Mapped[str] = mapped_column(String(LONGEST_FOIL))  # empty for trust
    method: Mapped[str] = mapped_column(String(64))
    slot: Mapped[int]  # which of the image's categories this is, counted in alphabetical order
    stimulus_a_id: Mapped[int] = mapped_column(ForeignKey("stimulus.id"))
    stimulus_b_id: Mapped[int | None] = mapped_column(ForeignKey("stimulus.id"))
    ratings_wanted: Mapped[int]

    stimulus_a: Mapped[Stimulus] = relationship(foreign_keys=stimulus_a_id, viewonly=True)
    stimulus_b: Mapped[Stimulus | None] = relationship(foreign_keys=stimulus_b_id, viewonly=True)


_SHOWS_ONE = Item.stimulus_b_id.is_(None)  # empty values are never equal, so such items need a key of their own
Index(
    "ix_item_one_stimulus", Item.study_id, Item.task, Item.condition, Item.stimulus_a_id,
    unique=True, sqlite_where=_SHOWS_ONE, postgresql_where=_SHOWS_ONE,
)  # fmt: skip


class Participant(Base):
    """One person's (or program's) study session. `token` is the address; `public_id` is what the export shows."""

    __tablename__ = "participant"
    __table_args__ = (
        Unique("study_id", "recruitment_hash"),
        Index(None, "study_id", "observer_kind"),  # of nothing that an answer changes; nor is that of trials
        one_of("observer_kind_known", "observer_kind", FAMILIES),
        CheckConstraint("(finished_at IS NULL) = (completion_code IS NULL)", name="code_only_when_finished"),
        CheckConstraint("excluded = (exclusion_reason IS NOT NULL)", name="exclusion_has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    token: Mapped[str] = mapped_column(String(32), unique=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    recruitment_hash: Mapped[str] = mapped_column(String(64))  # HMAC: the same person is known again, but not by name
    observer_kind: Mapped[str] = mapped_column(String(16))
    condition: Mapped[str] = mapped_column(String(64), default="", server_default="")  # as of their items
    language: Mapped[str] = mapped_column(String(16))
    definition_sha256: Mapped[str] = mapped_column(String(64))
    consent_version: Mapped[str] = mapped_column(String(64))
    consented_at: Mapped[datetime]
    lease_until: Mapped[datetime]  # until then the participant's open trials are kept; renewed by each answer
    finished_at: Mapped[datetime | None]
    completion_code: Mapped[str | None] = mapped_column(String(32))
    stopped_at: Mapped[datetime | None]  # when they gave their place back; none again once they have returned
    excluded: Mapped[bool] = mapped_column(default=False)
    exclusion_reason: Mapped[str | None] = mapped_column(String(200))
    withdrawal_code: Mapped[str | None] = mapped_column(
        String(32), unique=True, index=True
    )  # deletes the data when sent back
    device: Mapped[dict[str, Any] | None]  # what the browser said of its window and input
    # Name of each further box of the consent form → whether it was ticked.
    consents: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    comment: Mapped[str | None] = mapped_column(String(MAX_COMMENT))  # written at the end
    # Question of the screening → option that was chosen.
    screening: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # The last link of taking_part.chain; none: they had answered before there were chains.
    answers_chain: Mapped[str | None] = mapped_column(String(64), default="")
    # All their open trials were released, and they have won none back.
    released: Mapped[bool] = mapped_column(default=False, server_default=false())

    study: Mapped[Study] = relationship(viewonly=True)


# The few who may hold open trials, however many have finished or left.
MAY_HOLD = Participant.finished_at.is_(None) & Participant.released.is_(False)
Index("ix_participant_may_hold", Participant.study_id, sqlite_where=MAY_HOLD, postgresql_where=MAY_HOLD)


class TurnedAway(Base):
    """Somebody who cannot take part, known again as participants are; of their answers nothing is stored."""

    __tablename__ = "turned_away"
    __table_args__ = (
        Unique("study_id", "recruitment_hash"),
        one_of("observer_kind_known", "observer_kind", FAMILIES),
        one_of("why_known", "why", WHY_TURNED_AWAY),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    recruitment_hash: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(32), unique=True)  # by which their browser is known again
    observer_kind: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(String(16))
    what: Mapped[str] = mapped_column(String(160))  # the question, the full quota or the earlier study
    at: Mapped[datetime]


class ExternalIdentity(Base):
    """The ids a recruitment platform sent, apart from the answers, so that they can be deleted alone."""

    __tablename__ = "external_identity"

    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), primary_key=True, autoincrement=False)
    provider: Mapped[str] = mapped_column(String(16))
    parameters: Mapped[dict[str, Any]]


class Comprehension(Base):
    """One try at a task's comprehension check."""

    __tablename__ = "comprehension"

    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), primary_key=True, autoincrement=False)
    task: Mapped[str] = mapped_column(String(64), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1
    answers: Mapped[list[str]]
    passed: Mapped[bool]
    at: Mapped[datetime]


class Demographic(Base):
    """A participant's answer to one of the definition's optional questions about themselves."""

    __tablename__ = "demographic"

    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), primary_key=True, autoincrement=False)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    answer: Mapped[str] = mapped_column(String(500))


class QuestionnaireAnswer(Base):
    """What a participant answered to one item of a questionnaire; the rows of a page are stored together."""

    __tablename__ = "questionnaire_answer"

    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), primary_key=True, autoincrement=False)
    questionnaire: Mapped[str] = mapped_column(String(64), primary_key=True)
    item: Mapped[str] = mapped_column(String(64), primary_key=True)
    page: Mapped[int]  # from 1
    position: Mapped[int]  # from 1, as this participant saw the questionnaire's items
    answer: Mapped[str | None] = mapped_column(String(MAX_ANSWER))  # none: left empty
    time_on_page: Mapped[float | None]  # ms
    answered_at: Mapped[datetime]


class Trial(Base):
    """One place in a participant's plan, fixed at enrolment. Class discrimination shows its picture as `left`."""

    __tablename__ = "trial"
    __table_args__ = (
        Unique("participant_id", "position"),
        Unique("participant_id", "task", "image_id"),  # nobody sees an image twice in a task
        Index(None, "item_id"),
        one_of("state_known", "state", (OPEN, ANSWERED, RELEASED)),
        CheckConstraint("(right_stimulus_id IS NULL) = (right_image_token IS NULL)", name="right_has_a_token"),
        CheckConstraint("NOT is_overflow OR state = 'answered'", name="overflow_is_answered"),
        one_of("purpose_known", "purpose", PURPOSES),
        CheckConstraint("(purpose = 'attention') = (expected_response IS NOT NULL)", name="attention_expects"),
        CheckConstraint(
            "(purpose = 'control') = (right_stimulus_id IS NOT NULL AND right_stimulus_id = left_stimulus_id)",
            name="control_shows_one",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    position: Mapped[int]  # from 0 over the whole study session
    task: Mapped[str] = mapped_column(String(64))
    image_id: Mapped[str] = mapped_column(String(128))
    left_stimulus_id: Mapped[int] = mapped_column(ForeignKey("stimulus.id"))
    right_stimulus_id: Mapped[int | None] = mapped_column(ForeignKey("stimulus.id"))
    option_order: Mapped[list[str]]  # the options' values as shown
    trial_token: Mapped[str] = mapped_column(String(32), unique=True)
    left_image_token: Mapped[str] = mapped_column(String(32), unique=True)
    right_image_token: Mapped[str | None] = mapped_column(String(32), unique=True)
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    questions_answered: Mapped[int] = mapped_column(default=0, server_default="0")  # of the item's, in their order
    is_overflow: Mapped[bool] = mapped_column(default=False)
    purpose: Mapped[str] = mapped_column(String(16), default=MAIN, server_default=MAIN)
    expected_response: Mapped[str | None] = mapped_column(String(64))  # what an attention check asks to choose

    item: Mapped[Item] = relationship(viewonly=True)


class Load(Base):
    """How many ratings of an item are given or promised: a sum of trials, which taking_part.loads keeps."""

    __tablename__ = "load"

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True, autoincrement=False)
    observer_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    ratings: Mapped[int]


class Response(Base):
    """The answer to one question of a trial: at most one, never changed."""

    __tablename__ = "response"

    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.id"), primary_key=True, autoincrement=False)
    question: Mapped[str] = mapped_column(String(32), primary_key=True, default=RESPONSE)
    response: Mapped[str] = mapped_column(String(LONGEST_REASON))
    rt: Mapped[float | None]  # ms
    rt_missing: Mapped[str | None] = mapped_column(String(16))  # why there is none, one of contracts.export.RT_MISSING
    time_elapsed: Mapped[float]  # ms since the page's start
    body_sha256: Mapped[str] = mapped_column(String(64))  # tells the same answer sent again from another one
    answered_at: Mapped[datetime]


FIRST_ANSWER = (Response.trial_id == Trial.id) & (Response.question == RESPONSE)
"""Joins a trial with the answer to its first question."""


class Event(Base):
    """Something the browser noticed during a trial: focus, blur, resize, fullscreen, a translation of the page."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.id"), index=True)
    event: Mapped[str] = mapped_column(String(32))
    time: Mapped[float]  # ms since the page's start


class Arrival(Base):
    """How often a study's first page was opened on one day; all that is stored before consent."""

    __tablename__ = "arrival"
    __table_args__ = (one_of("observer_kind_known", "observer_kind", FAMILIES),)

    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), primary_key=True, autoincrement=False)
    observer_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # in UTC
    opened: Mapped[int]


class Admin(Base):
    """A researcher who may log in."""

    __tablename__ = "admin"
    __table_args__ = (one_of("role_known", "role", ROLES),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(256))
    role: Mapped[str] = mapped_column(String(16), default=OWNER, server_default=OWNER)
    sees_all: Mapped[bool] = mapped_column(default=True, server_default=true())  # studies; else those of StudyAccess
    created_at: Mapped[datetime]


class StudyAccess(Base):
    """A study that was shared with a researcher who does not see all."""

    __tablename__ = "study_access"

    admin_id: Mapped[int] = mapped_column(ForeignKey("admin.id"), primary_key=True, autoincrement=False)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), primary_key=True, autoincrement=False)


class Login(Base):
    """A researcher is logged in with a browser, whose cookie holds the mark."""

    __tablename__ = "login"

    mark_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    admin_id: Mapped[int] = mapped_column(ForeignKey("admin.id"))
    at: Mapped[datetime]


class FailedLogin(Base):
    """Wrong passwords in a row for a name from one origin; `key` is a keyed hash of both."""

    __tablename__ = "failed_login"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """Who did what. Each entry holds the hash of the one before; a chain cannot fork, because that hash is unique."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "action", "actor", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]]
    previous_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
