"""Estimates with intervals from crossed, clustered responses."""
