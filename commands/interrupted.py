"""What a command that was stopped with Ctrl-C leaves, and how to go on: told in its own sentence."""

_GOES_ON = "What was finished is kept; the same command goes on from there."
_NOTHING = "Nothing was changed; the same command begins anew."
SENTENCES = {
    "make-scenes": _GOES_ON,
    "train": "Every finished epoch is kept; the same command goes on after the last one.",
    "generate-stimuli": _GOES_ON,
    "evaluate": _GOES_ON,
    "demo": _GOES_ON,
    "failures": _GOES_ON,
    "attack": _GOES_ON,
    "bias": _GOES_ON,
    "serve": "Answers that were acknowledged are stored; participants go on when `./manage.py serve` runs again.",
    "simulate": (
        "Participants who finished are stored; the same command goes on with another --seed and the number left."
    ),
    "blind-check": "The places that it took come free when their time is up; the same command begins anew.",
    "rehearse": "Scenes, networks and stimuli are kept; the same command begins a rehearsal in a new folder.",
    "recruit": "What was approved, paid or released is recorded; the same command goes on and does nothing twice.",
    "open-study": "The study is open or it is not, never half; the same command goes on.",
    "db": "The database has its earlier tables or the new ones, never half; the same command goes on.",
    "restore": "The database is restored or absent; the same command goes on or says that it is there.",
    "export": "An export is whole or absent, and an earlier one is still there; the same command begins anew.",
    "analyze": "A report is whole or absent, and an earlier one is still there; the same command begins anew.",
    "forget": "The person's data are deleted or all there; the same command says which.",
    "delete-recruitment-ids": "The ids are deleted or all there; the same command says which.",
    "delete-study": "The study is deleted or all there; the same command says which.",
    "retention": "Each study's data are deleted or all there; the same command goes on.",
    "backup": "A backup is whole or absent; the same command begins anew.",
}


def how_to_go_on(command: str | None) -> str:
    """What is left of the command of this name, and how to go on."""
    return SENTENCES.get(command or "", _NOTHING)
