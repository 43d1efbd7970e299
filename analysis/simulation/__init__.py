"""Simulated people and studies: power and calibration."""
