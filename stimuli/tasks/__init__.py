"""Kinds of task, as their stimuli are chosen and as machine observers answer them."""
