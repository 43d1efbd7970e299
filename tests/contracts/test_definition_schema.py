"""The JSON Schema and the reference page say of every key what the definition's models say, and are kept up to date."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import manage
from definition import DefinitionError, load_definition
from definition.schema import definition_schema, keys

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
EXAMPLES = sorted((ROOT / "examples").rglob("*.toml"))


@pytest.mark.parametrize(("form", "file"), [("json", "definition.schema.json"), ("markdown", "definition.md")])
def test_the_kept_files_are_what_the_command_prints(form, file):
    printed = CliRunner().invoke(manage.cli, ["schema", "--as", form]).output
    assert (REFERENCE / file).read_text(encoding="utf-8") == printed, (
        f"./manage.py schema --as {form} > docs/reference/{file}"
    )


def test_every_key_is_described():
    assert [f"{key.table} {key.name}" for key in keys() if not key.description] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_fit_and_their_keys_are_told(path):
    """Oracle: jsonschema's own validator."""
    document = tomllib.loads(path.read_text())
    assert [error.message for error in Draft202012Validator(definition_schema()).iter_errors(document)] == []
    told = {key.name for key in keys()}
    used = {key for task in document["tasks"] for key in task} | set(document["study"]) | set(document["dataset"])
    assert used <= told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("minutes = 6", 'minutes = "six"'),
        ("minutes = 6", "minuts = 6"),
        ("minutes = 6", "minutes = 0"),
        ('kind = "trust"', 'kind = "thrust"'),
        ("[dataset]\n", "[dataset]\nyaer = 2012\n"),
        ('tasks = "all"', 'tasks = "some"'),
        ('recipe = "', 'recipe = "no'),
    ],
)
def test_the_schema_refuses_what_the_definition_refuses(old, new, tmp_path):
    text = (ROOT / "examples" / "demo.toml").read_text()
    assert old in text
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace(old, new, 1))
    with pytest.raises(DefinitionError):
        load_definition(wrong)
    document = tomllib.loads(wrong.read_text())
    assert list(Draft202012Validator(definition_schema()).iter_errors(document)) != []


def test_the_schema_itself_is_one():
    Draft202012Validator.check_schema(json.loads(json.dumps(definition_schema())))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("minutes = 6", "minuts = 6", r"study\.minuts: unknown key; is minutes meant\?"),
        ("practice = ", "practise = ", r"task 1 .*: practise: unknown key; is practice meant\?"),
        ("[stimuli]\n", "[stimulus]\n", r"stimulus: unknown section; is stimuli meant\?"),
        ("target_layer", "layer_target", r"networks\.strong\.layer_target: unknown key"),
        ("epochs = 25", "epoch = 25", r"networks\.strong\.training\.epoch: unknown key; is epochs meant\?"),
        ('split = "val"', 'slpit = "val"', r"dataset\.slpit: unknown key; is split"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_told_with_the_nearest_known_ones(old, new, message, tmp_path):
    text = (ROOT / "examples" / "demo.toml").read_text()
    assert old in text
    (tmp_path / "wrong.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(DefinitionError, match=message):
        load_definition(tmp_path / "wrong.toml")
