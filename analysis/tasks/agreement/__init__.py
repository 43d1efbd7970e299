"""Is the network's prediction right?"""
