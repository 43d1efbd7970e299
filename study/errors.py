"""What can go wrong in the survey. A view turns each into one HTTP status; manage.py prints the message."""


class StudyError(Exception):
    """Base of the errors below; the message names the thing and the remedy."""


class ConfigurationError(StudyError):
    """The server may not start like this: a secret is missing or weak, a setting is wrong."""


class DatabaseNotReadyError(StudyError):
    """There is no database at the URL, or its tables are of another version."""


class PortTakenError(StudyError):
    """Something else listens at the address."""


class ServerNotStartedError(StudyError):
    """The server ended or did not answer before it should have."""


class OpeningError(StudyError):
    """A study cannot be opened: its definition changed, or the stimulus set does not fit it."""


class ExportError(StudyError):
    """The export cannot be written where it was asked for."""


class BackupError(StudyError):
    """A backup cannot be written, or cannot be restored from."""


class AdminError(StudyError):
    """A researcher account cannot be made."""


class ForbiddenError(StudyError):
    """This researcher's role does not allow it."""


class PlatformError(StudyError):
    """A recruitment platform did not do what it was asked; the message holds its words."""


class PlatformRefusedError(PlatformError):
    """The platform refused the request: nothing was done."""


class NotSentError(StudyError):
    """A message to researchers did not reach its mail server or address; it is sent again the next time."""


class LoginThrottledError(StudyError):
    """Too many failed attempts for this name; later attempts may succeed."""


class UnknownError(StudyError):
    """No study, participant, trial or image has this address."""


class UnknownCodeError(UnknownError):
    """No data has this withdrawal code."""


class PictureMissingError(StudyError):
    """A picture of the study is not where it should be: our fault, and the same request may succeed later."""


class NotOpenError(StudyError):
    """The study is paused or closed."""


class StudyFullError(StudyError):
    """Every rating is given or assigned."""


class ConsentError(StudyError):
    """The consent form was sent without consent, or with something the study does not offer."""


class RecruitmentError(StudyError):
    """The visitor came without what the recruitment platform should have put into the link."""


class DeploymentError(StudyError):
    """Something that a server needs is missing; the message says what to do."""


class NotSeenError(StudyError):
    """It cannot be seen from here whether something is ready."""


class ConductError(StudyError):
    """What a researcher asked for does not fit the study as it is; the message says why.

    `field`: the name of what they filled in wrongly; empty where it is the whole.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class MalformedAnswerError(StudyError):
    """An answer that no page of ours would send."""


class EarlyAnswerError(StudyError):
    """An answer came before it can have been given; the same one is stored after `seconds`."""

    def __init__(self, message: str, seconds: int = 1) -> None:
        super().__init__(message)
        self.seconds = seconds


class AnswerConflictError(StudyError):
    """An answer that cannot be stored now: `code` is `already-answered` or `not-expected`."""

    def __init__(self, code: str, next_index: int | None) -> None:
        super().__init__(f"{code}; the next trial is {next_index}")
        self.code = code
        self.next_index = next_index


class AuditError(StudyError):
    """The audit log was altered."""


class BlindnessError(StudyError):
    """Something beside the pixels tells what a picture is, or it cannot be judged whether it does."""


class SimulationError(StudyError):
    """A simulated participant cannot go on; the message holds what the server said."""


class NoPlaceLeftError(SimulationError):
    """The study takes nobody at the moment: it is full, paused or closed."""


class TurnedAwayError(SimulationError):
    """The screening turned a simulated participant away."""
