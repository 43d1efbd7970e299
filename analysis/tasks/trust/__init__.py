"""Trust: which of two networks is more reliable?"""
