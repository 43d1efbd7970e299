"""Pages and requests of participants."""
