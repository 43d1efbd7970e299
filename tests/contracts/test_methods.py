"""Methods that a definition may name are those that the engine computes."""

from contracts.methods import METHOD_NAMES, method_name
from stimuli.explain.methods import METHODS


def test_every_method_of_the_engine_has_a_printed_name_and_the_reverse():
    assert METHODS.keys() == METHOD_NAMES.keys()


def test_a_method_of_ones_own_is_called_as_it_is():
    assert method_name("my-own") == "my-own"
