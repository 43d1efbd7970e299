"""Metrics of explanations that no people are needed for. To add one: docs/how-to/add-a-metric.md."""
