"""A small study with its scenes and stimuli, which take long to make."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.small_study import SCENES, Study


def make(folder: Path) -> None:
    study = Study.write(folder)
    study.of_study("make-scenes", "--train-images", "1", "--val-images", str(SCENES))
    study.of_study("generate-stimuli")


@pytest.fixture(scope="module")
def made_study(once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A copy of the test file's own."""
    return Study(once("small-study", make)).copy(tmp_path_factory.mktemp("small-study"))
