"""A study definition is read whole or refused with the key at fault."""

import json
from pathlib import Path

import pytest

import definition

ROOT = Path(__file__).parents[2]


@pytest.fixture
def write(tmp_path):
    """Writes the demo's definition with one text replaced by another, in a folder of its own."""
    (tmp_path / "texts").mkdir()
    for text in (ROOT / "examples" / "texts").glob("demo-*.md"):
        (tmp_path / "texts" / text.name).write_text(text.read_text())

    def write(old: str = "", new: str = "") -> Path:
        source = (ROOT / "examples" / "demo.toml").read_text()
        assert old in source
        file = tmp_path / "study.toml"
        file.write_text(source.replace(old, new, 1) if old else source + new)
        return file

    return write


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.toml")), ids=lambda f: f.stem)
def test_every_example_loads(file, monkeypatch):
    for variable in ("DISCERN_SHARED", "DISCERN_VOC"):
        monkeypatch.setenv(variable, "/nowhere")
    loaded = definition.load_definition(file)
    assert loaded.study.slug == file.stem
    assert json.dumps(loaded.document)


def test_the_hash_is_the_same_in_another_folder_and_changes_with_the_consent_text(write, tmp_path):
    original = definition.load_definition(ROOT / "examples" / "demo.toml").sha256
    assert definition.load_definition(write()).sha256 == original
    consent = tmp_path / "texts" / "demo-consent.en.md"
    consent.write_text(consent.read_text() + "One more sentence.")
    assert definition.load_definition(write()).sha256 != original


def test_the_demos_consent_names_what_it_asks_people_about_themselves():
    study = definition.load_definition(ROOT / "examples" / "demo.toml").study
    assert {question.name for question in study.demographics} == {"age", "experience"}
    for language, words in {"en": ("age", "image recognition"), "ko": ("연령대", "이미지 인식")}.items():
        recorded = study.consent[language].split("\n\n")[2]
        for question, word in zip(study.demographics, words, strict=True):
            assert word in recorded
            assert word in question.label[language]


def test_what_the_stimuli_depend_on_is_hashed_apart_from_the_rest(write):
    original = definition.load_definition(write()).request_sha256
    assert definition.load_definition(write("minutes = 6", "minutes = 5")).request_sha256 == original
    assert definition.load_definition(write("images = 20", "images = 21")).request_sha256 != original


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("minutes = 6", "minutes = 6\nminuts = 4", "study.minuts: unknown key"),
        ("minutes = 6", "", "study.minutes: Field required"),
        ("minutes = 6", "minutes = 0", "study.minutes: Input should be greater than or equal to 1 (given: '0')"),
        ("[participants]", "[participant]", "participant: unknown section"),
        (
            'provider = "plain"',
            'provider = "prolifik"',
            "participants.provider: no provider 'prolifik'; there are plain, prolific, mturk, sona",
        ),
        ("images = 20", "images = 15", "more than its 15 images"),
        ("images = 20", "images = 18", "need as many different images, there are 18"),
        (
            'networks = ["strong"]',
            'networks = ["stong"]',
            "task 1 (\"seeing\"): networks: no network 'stong'; [networks] has strong, weak",
        ),
        (
            '"deconvolution", ',
            '"deconvolutoin", ',
            "task 1 (\"seeing\"): methods: no method 'deconvolutoin'; there are grad-cam",
        ),
        ('networks = ["strong", "weak"]', 'networks = ["strong"]', "trust compares exactly 2 networks, 1 named"),
        (
            'task = "seeing", a = "guided-grad-cam"',
            'task = "saw", a = "guided-grad-cam"',
            "analysis: contrast 1: task: no task 'saw'",
        ),
        ("texts/demo-consent.en.md", "texts/absent.md", "study.consent.en: cannot read"),
        ('root = "../var', 'root = "${NOT_SET_ANYWHERE}/var', "environment variable NOT_SET_ANYWHERE is not set"),
        (
            '"aeroplane", "bicycle"',
            '"bicycle", "bicycle"',
            "dataset.categories: categories listed more than once: bicycle",
        ),
        ("[dataset]", "[dataset", "is not valid TOML"),
        ('recipe = "paper-v1"', 'recipe = "heat"', "recipe: no recipe 'heat'; there are paper-v1, signed-v1"),
        ('recipe = "paper-v1"', 'recipe = "heat-v1"\nopacity = 0.5', "opacity: heat-v1 does not take this"),
        (
            'recipe = "paper-v1"',
            'recipe = "overlay-v1"',
            'task 1 ("seeing"): kind: class-discrimination must not show the photograph',
        ),
    ],
)
def test_a_faulty_definition_is_refused_by_the_key_at_fault(write, old, new, message):
    with pytest.raises(definition.DefinitionError) as refusal:
        definition.load_definition(write(old, new))
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("images = 20", "images = 0", 'task 1 ("seeing"): images: Input should be greater than or equal to 1'),
        ("images = 15", "imges = 15", 'task 2 ("trusting"): images: Field required'),
        ("images = 15", "imges = 15", 'task 2 ("trusting"): imges: unknown key'),
        ('name = "seeing"', "name = 7", "task 1: name: Input should be a valid string (given: '7')"),
        ('networks = ["strong"]', "networks = [3]", 'task 1 ("seeing"): network 1: Input should be a valid string'),
        (
            'networks = ["strong", "weak"]',
            'networks = ["strong"]',
            'task 2 ("trusting"): trust compares exactly 2 networks, 1 named',
        ),
        ('"aeroplane", "bicycle"', '"aeroplane", 5', "dataset: category 2: Input should be a valid string"),
        (
            'languages = ["en", "ko"]',
            'languages = ["en", "xx"]',
            'study: language 2 ("xx"): no language has this code; there are en, ',
        ),
        ('name = "age"', 'name = "Age"', 'study: question 1 ("Age"): name: String should match'),
        ('task = "seeing", a =', 'tsk = "seeing", a =', "analysis: contrast 1: task: Field required"),
        ("[participants]", "[networks.UPPER]\n[participants]", "networks.UPPER: String should match"),
    ],
)
def test_entries_of_a_list_are_counted_from_one_and_named(write, old, new, message):
    with pytest.raises(definition.DefinitionError) as refusal:
        definition.load_definition(write(old, new))
    assert f"  {message}" in str(refusal.value)


def test_all_faults_are_told_at_once(write):
    file = write("minutes = 6", "minutes = -1")
    file.write_text(file.read_text().replace("lease_minutes = 60", "lease_minutes = 0"))
    with pytest.raises(definition.DefinitionError, match=r"study\.minutes(?s:.*)participants\.lease_minutes"):
        definition.load_definition(file)


def test_a_missing_definition_names_the_file_and_an_example(tmp_path):
    with pytest.raises(definition.DefinitionError, match=r"no study definition at .*absent\.toml; examples/demo\.toml"):
        definition.load_definition(tmp_path / "absent.toml")
