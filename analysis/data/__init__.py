"""Exports in memory: reading, checking, excluding."""
