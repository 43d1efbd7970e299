"""A preregistration sheet is of the definition that is frozen, or will be."""

from pathlib import Path

from definition import load_definition
from study.database.db import connect
from tests.contracts.small_study import Study
from tests.study.samples import open_sample


def test_no_sheet_is_written_for_another_definition_than_the_study_was_opened_with(tmp_path: Path) -> None:
    study = Study.write(tmp_path)
    study.manage("db", "upgrade")
    out = "--out", str(tmp_path / "sheet")
    definition = load_definition(study.definition)
    assert definition.sha256 in sheet_of(study, *out)
    database = connect(study.environment["DISCERN_DATABASE_URL"])
    with database.writing() as session:
        open_sample(session, tmp_path / "pictures", definition.document)
    database.engine.dispose()
    before = sheet_of(study, *out)
    study.definition.write_text(study.definition.read_text().replace("\nminutes = 6", "\nminutes = 7"))
    done = study.run("preregister", "--study", str(study.definition), *out)
    assert done.exit_code == 1
    assert "is open with another definition; changed: study." in done.output
    assert (tmp_path / "sheet" / "preregistration.md").read_text() == before


def sheet_of(study: Study, *out: str) -> str:
    study.of_study("preregister", *out)
    return Path(out[1], "preregistration.md").read_text(encoding="utf-8")
