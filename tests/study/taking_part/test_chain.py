"""What a link of the chain of answers is made of; tests/study/export/test_export_proof.py tries whole chains."""

import hashlib
from datetime import datetime, timedelta, timezone

from study.taking_part.chain import link
from tests.study.samples import NOW

TOLD = {
    "question": "response",
    "response": "바퀴",
    "rt": 812.5,
    "rt_missing": None,
    "time_elapsed": 5000,
    "answered_at": datetime(2026, 1, 2, 12, 4, 5, 6, tzinfo=timezone(timedelta(hours=9))),
}


def test_a_link_is_the_hash_of_the_one_before_and_of_all_that_is_stored_of_an_answer():
    """A stored chain must stay what it is: the text below was written by hand."""
    text = '["abc", 7, "response", "\\ubc14\\ud034", null, 812.5, 5000.0, "2026-01-02T03:04:05.000006+00:00"]'
    assert link("abc", 7, TOLD) == hashlib.sha256(text.encode()).hexdigest()
    changes = [
        {"rt": None},
        {"time_elapsed": 1},
        {"response": "개"},
        {"question": "reason"},
        {"rt_missing": "too-long"},
    ]
    others = [link("abc", 7, TOLD | change) for change in [*changes, {"answered_at": NOW}]]
    assert len({link("abc", 7, TOLD), link("abc", 8, TOLD), link("abd", 7, TOLD), *others}) == 9
