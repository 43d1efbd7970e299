"""Methods are printed as papers write them, or as the study calls them."""

from contracts.methods import METHOD_NAMES, method_name, method_names


def test_a_method_of_the_engine_has_its_printed_name_and_one_of_ones_own_is_called_as_it_is():
    assert method_name("guided-grad-cam") == "Guided Grad-CAM"
    assert method_name("my-own") == "my-own"


def test_names_that_are_words_are_those_of_the_language_unless_the_study_gives_its_own():
    study = {"methods": {"gradient": {"name": {"en": "Sensitivity", "ko": "민감도"}}, "integrated-gradients": {}}}
    with method_names(study, "ko"):
        assert [method_name(m) for m in ("gradient", "input-x-gradient", "integrated-gradients", "grad-cam")] == [
            *("민감도", "입력 × 그래디언트", "통합 그래디언트", "Grad-CAM")
        ]
    with method_names({}, "de"):
        assert method_name("integrated-gradients") == "Integrierte Gradienten"
    with method_names({}, "en"):
        assert [method_name(method) for method in METHOD_NAMES] == list(METHOD_NAMES.values())


def test_within_a_study_methods_are_called_as_its_definition_says():
    document = {"methods": {"cam": {"name": {"ko": "캠", "en": "My CAM"}}, "lime": {"name": {"ko": "라임"}}, "x": {}}}
    with method_names(document, "en"):
        assert [method_name(name) for name in ("cam", "lime", "x", "grad-cam")] == ["My CAM", "라임", "x", "Grad-CAM"]
        with method_names(document, "ko"):
            assert method_name("cam") == "캠"
        assert method_name("cam") == "My CAM"
    assert method_name("cam") == "CAM"
