"""Numbers, words and figures as readers see them."""
