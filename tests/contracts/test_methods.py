"""Methods that a definition may name are those that the engine computes."""

from contracts.methods import METHOD_NAMES
from stimuli.explain.methods import METHODS


def test_every_method_of_the_engine_has_a_printed_name_and_the_reverse():
    assert METHODS.keys() == METHOD_NAMES.keys()
