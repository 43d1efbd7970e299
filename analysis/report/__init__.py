"""The report: its sentences, figures and files."""
