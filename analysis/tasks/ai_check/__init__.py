"""Is the network's label right?"""
