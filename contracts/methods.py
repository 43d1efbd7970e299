"""The explanation methods that Discern computes, and the printed names of these and of a study's own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

METHOD_NAMES = {
    "grad-cam": "Grad-CAM",
    "counterfactual-grad-cam": "Counterfactual Grad-CAM",
    "cam": "CAM",
    "guided-backprop": "Guided Backpropagation",
    "deconvolution": "Deconvolution",
    "guided-grad-cam": "Guided Grad-CAM",
    "deconvolution-grad-cam": "Deconvolution Grad-CAM",
    "occlusion": "Occlusion",
    "gradient": "Gradient",
    "input-x-gradient": "Input × Gradient",
    "integrated-gradients": "Integrated Gradients",
    "smoothgrad": "SmoothGrad",
    "grad-cam-plus-plus": "Grad-CAM++",
    "layer-cam": "LayerCAM",
    "score-cam": "Score-CAM",
    "rise": "RISE",
    "blank": "Blank map (control)",
    "centred-blob": "Centred blob (control)",
    "shuffled-grad-cam": "Shuffled Grad-CAM (control)",
}

PHOTOGRAPH = "photograph"
"""In the place of a method: the photograph itself, as the network sees it, and so no explanation."""
NO_EXPLANATION = "No explanation"

CONTROLS = frozenset({"blank", "centred-blob", "shuffled-grad-cam"})
"""Methods that tell nothing of the image: people who see them alone can only guess."""

_TRANSLATED = {
    "ko": {
        "gradient": "그래디언트",
        "input-x-gradient": "입력 × 그래디언트",
        "integrated-gradients": "통합 그래디언트",
        "blank": "빈 지도(대조)",
        "centred-blob": "가운데 얼룩(대조)",
        "shuffled-grad-cam": "섞은 Grad-CAM(대조)",
        PHOTOGRAPH: "설명 없음",
    },
    "de": {
        "gradient": "Gradient",
        "input-x-gradient": "Eingabe × Gradient",
        "integrated-gradients": "Integrierte Gradienten",
        "blank": "Leere Karte (Kontrolle)",
        "centred-blob": "Fleck in der Mitte (Kontrolle)",
        "shuffled-grad-cam": "Vertauschtes Grad-CAM (Kontrolle)",
        PHOTOGRAPH: "Ohne Erklärung",
    },
}
"""Names that are words. All others are proper names and the same in each language."""

_own: ContextVar[Mapping[str, str]] = ContextVar("own", default={})  # noqa: B039 - never changed


def method_name(method: str) -> str:
    """The printed name: as the study or the language has it (`method_names`), else as papers do, else as it is."""
    return _own.get().get(method) or METHOD_NAMES.get(method, NO_EXPLANATION if method == PHOTOGRAPH else method)


@contextmanager
def method_names(document: Mapping[str, Any], language: str) -> Iterator[None]:
    """Within the block methods are called as the definition's `document` calls them in `language`, or else first, and
    built-in ones as `language` does.

    A context variable, for tables and figures print names in dozens of places; a thread has its own.
    """
    names = {method: told.get("name", {}) for method, told in document.get("methods", {}).items()}
    own = {method: of.get(language) or next(iter(of.values())) for method, of in names.items() if of}
    token = _own.set(_TRANSLATED.get(language, {}) | own)
    try:
        yield
    finally:
        _own.reset(token)
