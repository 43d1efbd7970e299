"""Kinds of task: what every package must know of them."""

from typing import Literal

TaskKind = Literal["class-discrimination", "trust"]
TASK_KINDS = ("class-discrimination", "trust")
SCALES = {"class-discrimination": 1.0, "trust": 4.0}  # from the least to the most: shares 0…1, scores −2…2
DIFFERENCE_BOUNDS = {kind: (-length, length) for kind, length in SCALES.items()}  # of two means
SCORES = (-2, -1, 0, 1, 2)  # of trust: towards the task's second network … towards its first
TRUST_VALUES = ("2", "1", "0", "-1", "-2")  # positive: the left one
