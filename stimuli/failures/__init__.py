"""Photographs that a network gets wrong, explained and grouped by what the failure looks like."""
