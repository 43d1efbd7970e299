"""Researchers conduct a study: open it, watch it, change its state, look at first results."""
