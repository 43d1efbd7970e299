"""Every kind of observer that may be stored is read, and nothing else is."""

import re

import pytest

from contracts.observers import ObserverKind, observer_of, parse

KINDS = {
    "human": (0, "", "", "human", "human"),
    "simulated": (1, "", "", "simulated", "simulated"),
    "machine": (2, "", "", "machine", "machine"),
    "machine:classifier": (2, "classifier", "", "machine", "machine: classifier"),
    "machine:box-energy-2+blank": (2, "box-energy-2", "blank", "machine", "machine: box-energy-2, blank"),
}


@pytest.mark.parametrize("written", KINDS)
def test_a_kind_is_taken_apart_and_labelled(written):
    rank, name, control, family, label = KINDS[written]
    kind = parse(written)
    assert kind == ObserverKind(rank, name, control)
    assert (kind.family, kind.label) == (family, label)
    assert observer_of(written) == kind


@pytest.mark.parametrize(
    "written",
    ["", "people", "Human", "human:one", "simulated:x", "machine:", "machine:A", "machine:a+", "human ", None, 3],
)
def test_anything_else_is_no_kind(written):
    assert parse(written) is None
    with pytest.raises(ValueError, match=re.escape(repr(written))):
        observer_of(written)


def test_people_come_first_and_a_machine_before_its_controls():
    written = ["machine:b", "machine:a+blank", "simulated", "machine:a", "human", "machine"]
    in_order = ["human", "simulated", "machine", "machine:a", "machine:a+blank", "machine:b"]
    assert sorted(written, key=parse) == in_order
