"""Explanations of a network's scores: `explain` and what it returns."""

from stimuli.explain.engine import Explanations, explain

__all__ = ["Explanations", "explain"]
