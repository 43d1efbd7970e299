"""A study definition is read whole or refused with the key at fault."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter

import definition
import manage
from definition.sections import SECTIONS
from models.sources import SOURCES

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


def test_a_checkpoint_that_is_not_told_is_beside_the_stimuli(write, tmp_path):
    line = 'checkpoint = "../models/checkpoints/demo-weak.safetensors"\n'
    path = write(line)
    assert definition.load_definition(path).networks["weak"].checkpoint == (tmp_path / "../var/demo/networks/weak.safetensors").resolve()  # fmt: skip
    path.write_text(path.read_text().replace('"../var/demo/stimuli"', '"s3://bucket/demo"'))
    afar = definition.load_definition(path).networks["weak"].checkpoint
    assert afar == ROOT / "var" / "demo" / "networks" / "weak.safetensors"


def test_a_logo_is_a_small_image_beside_the_definition(write, tmp_path):
    svg, png = b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"
    (tmp_path / "logo.svg").write_bytes(svg)
    (tmp_path / "text.png").write_bytes(b"no picture")
    (tmp_path / "large.png").write_bytes(png + bytes(32 * 1024))

    def loaded(name: str) -> definition.Definition:
        return definition.load_definition(write("minutes = 6", f'minutes = 6\ninformation.logo = "{name}"'))

    assert loaded("logo.svg").study.information.logo == f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
    faults = {
        "none.svg": "No such file",
        "text.png": "no SVG, PNG, JPEG or WebP",
        "large.png": "make the image smaller",
    }
    for name, fault in faults.items():
        with pytest.raises(definition.DefinitionError, match=f"study.information.logo: .*{fault}"):
            loaded(name)


def test_what_the_stimuli_depend_on_is_hashed_apart_from_the_rest(write):
    original = definition.load_definition(write()).request_sha256
    assert definition.load_definition(write("minutes = 6", "minutes = 5")).request_sha256 == original
    assert definition.load_definition(write("images = 20", "images = 21")).request_sha256 != original


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("minutes = 6", "minutes = 6\nminuts = 4", "study.minuts: unknown key"),
        (
            "[networks.strong]",
            "[networks.strong]\nnormalize = { mean = [0.5, 0.5] }",
            "networks.strong.normalize: mean 3: Field required",
        ),
        (
            "[networks.strong]",
            "[networks.strong]\nnormalize = { mean = [124, 116, 104], std = [58, 57, 57] }",
            "numbers for pixels from 0 to 1 are expected; divide those",
        ),
        (
            "[networks.strong]",
            "[networks.strong]\nlabels = 3",
            "networks.strong.labels: the path of a file is expected, in quotes (given: '3')",
        ),
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
            "task 1 (\"seeing\"): networks: no network 'stong', which deconvolution is computed for; [networks] has strong, weak",
        ),
        (
            '"deconvolution", ',
            '"deconvolutoin", ',
            "task 1 (\"seeing\"): methods: no method 'deconvolutoin'; is deconvolution or deconvolution-grad-cam meant?",
        ),
        ('networks = ["strong", "weak"]', 'networks = ["strong"]', "trust compares networks: name 2 or more, not 1"),
        (
            "target_layer =",
            'labels = ["cat", "dog"]\ntarget_layer =',
            "labels keep the network's last layer, and training",
        ),
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
        (
            "[dataset]",
            '[dataset]\ncategories = ["cat"]\n[further]',
            "dataset.categories: at least 2 entries are needed, not 1; add more",
        ),
        ("[dataset]", "[dataset", "is not valid TOML"),
        ("[study]", "[[study]]", "study: one table is expected, as [name] begins it"),
        ("[participants]", "[[participants]]", "participants: one table is expected, as [name] begins it"),
        ("Discern demo, this", "\\u0000", "a text holds a NUL character"),
        ("[analysis]", "[analysis]\nsmallest_effect = 10.0", "smallest_effect: one number for all tasks is a share"),
        (
            "[analysis]",
            "[analysis]\nsmallest_effect = { seeng = 10.0 }",
            "analysis.smallest_effect.seeng: no task 'seeng'; there are seeing, trusting",
        ),
        (
            "[analysis]",
            "[analysis]\nsmallest_effect = { seeing = 10.0, trusting = 10 }",
            "analysis.smallest_effect.trusting: 10 is too much; it is in points of the scale, and the whole scale has 4",
        ),
        ("[analysis]", "[analysis]\nsmallest_effect = { seeing = 0 }", "the effect of seeing is a number above 0"),
        ("minutes = 6", 'minutes = 6\npay = { amount = 2, currency = "GPB" }', "pay.currency: no currency has this"),
        (
            'provider = "plain"',
            'provider = "plain"\nreturn_url = "https://r.example/?p={pdi}"',
            "participants.return_url: no placeholder {pdi}; is {pid} meant?",
        ),
        ('recipe = "signed-v1"', 'recipe = "heat"', "recipe: no recipe 'heat'; there are paper-v1, signed-v1"),
        ('recipe = "signed-v1"', 'recipe = "heat-v1"\nopacity = 0.5', "opacity: heat-v1 does not take this"),
        (
            'recipe = "signed-v1"',
            'recipe = "overlay-v1"',
            'task 1 ("seeing"): kind: class-discrimination must not show the photograph',
        ),
        (
            "[analysis]",
            '[methods.mine]\npictures = "mine.csv"\n\n[[tasks]]\nname = "choosing"\nkind = "distinction"\nmethods = ["mine"]\n'
            'networks = ["strong"]\nimages = 4\nratings_per_item = 2\ntrials_per_participant = 2\n\n[analysis]',
            "distinction draws the explanations of 4 classes on one scale, and those of mine are made already; compute",
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
            'task 2 ("trusting"): trust compares networks: name 2 or more, not 1',
        ),
        ('"aeroplane", "bicycle"', '"aeroplane", 5', "dataset: category 2: Input should be a valid string"),
        (
            'languages = ["en", "ko", "de"]',
            'languages = ["en", "xx", "de"]',
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


NOT_DEFINITIONS = {
    "folder": (None, r"mine is a folder; name a file in it"),
    "binary": (b"\x89PNG\r\n\x1a\n\xff", r"mine is no text in UTF-8 \(byte 1\); save it as UTF-8"),
    "NUL": (b"[study]\0", r"mine is no text: it holds NUL characters"),
    "nested": (b"a = " + b"[" * 900 + b"]" * 900, r"mine is no study definition: .* nested too deeply"),
    "nested less": (b"a = " + b"[" * 200 + b"]" * 200, r"nested too deeply"),
    "a long number": (b"a = " + b"9" * 5000, r"mine is not valid TOML"),
    "list": (b"dog\ncat\n", r"mine is not valid TOML"),
    "empty": (b"", r"study: this section is missing"),
}


@pytest.mark.parametrize(("content", "message"), NOT_DEFINITIONS.values(), ids=NOT_DEFINITIONS)
@pytest.mark.parametrize("command", ["check", "pause-study"])  # which reads all of it, and only the slug
def test_what_is_no_definition_is_said_to_be_none(tmp_path, content, message, command):
    file = tmp_path / "mine"
    file.mkdir() if content is None else file.write_bytes(content)
    done = CliRunner().invoke(manage.cli, [command, "--study", str(file)], catch_exceptions=False)
    assert done.exit_code
    assert re.search(message, done.output) or "no study definition with a slug" in done.output, done.output


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_definition_and_its_texts_may_have_a_byte_order_mark_and_windows_line_ends(write, tmp_path, encoding):
    plain = definition.load_definition(write())
    for file in (tmp_path / "study.toml", *(tmp_path / "texts").iterdir()):
        file.write_bytes(file.read_text().replace("\n", "\r\n").encode(encoding))
    assert definition.load_definition(tmp_path / "study.toml").sha256 == plain.sha256


def numbers(schema: object, place: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Every number of a JSON Schema but those that are one of a list, and where it is."""
    for key, part in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if isinstance(part, dict) and part.get("type") in ("integer", "number") and "enum" not in part:
            yield f"{place}.{key}", part
        elif isinstance(part, dict | list):
            yield from numbers(part, f"{place}.{key}")


def test_every_number_has_a_least_and_a_greatest_value():
    sections = SECTIONS | {f"dataset {name}": source.config for name, source in SOURCES.items()}
    found = [n for name, kind in sections.items() for n in numbers(TypeAdapter(kind).json_schema(), name)]
    assert len(found) > 20
    ends = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")
    assert [place for place, number in found if not all(set(end) & set(number) for end in ends)] == []


def test_no_number_of_the_demo_can_be_beyond_all_bounds(write):
    lines = re.findall(r"^[a-z_]+ = [0-9][^#\n]*$", write().read_text(), re.MULTILINE)
    assert len(lines) > 15
    for line, value in product(sorted(set(lines)), ("1" + "0" * 30, "-1", "inf", "nan", "[]", "0x" + "f" * 5000)):
        file = write(f"\n{line}\n", f"\n{line.split(' = ')[0]} = {value}\n")
        with pytest.raises(definition.DefinitionError, match=r"\(given: "):
            definition.load_definition(file)


def test_all_faults_are_told_at_once(write):
    file = write("minutes = 6", "minutes = -1")
    file.write_text(file.read_text().replace("lease_minutes = 60", "lease_minutes = 0"))
    with pytest.raises(definition.DefinitionError, match=r"study\.minutes(?s:.*)participants\.lease_minutes"):
        definition.load_definition(file)


def test_a_device_is_not_read_without_end():
    with pytest.raises(definition.DefinitionError, match="/dev/null is a device; name a file"):
        definition.load_definition(Path("/dev/null"))


def test_a_missing_definition_names_the_file_and_an_example(tmp_path):
    with pytest.raises(definition.DefinitionError, match=r"no study definition at .*absent\.toml; examples/demo\.toml"):
        definition.load_definition(tmp_path / "absent.toml")


def test_weights_of_torchvision_alone_take_its_names(write):
    """Although a place for the checkpoint is filled in."""
    network = (
        '[networks.ready]\narchitecture = "alexnet"\nweights = "torchvision:IMAGENET1K_V1"\ntarget_layer = "auto"\n'
    )
    ready = definition.load_definition(write("[stimuli]", f"{network}\n[stimuli]")).networks["ready"]
    assert ready.labels == "torchvision"
    assert ready.checkpoint.name == "ready.safetensors"
