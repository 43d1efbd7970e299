"""What recruitment platforms said last of a study and its submissions. No id of a platform is in these tables."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from study.database.columns import Base


class OnPlatform(Base):
    """The state of a study on a platform, as far as it was asked."""

    __tablename__ = "on_platform"

    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(32), primary_key=True)  # the provider's name, or with -sandbox
    state: Mapped[str] = mapped_column(String(16))
    word: Mapped[str] = mapped_column(String(200))  # the platform's own
    places: Mapped[int]
    taken: Mapped[int | None]
    spent: Mapped[int | None]  # cents, with the platform's fee; none: the reward is not known here
    at: Mapped[datetime]


class PlatformSubmission(Base):
    """The state of one submission on a platform, with the participant whose it is where they joined here."""

    __tablename__ = "submission"
    __table_args__ = (Index(None, "participant_id"),)

    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), primary_key=True, autoincrement=False)
    submission_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # keyed, of the platform's id
    account: Mapped[str] = mapped_column(String(32))
    participant_id: Mapped[int | None] = mapped_column(ForeignKey("participant.id"))
    state: Mapped[str] = mapped_column(String(16))
    word: Mapped[str] = mapped_column(String(64))  # the platform's own
    at: Mapped[datetime]  # when the platform said so
