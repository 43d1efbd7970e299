"""What the foil of an item says of a sheet with several photographs."""

import re

import pytest

from contracts.sheets import Sheet, height_of_one

TOLD = {
    "photographs|cat|a|dog|b": (("cat", "a"), ("dog", "b")),
    "photographs|cat|a|cat|b|cat|c|dog|d": (("cat", "a"), ("cat", "b"), ("cat", "c"), ("dog", "d")),
}


@pytest.mark.parametrize("foil", TOLD)
def test_a_foil_tells_what_a_sheet_holds(foil):
    assert Sheet.read(foil).held == Sheet.found(foil).held == TOLD[foil]
    assert str(Sheet(TOLD[foil])) == foil


OTHERS = {
    "nothing": "",
    "another category": "cat",
    "one photograph": "photographs|cat|a",
    "no last image": "photographs|cat|a|dog",
    "half a third one": "photographs|cat|a|dog|b|cat",
    "an image twice": "photographs|cat|a|dog|a",
    "an image twice among three": "photographs|cat|a|dog|a|cow|b",
    "no class": "photographs||a|dog|b",
    "no image": "photographs|cat|a|dog|",
    "tiles": "1|2|a|b|c|d",
    "another mark": "pictures|cat|a|dog|b",
    "five photographs": "photographs|1|a|1|b|1|c|1|d|1|e",
}


@pytest.mark.parametrize("foil", OTHERS.values(), ids=OTHERS)
def test_no_other_foil_is_read_as_a_sheet(foil):
    assert Sheet.found(foil) is None
    form = "photographs|class|image|class|image"
    told = f"{foil!r} does not say what 2 to 4 photographs of a trial are: {form}"
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        Sheet.read(foil)


@pytest.mark.parametrize(
    ("foil", "height"), [("photographs|cat|a|dog|b", 48), ("photographs|cat|a|dog|b|cow|c", 32), ("cat", 96), ("", 96)]
)
def test_the_height_of_a_picture_is_divided_by_its_photographs(foil, height):
    found = height_of_one(foil, 96)
    assert found == height
    assert isinstance(found, int), "whole pixels"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a", ""),
        ("a|b", "'a|b' holds '|'"),
        ("a" * 478, ""),
        ("a" * 479, "their names have more than 500 characters together"),
    ],
)
def test_names_that_a_foil_cannot_tell_are_said(name, fault):
    """`photographs|cat||dog|b` are 22 characters; a foil has at most 500."""
    assert Sheet((("cat", name), ("dog", "b"))).fault == fault
