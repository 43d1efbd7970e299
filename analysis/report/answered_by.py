"""What those who answered are called: people, simulated participants, or machine observers by name."""

from analysis.display.wording import Translation
from analysis.notes import marked_plural
from contracts.observers import HUMAN, MACHINE, SIMULATED, observer_of

NAMES = {
    HUMAN: marked_plural("{n} participant", "{n} participants"),
    SIMULATED: marked_plural("{n} simulated participant", "{n} simulated participants"),
    MACHINE: marked_plural("{n} machine observer", "{n} machine observers"),
}


def named(observer_kind: str, n: int, translate: Translation) -> str:
    """`n` of them: "12 simulated participants". Raises ValueError for what is no kind of observer."""
    observer = observer_of(observer_kind)
    if not observer.name:
        return translate.plural(*NAMES[observer.family], n)
    return translate.plural(
        "{n} run of the machine observer “{name}”", "{n} runs of the machine observer “{name}”", n, name=observer.name
    )


def joined(observer_kind: str, n: int, translate: Translation) -> str:
    """A sentence: how many joined. Raises ValueError for what is no kind of observer."""
    if observer_kind == HUMAN:
        return translate.plural("{n} person joined.", "{n} people joined.", n)
    return translate("Joined: {people}.", people=named(observer_kind, n, translate))


def turned_away(observer_kind: str, n: int, translate: Translation) -> str:
    """A sentence: how many could not join. Raises ValueError for what is no kind of observer."""
    if observer_kind == HUMAN:
        return translate.plural(
            "{n} person was turned away before joining: by the screening, a quota or an earlier study.",
            "{n} people were turned away before joining: by the screening, a quota or an earlier study.",
            n,
        )
    return translate(
        "Turned away before joining, by the screening, a quota or an earlier study: {people}.",
        people=named(observer_kind, n, translate),
    )
