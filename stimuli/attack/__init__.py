"""Photographs changed so that a network sees what is not there, and Grad-CAM of them (its paper, section 6.2)."""
