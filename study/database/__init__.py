"""Tables, connections, locks and what finds a row."""
