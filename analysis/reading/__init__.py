"""Reading an export from disk, and checking it."""
