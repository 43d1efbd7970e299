"""Kinds of task, as participants meet them."""
