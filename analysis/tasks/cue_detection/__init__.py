"""What does the network rely on?"""
