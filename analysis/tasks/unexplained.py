"""What methods are compared with where a task also shows trials without an explanation."""

from collections.abc import Sequence

from contracts.methods import CONTROLS, PHOTOGRAPH


def compared(methods: Sequence[str]) -> list[tuple[str, str]]:
    """(method, what it is compared with): no explanation, and each control."""
    against = [method for method in methods if method == PHOTOGRAPH or method in CONTROLS]
    return [(m, a) for a in sorted(against, key=lambda a: a != PHOTOGRAPH) for m in methods if m not in (a, PHOTOGRAPH)]
