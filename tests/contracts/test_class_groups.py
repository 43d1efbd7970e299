"""The table of groups of classes: what it tells, and what is wrong with it, in words that name the remedy."""

import re

import pytest

from contracts.class_groups import class_groups


@pytest.mark.parametrize(
    "text",
    [
        "class,group\ncat,animal\ntv monitor,thing\n",
        "class,group\n cat , animal\ntv monitor ,thing ",
        'group,note,class\r\nanimal,"a, b",cat\r\nthing,,"tv monitor"\r\n',
    ],
    ids=["plain", "with spaces around", "other columns and their order"],
)
def test_each_class_has_its_group(text):
    assert class_groups(text) == {"cat": "animal", "tv monitor": "thing"}


FAULTS = {
    "": "the columns class and group are expected; found: none",
    "class\ncat\n": "the columns class and group are expected; found: class",
    "class,kind\ncat,a\n": "the columns class and group are expected; found: class, kind",
    'class,group\n"cat"x,a\ndog,b\n': "the table cannot be read (',' expected after '\"')",
    "class,group\ncat,a\ndog\n": "the table cannot be read ('NoneType' object has no attribute 'strip')",
    "class,group\ncat,a\ncat,b\ndog,b\ncat,a\n": "2 classes occur more than once; write each once",
    "class,group\ncat,a\ncow,\ndog,\n": "class 'cow' or its group is empty; fill it in",
    "class,group\ncat,a\n,b\n": "class '' or its group is empty; fill it in",
    "class,group\ncat,a\ndog,a\n": "two groups or more are needed",
    "class,group\n": "two groups or more are needed",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_table_that_divides_nothing_is_refused_with_its_fault(text):
    with pytest.raises(ValueError, match=f"^{re.escape(FAULTS[text])}$"):
        class_groups(text)
