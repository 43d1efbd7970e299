"""Other defensible analyses, balance, and the comparison with published figures."""
