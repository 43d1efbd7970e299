"""Which changes `tests/table_mutants.py` tries: of tables, fields and decorated functions, one at a time."""

import ast

from tests.table_mutants import mutants

SOURCE = '''"""Text."""
from functools import cache
LIMIT: int = 3
"""The limit."""
NAMES = ("a", "a text of many words stays")

class Fact:
    """Text."""
    least = 0.5

    @property
    def is_small(self) -> bool:
        """Text."""
        return self.least < LIMIT

    def other(self) -> int:
        return 1

@cache
def found(x: int = 4) -> int:
    return x + 1
'''
CHANGED = {
    "3:13: 3 → 4",
    "5:9: 'a' → 'XXaXX'",
    "9:12: 0.5 → 1.5",
    "14:15: self.least < LIMIT → self.least <= LIMIT",
    "14:8: return self.least < LIMIT → return None",
    "21:15: 1 → 2",
    "21:11: x + 1 → x - 1",
    "21:4: return x + 1 → return None",
}


def test_each_change_is_made_alone_and_undecorated_functions_are_mutmut_s(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(SOURCE)
    found = dict(mutants(file))
    assert found.keys() == CHANGED
    texts = {ast.unparse(tree) for tree in found.values()}
    assert len(texts) == len(CHANGED)
    assert all(
        sum(a != b for a, b in zip(t.split("\n"), ast.unparse(ast.parse(SOURCE)).split("\n"), strict=True)) == 1
        for t in texts
    )
