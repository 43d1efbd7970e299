"""The stimulus set on disk: `stimuli.csv`, `provenance.json` and `images/`.

The one contract between stimuli/ and study/. Imports nothing heavy, so that a web worker may read it.
"""

import csv
import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

TABLE, PROVENANCE, IMAGES = "stimuli.csv", "provenance.json", "images"


class StimulusSetError(Exception):
    """The stimulus set is missing, incomplete or altered; the message says which file and what to run."""


@dataclass(frozen=True)
class Stimulus:
    """One visualization: a row of `stimuli.csv`, columns in this order."""

    stimulus_id: str
    tasks: tuple[str, ...]  # names of the tasks that ask for it; in the file separated by ';'
    image_id: str
    category: str  # what the explanation is for; the truth in class discrimination
    foil: str  # the other annotated category; empty when the image has only one
    network: str
    method: str
    file: str  # relative to the set's folder
    sha256: str  # of the file's bytes
    width: int
    height: int
    logit: float
    probability: float
    is_correct: bool  # the network's top category is annotated in the image


def stimulus_id(image_id: str, category: str, network_sha256: str, method: str, recipe: str) -> str:
    """An opaque name: the first 128 bits of a hash over everything that decides the pixels."""
    key = "\x1f".join((image_id, category, network_sha256, method, recipe))
    return hashlib.sha256(key.encode()).hexdigest()[:32]
