"""CPU time for one person who joins, by the number of items of the study.

    python bench/joining.py --images 50 500 2000

On SQLite, in one process, without HTTP; a person has 50 trials, and each image eight items. A server lets one person
join after another, so this time limits how many can join in an hour.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from study.database.db import connect, upgrade
from tests.study.samples import document, enrol, open_sample, seeing

ITEMS, TRIALS = 8, 50  # of an image, of a person


def joining(images: int, people: int) -> float:
    """CPU ms for each of this number of people, after a first one."""
    with tempfile.TemporaryDirectory(prefix="discern-joining-") as folder:
        url = f"sqlite:///{folder}/discern.db"
        upgrade(url)
        database = connect(url)
        with database.writing() as session:
            open_sample(session, Path(folder) / "stimuli", document(seeing(images=images, k=100, trials=TRIALS)))
        enrol(database, 0)
        begun = time.process_time()
        for seed in range(1, people + 1):
            enrol(database, seed)
        spent = time.process_time() - begun
        database.engine.dispose()
    return 1000 * spent / people


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[50, 500, 2000])
    parser.add_argument("--people", type=int, default=20)
    given = parser.parse_args()
    for images in given.images:
        print(f"{ITEMS * images:,} items: {joining(images, given.people):.0f} CPU ms", flush=True)


if __name__ == "__main__":
    main()
