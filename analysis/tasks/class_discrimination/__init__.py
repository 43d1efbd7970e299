"""Class discrimination: which of two categories does the picture show?"""
