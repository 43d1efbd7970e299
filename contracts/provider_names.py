"""Where participants come from: the names that a study and its preregistration give a recruitment platform."""

PLAIN, PROLIFIC, MTURK, SONA = "plain", "prolific", "mturk", "sona"
"""`[participants] provider`; plain: a link that the researchers hand out themselves."""
TITLES = {PLAIN: "a link", PROLIFIC: "Prolific", MTURK: "Mechanical Turk", SONA: "SONA"}
"""As people write them; a platform of one's own names itself (study/recruitment/provider.py)."""
