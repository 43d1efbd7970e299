"""Discern's version, the only place that names it."""

VERSION = "1.0.0.dev0"
