"""Methods are printed as papers write them."""

from contracts.methods import method_name


def test_a_method_of_the_engine_has_its_printed_name_and_one_of_ones_own_is_called_as_it_is():
    assert method_name("guided-grad-cam") == "Guided Grad-CAM"
    assert method_name("my-own") == "my-own"
