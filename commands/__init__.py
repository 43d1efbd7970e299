"""What manage.py offers: each command parses its options, calls one function of one room and prints the outcome."""
