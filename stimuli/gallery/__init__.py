"""A page on which researchers look at a stimulus set before people do."""
