"""What does the network answer?"""
