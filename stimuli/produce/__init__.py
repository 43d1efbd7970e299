"""From what tasks ask for to a stimulus set: select, explain, draw, store."""
