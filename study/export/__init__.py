"""The export: a Psych-DS folder or zip, its rows, and the proof that it is unaltered."""
