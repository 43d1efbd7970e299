"""Rows of a small study, made by the code of an earlier version; run it in a checkout of that version.

    git worktree add /some/folder COMMIT; cd /some/folder
    python …/tests/study/database/earlier/make.py …/tests/study/database/earlier/0024.json

One person has finished, one has answered one trial. Values are as SQLite stores them.
"""

import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

sys.path.insert(0, ".")

try:
    from study.database.db import connect, upgrade
except ImportError:  # before there were folders in study/
    from study.db import connect, upgrade

from study import create_app
from tests.study.samples import SECRET, document, open_sample, seeing, trusting
from tests.study.visitor import join


def take_part(url: str, place: Path) -> None:
    upgrade(url)
    database = connect(url)
    with database.writing() as session:
        open_sample(session, place / "stimuli", document(seeing(images=2, k=1), trusting(images=1, k=1)))
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    for most in (None, 1):
        visitor = join(app)
        for trial in visitor.plan()["trials"][:most]:
            options = trial["options"] if "options" in trial else trial["questions"][0]["options"]
            assert visitor.send(trial, options[0]["value"]).status_code == 200
    database.engine.dispose()


def rows(file: Path) -> dict[str, list[dict[str, object]]]:
    """Table → its rows."""
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
        tables = [name for (name,) in database.execute(names)]
        found = {name: [dict(row) for row in database.execute(f'SELECT * FROM "{name}"')] for name in tables}
    found["study"][0]["stimuli_folder"] = "/srv/discern/stimuli"
    return {name: each for name, each in found.items() if each}


def written(found: dict[str, list[dict[str, object]]]) -> str:
    """A line for each row."""
    tables = (
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in each) + "\n]"
        for name, each in found.items()
    )
    return "{\n" + ",\n".join(tables) + "\n}\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        take_part(f"sqlite:///{folder}/study.db", Path(folder))
        Path(sys.argv[1]).write_text(written(rows(Path(folder) / "study.db")), encoding="utf-8")
