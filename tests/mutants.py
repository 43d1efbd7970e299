"""What `make mutants` has found so far: a table by package, and the survivors by name.

`python tests/mutants.py survivors` prints their names alone; `make mutants ONLY="$(… survivors)"` tries them again.
"""

import json
import sys
from collections import Counter
from pathlib import Path

PACKAGES = ("contracts", "analysis/estimation", "study/tasks", "study/taking_part")
RESULTS = Path(__file__).parents[1] / "mutants"
KILLED, TIMED_OUT = {1, 3}, {-24, 24, 36, 152, 255}


def outcome(exit_code: int | None) -> str:
    """Of a mutant's tests, by mutmut's exit code; a mutant that never ends is killed."""
    if exit_code is None:
        return "not tried"
    return "killed" if exit_code in KILLED | TIMED_OUT else "survived"


def found(package: str) -> dict[str, str]:
    """mutant → its outcome."""
    files = sorted((RESULTS / package).glob("*.meta"))
    codes = [json.loads(file.read_text())["exit_code_by_key"] for file in files]
    return {mutant: outcome(code) for part in codes for mutant, code in part.items()}


def row(package: str, outcomes: list[str]) -> str:
    """A line of the table; the share is of the mutants that were tried."""
    count = Counter(outcomes)
    tried = count["killed"] + count["survived"]
    share = f"{100 * count['killed'] / tried:.1f}%" if tried else "–"
    cells = (package, len(outcomes), count["not tried"], count["killed"], count["survived"], share)
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    by_package = {package: found(package) for package in PACKAGES}
    survivors = [name for part in by_package.values() for name, state in part.items() if state == "survived"]
    if sys.argv[1:] == ["survivors"]:
        print(*survivors)
        return
    print(
        "| package | mutants | not tried | killed | survived | killed of tried |", "|---|---|---|---|---|---|", sep="\n"
    )
    for package, part in by_package.items():
        print(row(package, list(part.values())))
    print(row("all", [state for part in by_package.values() for state in part.values()]))
    print(*("", *survivors), sep="\n")


if __name__ == "__main__":
    main()
