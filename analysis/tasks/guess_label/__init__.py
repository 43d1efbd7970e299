"""Guessing a label: which of five labels did the network give to a photograph that it got wrong?"""
