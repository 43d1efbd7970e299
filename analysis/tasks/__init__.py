"""Kinds of task, as they are analysed."""
