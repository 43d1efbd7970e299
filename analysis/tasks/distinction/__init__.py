"""Distinction: which of four explained classes does the network predict, and which is correct?"""
