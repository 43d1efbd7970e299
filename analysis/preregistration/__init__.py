"""A preregistration sheet from a study's definition, in the headings of OSF and of AsPredicted."""
