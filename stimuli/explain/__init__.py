"""Explanations of a network's scores: `explain`, what it takes and what it returns."""

from stimuli.errors import ExplanationError, ExplanationWarning
from stimuli.explain.engine import Explanations, explain
from stimuli.explain.methods import METHODS, Method, with_options
from stimuli.explain.recording import Window
from stimuli.explain.trace import Trace

__all__ = [
    "METHODS",
    "ExplanationError",
    "ExplanationWarning",
    "Explanations",
    "Method",
    "Trace",
    "Window",
    "explain",
    "with_options",
]
