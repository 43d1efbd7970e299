"""The type checker is not silenced: where a line is exempt, it says from which error and why."""

import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
PRODUCT = {name.removesuffix(".py") for name in SETTINGS["files"]} | {"*"}
IGNORE = re.compile(r"#\s*type:\s*ignore", re.IGNORECASE)
EXPLAINED = re.compile(r"# type: ignore\[[a-z][a-z-]+(, ?[a-z][a-z-]+)*\]  # \S.{7,}")
WHOLE_FILE = re.compile(r"#\s*mypy:", re.IGNORECASE)


def unexplained(source: str) -> Iterator[str]:
    """The comments of `source` that silence the checker without a code and a reason, or for a whole file."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        silences = IGNORE.search(token.string) and not EXPLAINED.search(token.string)
        if silences or WHOLE_FILE.match(token.string):
            yield token.string


def python_files() -> list[Path]:
    folders = [f for f in ROOT.iterdir() if f.is_dir() and f.name not in {"node_modules", "var"} and f.name[0] != "."]
    return [*ROOT.glob("*.py"), *(file for folder in folders for file in folder.rglob("*.py"))]


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore",
        "# type: ignore  # the library is wrong",
        "# type: ignore[attr-defined]",
        "# type: ignore[attr-defined]  #",
        "# type:ignore[attr-defined]",
        "# noqa: E501  # type: ignore",
        "# mypy: ignore-errors",
        "# mypy: disable-error-code=arg-type",
    ],
)
def test_a_line_is_not_exempt_without_a_code_and_a_reason(comment):
    assert list(unexplained(f"x = 1  {comment}\n")) == [comment]


def test_a_line_with_a_code_and_a_reason_may_be_exempt():
    assert not list(unexplained("x = 1  # type: ignore[attr-defined]  # typeshed lacks it\n'# type: ignore'\n"))


def test_every_exempt_line_of_the_repository_says_why():
    found = [f"{file.relative_to(ROOT)}: {c}" for file in python_files() for c in unexplained(file.read_text("utf-8"))]
    assert not found


def test_everything_but_the_tests_is_checked():
    packages = {file.relative_to(ROOT).parts[0] for file in python_files()}
    assert packages - {"tests"} == set(SETTINGS["files"])


def test_the_settings_exempt_named_libraries_only_each_with_a_reason():
    assert SETTINGS["disallow_untyped_defs"]
    assert SETTINGS["check_untyped_defs"]
    assert not SETTINGS.keys() & {"ignore_errors", "ignore_missing_imports", "follow_imports", "disable_error_code"}
    assert not SETTINGS.keys() & {"exclude", "follow_untyped_imports"}
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for override in SETTINGS["overrides"]:
        (setting,) = override.keys() - {"module"}
        assert setting == ("follow_imports" if override["module"] == ["tests.*"] else "ignore_missing_imports")
        assert not PRODUCT & {module.split(".")[0] for module in override["module"]}
    assert len(re.findall(r"^(?:ignore_missing_imports|follow_imports) = \S+ # \w", text, re.M)) == len(
        SETTINGS["overrides"]
    )
