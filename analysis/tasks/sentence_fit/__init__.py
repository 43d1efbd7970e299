"""Which of two sentences fits the explanation?"""
