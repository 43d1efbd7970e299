"""What manage.py offers: each command parses its options, calls one function of one package and prints the outcome."""
