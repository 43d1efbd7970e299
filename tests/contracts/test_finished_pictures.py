"""A study whose pictures were all made elsewhere: no network and no torch from the definition to the open study."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import manage
from contracts.stimulus_set import read_stimuli
from definition import DefinitionError, load_definition
from tests.contracts.small_study import Study

ROOT = Path(__file__).parents[2]
FORMATS = ROOT / "examples" / "formats"
WITHOUT_TORCH = """
import sys
sys.modules |= {name: None for name in ("torch", "torchvision", "captum")}  # importing them fails
from click.testing import CliRunner
import manage
for command in ("generate-stimuli", "db upgrade", "open-study", "check"):
    options = [] if command == "db upgrade" else ["--study", sys.argv[1]]
    done = CliRunner().invoke(manage.cli, [*command.split(), *options], catch_exceptions=False)
    print(done.output)
    assert done.exit_code == 0, command
"""


@pytest.fixture
def study(tmp_path):
    """The example with its output in a folder of the test's."""
    text = (FORMATS / "finished.toml").read_text()
    for old, new in {"../../var/format-finished": ".", "../texts": str(ROOT / "examples" / "texts")}.items():
        assert old in text
        text = text.replace(old, new)
    for name in ("pictures", "pictures.csv", "boxes.csv", "finished", "finished.csv"):
        (tmp_path / name).symlink_to(FORMATS / name)
    (tmp_path / "study.toml").write_text(text)
    return tmp_path / "study.toml"


@pytest.mark.slow
def test_it_is_made_checked_and_opened_without_torch_and_its_pixels_survive(study):
    environment = os.environ | {
        "DISCERN_DATABASE_URL": f"sqlite:///{study.parent / 'study.sqlite3'}",
        "DISCERN_SECRET_KEY": "not a secret, only for a test",
    }
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(study)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT READY" not in done.stdout
    assert "method outline: 16 pictures of 32 × 32 px" in done.stdout
    assert "small are known from the tables of pictures" in done.stdout
    page = study.parent / "gallery" / "index.html"
    done = CliRunner().invoke(manage.cli, ["gallery", "--study", str(study), "--out", str(page.parent)])
    assert done.exit_code == 0, done.output
    assert all(words in page.read_text() for words in ("Outline (by hand), small", "as-is and heat-v1", "not told"))
    rows = read_stimuli(study.parent / "stimuli")
    assert len(rows) == 8 * 2 * 2
    for row in rows:
        if row.method == "outline":
            mine = Image.open(FORMATS / "finished" / f"{row.image_id}-{row.category}.png").convert("RGB")
            stored = Image.open(study.parent / "stimuli" / row.file)
            assert np.array_equal(np.asarray(mine), np.asarray(stored))
            assert not stored.info


@pytest.mark.slow
def test_a_hand_made_set_is_as_blind_as_any_other(study):
    """Outlines are drawn as pictures, the glow as maps: nothing but the pixels may tell which is which."""
    text = study.read_text()
    assert "ratings_per_item = 2" in text
    made = Study(study.parent)
    made.definition.write_text(text.replace("ratings_per_item = 2", "ratings_per_item = 6"))
    for command in ("generate-stimuli", "open-study"):
        made.manage("db", "upgrade")
        made.of_study(command)
    sizes = {file.stat().st_size for file in (study.parent / "stimuli" / "images").rglob("*.png")}
    assert len(sizes) > 1, "as files they differ"
    with made.served() as url:
        told = made.of_study("blind-check", "--url", url, "--participants", "40")
    assert "Nothing but the pixels tells anything." in told
    assert re.findall(r"^seeing +(\w+) +160 ", told, re.MULTILINE) == ["method", "truth"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('methods = ["outline", "glow"]', 'methods = ["outlin", "glow"]', 'task 1 ("seeing"): methods: no method \'outlin\'; is outline meant?'),
        ('methods = ["outline", "glow"]', 'methods = ["outline", "grad-cm"]', "no method 'grad-cm'; is grad-cam"),
        ('methods = ["outline", "glow"]', 'methods = ["outline", "cam"]', "networks: no network 'small', which cam is computed for; [networks] has none"),
        ('outline = "as-is"', 'outlne = "as-is"', "stimuli.recipes: no method 'outlne'; is outline meant?"),
        ('outline = "as-is"', 'outline = "as-it-is"', "recipes.outline: no recipe 'as-it-is'; there are paper-v1"),
        ('[methods.glow]\npictures = "finished.csv"', "[methods.glow]\nbuilt_in = \"cam\"", "networks: no network 'small', which glow is computed for"),
        ('[stimuli]', '[networks.new]\narchitecture = "alexnet"\ntarget_layer = "auto"\n\n[stimuli]', "networks.new: labels or training is missing: `labels` name its outputs and keep its last layer; `training = {}` in [networks.new] puts"),
        ('[methods.glow]\npictures = "finished.csv"', "[methods.glow]", "methods: glow has no source; give it function, captum or pictures"),
        ('[methods.glow]\npictures = "finished.csv"', '[methods.glow]\ncaptum = "Lime"\npictures = "finished.csv"', "captum and pictures: a method has one source; remove all but one"),
        ('[methods.glow]\npictures = "finished.csv"', '[methods.glow]\nfunction = "own.py"', "methods.glow.function: file.py:function or package.module:function is expected"),
        ('[methods.glow]\npictures = "finished.csv"', '[methods.glow]\npictures = "finished.csv"\noptions = { n = 1 }', "options: pictures are made already and take none"),
        ('[methods.glow]\npictures = "finished.csv"', '[methods.glow]\nbuilt_in = "grad-cams"', "built_in: no method 'grad-cams'; is grad-cam"),
        ('[methods.glow]\npictures = "finished.csv"', '[methods.glow]\npicture = "finished.csv"', "methods.glow.picture: unknown key; is pictures meant?"),
        ("[methods.glow]", '[methods."GLÖW"]', "String should match pattern"),
        ('recipe = "heat-v1"', 'recipe = "overlay-v1"', "must not show the photograph, and recipe 'overlay-v1' of glow does"),
        ('"as-is" }', '"as-is", cam = "as-is" }', ""),
    ],
)  # fmt: skip
def test_a_faulty_method_is_refused_by_the_key_at_fault(study, old, new, message):
    text = study.read_text()
    assert old in text
    study.write_text(text.replace(old, new))
    if not message:  # a recipe of a method that no task shows does no harm
        assert load_definition(study).stimuli.rendering_of("outline").facts.is_finished
        return
    with pytest.raises(DefinitionError) as refused:
        load_definition(study)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",small,", ",smal,", "has no rows for network 'small'; its column network has smal: write one name"),
        (",disc,small", ",dsc,small", "finished.csv names 'dsc', which no photograph shows: write dataset.categories' names"),
    ],
)  # fmt: skip
def test_a_table_that_calls_things_otherwise_is_named(study, old, new, message):
    table = study.parent / "finished.csv"
    text = table.read_text().replace(old, new)
    table.unlink()
    table.write_text(text)
    assert message in CliRunner().invoke(manage.cli, ["check", "--study", str(study)]).output


def test_rows_for_another_study_are_not_what_is_at_fault(study):
    table = study.parent / "finished.csv"
    text = table.read_text()
    table.unlink()
    table.write_text(text + text.splitlines()[1].replace("disc,", "ring,", 1) + "\n")
    study.write_text(study.read_text().replace("images = 8", "images = 80"))
    told = CliRunner().invoke(manage.cli, ["check", "--study", str(study)]).output
    assert "asks for 80 images" in told
    assert "'ring'" not in told


def test_without_a_computed_method_there_are_no_weights_to_make_random(study):
    done = CliRunner().invoke(manage.cli, ["sanity", "--study", str(study), "--out", str(study.parent / "sanity.csv")])
    assert (done.exit_code, "name a method that is computed" in done.output) == (1, True)


def test_a_computed_method_cannot_be_shown_as_it_is(study):
    text = (
        study.read_text().replace('"glow"]', '"cam"]').replace('outline = "as-is"', 'outline = "as-is", cam = "as-is"')
    )
    study.write_text(text)
    with pytest.raises(DefinitionError, match=r"methods: cam is computed, so the recipe as-is cannot show it"):
        load_definition(study)


def test_printed_names_do_not_decide_the_stimuli_and_sources_do(study):
    first = load_definition(study)
    study.write_text(study.read_text().replace("Outline (by hand)", "Hand"))
    renamed = load_definition(study)
    assert (renamed.request_sha256, renamed.sha256 == first.sha256) == (first.request_sha256, False)
    (study.parent / "other.csv").symlink_to(FORMATS / "finished.csv")
    study.write_text(study.read_text().replace('"finished.csv"', '"other.csv"', 1))
    assert load_definition(study).request_sha256 != first.request_sha256
