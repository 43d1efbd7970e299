"""Simulated participants and the check that nothing but the pixels tells what a picture is."""
