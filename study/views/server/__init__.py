"""What all pages share: errors, headers, sessions, languages, database."""
