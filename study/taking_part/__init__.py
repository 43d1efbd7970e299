"""People take part: joining, the plan, answers, leaving, withdrawal."""
