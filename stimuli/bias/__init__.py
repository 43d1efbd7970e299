"""A network that relies on a cue which goes with a class: planted, seen in explanations, taken away (section 6.3)."""
