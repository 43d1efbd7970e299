"""Would you recommend this network?"""
