"""Pictures and maps that were made elsewhere: into a set with and without a network, and what is said of wrong ones."""

import numpy as np
import pytest
import torch
from PIL import Image

from contracts import stimulus_set
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.errors import GenerationError, SelectionError
from stimuli.method_config import MethodConfig
from stimuli.produce.array_recipes import draw
from stimuli.produce.render import render
from stimuli.rendering import AS_IS, RECIPES, Rendering
from tests.stimuli.sample_set import CATEGORIES, make, pictures

SIDE = 32
RANDOM = np.random.default_rng(7)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pictures"))


def noise(side=SIDE):
    return RANDOM.integers(0, 256, (side, side, 3), dtype=np.uint8)


class Table:
    """A table in the making: rows of every image's pairs, a file each."""

    def __init__(self, folder, images, networks=("strong",), ending="png"):
        self.folder, self.columns = folder, ["image", "category", "network", "file"]
        self.rows, self.pixels = [], {}
        for image in images:
            for category in image.categories:
                for network in networks:
                    name = f"{image.image_id}-{category}-{network}.{ending}"
                    self.rows.append([image.path.name, category, network, name])
                    self.pixels[image.image_id, category, network] = self.save(name)

    def save(self, name, pixels=None):
        file = self.folder / name
        if name.endswith("png"):
            pixels = noise() if pixels is None else pixels
            Image.fromarray(pixels).save(file)
        else:
            pixels = RANDOM.normal(size=(3, SIDE, SIDE)) if pixels is None else pixels
            (np.savez_compressed if name.endswith("npz") else np.save)(file, pixels)
        return pixels

    def add(self, column, value):
        self.columns.append(column)
        self.rows = [[*row, value(row)] for row in self.rows]

    def write(self, name="table.csv"):
        lines = [self.columns, *self.rows]
        (self.folder / name).write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n")
        return MethodConfig(pictures=self.folder / name)


def made(output, images, methods, requests, networks=None, **settings):
    config = StimuliConfig(output=output, device="cpu", batch_size=2, **settings)
    elsewhere = {"networks": networks} if networks is not None else {}
    make(output, images, config=config, requests=requests, methods=methods, **elsewhere)
    return stimulus_set.read_stimuli(output)


def seeing(*methods, images=2, networks=("strong",)):
    return StimulusRequest("seeing", "class-discrimination", images, methods, networks)


def pixels(output, row):
    return np.asarray(Image.open(output / row.file))


def test_a_picture_s_pixels_survive_beside_a_method_that_is_computed(images, tmp_path):
    """The set's pictures are written anew, of one size, and nothing tells who drew them; the network gives scores."""
    table = Table(tmp_path, images)
    recipes = {"recipe": "heat-v1", "recipes": {"blob": AS_IS}}
    rows = made(tmp_path / "set", images, {"blob": table.write()}, [seeing("grad-cam", "blob")], **recipes)
    assert stimulus_set.verify(tmp_path / "set") == len(rows) == 2 * 2 * 2
    for row in (row for row in rows if row.method == "blob"):
        assert (pixels(tmp_path / "set", row) == table.pixels[row.image_id, row.category, "strong"]).all()
        other = next(r for r in rows if (r.image_id, r.category, r.method) == (row.image_id, row.category, "grad-cam"))
        assert (row.logit, row.probability, row.is_correct) == (other.logit, other.probability, other.is_correct)
    told = stimulus_set.read_provenance(tmp_path / "set")["methods"]["blob"]
    assert (told["pictures"], told["files"]) == ("table.csv", len(table.rows))
    assert all((tmp_path / "set" / row.file).read_bytes()[:50].count(b"IDAT") == 1 for row in rows)  # no metadata


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_maps_are_drawn_by_the_recipe(ending, images, tmp_path):
    table = Table(tmp_path, images, ending=ending)
    rows = made(tmp_path / "set", images, {"lime": table.write()}, [seeing("lime")], {}, recipe="signed-v1")
    for row in rows:
        maps = torch.from_numpy(table.pixels[row.image_id, row.category, "strong"])[None]
        expected = render(maps, Rendering("signed-v1"))[0].numpy()
        assert (pixels(tmp_path / "set", row) == expected).all()


@pytest.mark.parametrize("recipe", [name for name, facts in RECIPES.items() if not facts.is_finished])
def test_without_torch_maps_are_drawn_as_with_it(recipe, images):
    """Oracle: the recipes in torch, which golden hashes hold."""
    photograph = Image.open(images[0].path)
    beneath = np.asarray(photograph.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    under = torch.from_numpy(beneath.copy()).permute(2, 0, 1)
    rendering = Rendering(recipe)
    for found in (
        RANDOM.normal(size=(3, SIDE, SIDE)),
        RANDOM.normal(size=(1, SIDE, SIDE)) * 1e-30,
        np.maximum(RANDOM.normal(size=(1, SIDE, SIDE)) - 3.2, 0),
        np.zeros((1, SIDE, SIDE)),
        np.full((3, SIDE, SIDE), -2.0),
    ):
        expected = render(torch.from_numpy(found)[None], rendering, (under / 255)[None])[0].numpy()
        assert (draw(found, rendering, beneath) == expected).all()


def test_a_trust_task_without_networks_takes_predictions_from_the_table(images, tmp_path):
    """Images on which both networks have the same annotated category, as the column says."""
    table = Table(tmp_path, images, ("strong", "weak"))
    agreed = {image.path.name for image in images[:3]}
    table.add("prediction", lambda row: CATEGORIES[0] if row[2] == "strong" or row[0] in agreed else CATEGORIES[1])
    table.add("probability", lambda row: 0.75)
    request = StimulusRequest("trusting", "trust", 2, ("blob",), ("strong", "weak"))
    rows = made(tmp_path / "set", images, {"blob": table.write()}, [request], {}, recipe=AS_IS)
    assert {(row.image_id + ".png") in agreed and row.category == CATEGORIES[0] for row in rows} == {True}
    assert {(row.network, row.is_correct, row.logit, row.probability) for row in rows} == {
        ("strong", True, None, 0.75),
        ("weak", True, None, 0.75),
    }
    again = stimulus_set.stimuli_from(stimulus_set.table_of(rows), "again")
    assert again == rows
    provenance = stimulus_set.read_provenance(tmp_path / "set")
    assert provenance["networks"] == {"strong": {"checkpoint_sha256": ""}, "weak": {"checkpoint_sha256": ""}}
    assert (provenance["device"], "torch" in provenance["library_versions"]) == ("none", False)


def test_only_images_with_all_their_pictures_are_chosen_and_a_lack_is_told(images, tmp_path):
    table = Table(tmp_path, images[4:7])
    rows = made(tmp_path / "set", images, {"blob": table.write()}, [seeing("blob")], {}, recipe=AS_IS)
    assert {row.image_id for row in rows} <= {image.image_id for image in images[4:7]}
    message = r"task 'seeing' asks for 4 images.*'a picture of blob in table.csv' removed 3.*add pictures to table.csv, or name"
    with pytest.raises(SelectionError, match=message):
        made(tmp_path / "more", images, {"blob": table.write()}, [seeing("blob", images=4)], {}, recipe=AS_IS)


def test_one_table_may_hold_several_methods(images, tmp_path):
    table = Table(tmp_path, images)
    table.add("method", lambda row: "blob")
    table.rows += [[*row[:3], table.rows[0][3], "lime"] for row in table.rows]
    config = table.write()
    rows = made(tmp_path / "set", images, {"blob": config, "lime": config}, [seeing("blob", "lime")], {}, recipe=AS_IS)
    drawn = {row.file for row in rows if row.method == "lime"}
    assert len(drawn) == 1
    assert drawn != {row.file for row in rows if row.method == "blob"}


def test_a_changed_picture_makes_the_set_anew(images, tmp_path):
    table = Table(tmp_path, images)
    first = made(tmp_path / "set", images, {"blob": table.write()}, [seeing("blob")], {}, recipe=AS_IS)
    for row in table.rows:
        table.save(row[3])
    again = made(tmp_path / "set", images, {"blob": table.write()}, [seeing("blob")], {}, recipe=AS_IS)
    assert {row.sha256 for row in first}.isdisjoint(row.sha256 for row in again)


def drop_column(table):
    table.columns[2] = "netwrok"


def drop_file(table):
    (table.folder / table.rows[1][3]).unlink()


def wrong_size(table):
    table.save(table.rows[-1][3], noise(33))


def all_of_another_size(table):
    for row in table.rows:
        table.save(row[3], noise(40))


def repeat(table):
    table.rows.append(table.rows[0])


def empty_cell(table):
    table.rows[2][1] = ""


def no_picture(table):
    (table.folder / table.rows[0][3]).write_text("no picture")


def another_method(table):
    table.add("method", lambda row: "blobs")


def no_number(table):
    table.add("logit", lambda row: "high")


def no_probability(table):
    table.add("probability", lambda row: 1.5)


def a_map(table):
    table.rows[0][3] = "map.npy"
    table.save("map.npy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_column, r"table.csv, the pictures of method 'blob', lacks the columns network; there are image, category, netwrok"),
        (drop_file, r"1 of \d+ files of .*table.csv are missing, the first is .*png; add them or correct the column file"),
        (wrong_size, r"pictures of one set have one size: .* is 33 × 33 px, .* is 32 × 32 px; make the files of .* again"),
        (all_of_another_size, r"are 40 × 40 px, the others 32 × 32 px; make them again at 32 × 32 px"),
        (repeat, r"table.csv, line \d+: strong, picture0.png, cat is there twice; remove one of the rows"),
        (empty_cell, r"table.csv, line 4: category is empty; fill it in"),
        (no_picture, r"picture .*png cannot be read .*; fetch a sound copy of it"),
        (another_method, r"table.csv has no rows for method 'blob'; its column method has blobs"),
        (no_number, r"line 2: could not convert string to float: 'high'; logit and probability are numbers, or empty"),
        (no_probability, r"line 2: logit must be finite, probability from 0 to 1"),
        (a_map, r"map.npy is a map, and the recipe as-is shows finished pictures; name a recipe that draws maps"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused_in_one_sentence_before_anything_is_made(change, message, images, tmp_path):
    table = Table(tmp_path, images)
    change(table)
    with pytest.raises(GenerationError, match=message) as refused:
        made(tmp_path / "set", images, {"blob": table.write()}, [seeing("blob")], recipe=AS_IS)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "set" / "images").exists()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (np.full((SIDE, SIDE), np.nan), r"holds NaN or infinity; save finite numbers"),
        (np.zeros((5, SIDE, SIDE)), r"has the shape \(5, 32, 32\); \(H, W\), \(1, H, W\) or \(3, H, W\) is expected"),
        (np.zeros(7), r"has the shape \(7,\)"),
        (np.zeros((SIDE, SIDE), complex), r"holds complex128; save real numbers"),
        (np.array([{}]), r"cannot be read .*; save one array with numpy.save"),
    ],
)
def test_a_wrong_map_is_refused_before_anything_is_made(found, message, images, tmp_path):
    table = Table(tmp_path, images, ending="npy")
    table.save(table.rows[0][3], found)
    with pytest.raises(GenerationError, match=message):
        made(tmp_path / "set", images, {"blob": table.write()}, [seeing("blob")], {}, recipe="heat-v1")
    assert not (tmp_path / "set" / "images").exists()


def test_without_a_network_the_message_names_what_is_missing(images, tmp_path):
    table, trust = Table(tmp_path, images), StimulusRequest("trusting", "trust", 2, ("blob",), ("strong", "weak"))
    with pytest.raises(GenerationError, match=r"task 'trusting' chooses images by .* 'strong' .*add a column prediction to table.csv"):  # fmt: skip
        made(tmp_path / "set", images, {"blob": table.write()}, [trust], {}, recipe=AS_IS)
    with pytest.raises(GenerationError, match=r"no network strong is loaded"):
        made(tmp_path / "set", images, {"blob": table.write()}, [seeing("blob", "cam")], {}, recipes={"blob": AS_IS})
    with pytest.raises(GenerationError, match=r"\[networks\] has strong, weak, but not third; add it there"):
        made(tmp_path / "set", images, {"blob": table.write()}, [seeing("blob", networks=("strong", "weak", "third"))], recipe=AS_IS)  # fmt: skip
