"""Explanations of networks that answer questions or write captions, and how well they point at what was meant."""
