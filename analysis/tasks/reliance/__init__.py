"""When do people rightly rely on a network, and when rightly not?"""
