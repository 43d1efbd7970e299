"""Methods of a study's own: functions, captum's classes and options, from the definition to the pictures."""

import hashlib
import re
import sys
from pathlib import Path

import captum
import numpy as np
import pytest
import torch
from captum.attr import GuidedGradCam, IntegratedGradients
from PIL import Image

from contracts import stimulus_set
from models.image_files import read_image
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.errors import GenerationError
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS
from stimuli.explain.own import methods_of_study
from stimuli.explain.recording import Window
from stimuli.method_config import MethodConfig
from stimuli.produce.render import render
from stimuli.produce.visualize import preprocess
from stimuli.rendering import Rendering
from tests.stimuli import networks
from tests.stimuli.sample_set import CATEGORIES, loaded_networks, make, pictures

OWN = """
import numpy as np
import torch

SEEN = []

def ramp(images, targets, slope=1.0):
    SEEN.append((images.shape, targets))
    return torch.linspace(-1, slope, 32 * 32).view(1, 1, 32, 32).repeat(len(targets), 1, 1, 1)

def plain_gradient(trace):
    return trace.input_gradient()

def with_network(network, images, targets):
    network[0].weight.data.zero_()
    return np.ones((len(targets), 3, 32, 32)) * np.arange(32)

def flat(images, targets):
    return images.mean(1)

def whole(images, targets):
    return torch.ones_like(images).long()

def broken(images, targets):
    return images / 0

def words(images, targets):
    return "a map"

def fails(images, targets):
    raise ValueError("no such thing")

def many(one, two, three, four):
    pass
"""


@pytest.fixture
def own(tmp_path) -> Path:
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path / "own.py"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pictures"))


def of_function(own: Path, name: str, **options) -> MethodConfig:
    return MethodConfig(function=f"{own}:{name}", options=options)


def made(output, images, methods, asked=None, **settings):
    """The stimuli of a set of class discrimination with the given methods."""
    config = StimuliConfig(output=output, device="cpu", batch_size=2, **settings)
    request = StimulusRequest("seeing", "class-discrimination", 2, tuple(asked or methods), ("strong",))
    make(output, images, config=config, requests=(request,), methods=methods)
    return stimulus_set.read_stimuli(output)


def pixels(output, row):
    return np.asarray(Image.open(output / row.file))


def test_a_function_s_maps_arrive_untouched(own, images, tmp_path):
    methods = {"my-Ramp2": of_function(own, "ramp", slope=3.0), "grad-cam": MethodConfig(built_in="grad-cam")}
    rows = made(tmp_path / "set", images, methods, recipe="paper-v1", recipes={"my-Ramp2": "signed-v1"})
    assert {row.method for row in rows} == {"my-Ramp2", "grad-cam"}
    ramp = torch.linspace(-1, 3, 32 * 32).view(1, 1, 32, 32)
    expected = render(ramp, Rendering("signed-v1"))[0].numpy()
    mine = [pixels(tmp_path / "set", row) for row in rows if row.method == "my-Ramp2"]
    assert len(mine) == 4
    assert all((found == expected).all() for found in mine)
    told = stimulus_set.read_provenance(tmp_path / "set")
    assert told["methods"]["my-Ramp2"] == {
        "function": "own.py:ramp",
        "sha256": hashlib.sha256(own.read_bytes()).hexdigest(),
        "options": {"slope": 3.0},
    }
    assert "grad-cam" not in told["methods"]  # built in, without options
    assert told["recipes"] == {"my-Ramp2": "signed-v1 percentile=99.6 gamma=0.7"}


def test_a_changed_function_makes_the_set_anew(own, images, tmp_path):
    first = made(tmp_path / "set", images, {"ramp": of_function(own, "ramp")})
    own.write_text(OWN.replace("linspace(-1", "linspace(-9"))
    again = made(tmp_path / "set", images, {"ramp": of_function(own, "ramp")})
    assert {row.stimulus_id for row in first}.isdisjoint(row.stimulus_id for row in again)


def test_a_function_of_a_trace_and_one_of_the_network(own):
    """The trace's gradient is autograd's; the network may be changed, for it is a copy."""
    network, batch = networks.gap_like().float(), networks.pictures(2).float()[..., :32, :32]
    known = methods_of_study({"t": of_function(own, "plain_gradient"), "n": of_function(own, "with_network")})
    found = explain(network, batch, [[0], [3, 1]], {name: known[name] for name in ("t", "n")}).maps
    leaf = batch.clone().requires_grad_()
    (expected,) = torch.autograd.grad(network(leaf)[1, 3], leaf)
    torch.testing.assert_close(found["t"][1], expected[1])
    assert found["n"].shape == (3, 3, 32, 32)
    assert network[0].weight.abs().sum() > 0


def test_captum_s_own_call_is_what_is_drawn(images, tmp_path):
    methods = {"integrated-gradients": MethodConfig(captum="IntegratedGradients", options={"n_steps": 16})}
    rows = made(tmp_path / "set", images, methods, recipe="signed-v1")
    network, paths = loaded_networks()["strong"], {image.image_id: image.path for image in images}
    row = rows[0]
    batch = preprocess(read_image(paths[row.image_id]), network.transform)[None]
    maps = IntegratedGradients(network.module).attribute(batch, target=CATEGORIES.index(row.category), n_steps=16)
    expected = render(maps.float(), Rendering("signed-v1"))[0].numpy().astype(int)
    assert np.abs(pixels(tmp_path / "set", row) - expected).max() <= 1
    made_by = stimulus_set.read_provenance(tmp_path / "set")["methods"]["integrated-gradients"]
    assert made_by == {
        "captum": "IntegratedGradients",
        "version": captum.__version__,
        "options": {"n_steps": 16},
    }


@pytest.mark.filterwarnings("ignore:Setting backward hooks")  # of the oracle's own call
def test_a_class_of_captum_that_explains_by_a_layer_gets_the_target_layer():
    network, batch = networks.vgg_like().float(), networks.pictures(1).float()
    known = methods_of_study({"theirs": MethodConfig(captum="GuidedGradCam")})
    layer = [name for name, part in network.named_modules() if isinstance(part, torch.nn.Conv2d)][-1]
    found = explain(network, batch, [[2]], {"theirs": known["theirs"]}, layer).maps["theirs"]
    expected = GuidedGradCam(network, network.get_submodule(layer)).attribute(batch.clone().requires_grad_(), target=2)
    torch.testing.assert_close(found, expected)


def test_occlusion_takes_a_window_and_two_of_them_are_two_methods():
    network, batch = networks.gap_like().float(), networks.pictures(1).float()
    fine = MethodConfig(built_in="occlusion", options={"patch": 5, "stride": 5})
    known = methods_of_study({"occlusion-fine": fine})
    chosen = {"fine": known["occlusion-fine"], "coarse": METHODS["occlusion"]}
    found = explain(network, batch, [[1]], chosen, window=Window(9, 8)).maps
    for name, window in (("fine", Window(5, 5)), ("coarse", Window(9, 8))):
        torch.testing.assert_close(
            found[name], explain(network, batch, [[1]], ["occlusion"], window=window).maps["occlusion"]
        )
    assert not torch.equal(found["fine"], found["coarse"])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"function": "{own}:flat"}, r"method 'x': it returns .*\(1, 32, 32\); return a tensor or array of shape \(1, 1 or 3, 32, 32\)"),
        ({"function": "{own}:whole"}, r"method 'x': its maps are torch.int64; return floating-point numbers"),
        ({"function": "{own}:broken"}, r"method 'x': its maps hold NaN or infinity; return finite numbers"),
        ({"function": "{own}:words"}, r"method 'x': it returns a str; return a tensor or array"),
        ({"function": "{own}:fails"}, r"method 'x': function .*own.py:fails' failed \(ValueError: no such thing\)"),
        ({"function": "{own}:absent"}, r"function .*: no function 'absent'; functions there: .*ramp"),
        ({"function": "{own}:many"}, r"takes one, two, three, four; it must take \(trace\)"),
        ({"function": "{own}:ramp", "options": {"slop": 1}}, r"has no option slop; it takes slope"),
        ({"function": "{own}.absent.py:f"}, r"there is no file .*absent.py; correct the name or add it"),
        ({"function": "not_a_package.at_all:f"}, r"cannot be imported \(No module named 'not_a_package'\)"),
        ({"captum": "IntegratedGradient"}, r"captum.attr has no method 'IntegratedGradient'; there are IntegratedGradients"),
        ({"captum": "IntegratedGradients", "options": {"steps": 3}}, r"no option steps; it takes .*n_steps"),
        ({"captum": "Occlusion", "options": {"sliding_window_shapes": [99]}}, r"captum's Occlusion failed .*correct its options"),
        ({"captum": "LayerGradCam"}, r"method 'x': it returns .*; return a tensor or array of shape"),
        ({"built_in": "occlusion", "options": {"pach": 3}}, r"method 'x': no option pach; it takes patch, stride"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_with_is_said_before_any_picture_is_made(config, message, own, images, tmp_path):
    told = {key: value.replace("{own}", str(own)) if isinstance(value, str) else value for key, value in config.items()}
    with pytest.raises(GenerationError, match=message) as refused:
        made(tmp_path / "set", images, {"x": MethodConfig(**told)})
    assert not list(tmp_path.glob("set/images/*"))
    assert not re.search("\n", str(refused.value))


def test_without_captum_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    monkeypatch.delitem(sys.modules, "stimuli.explain.captum_adapter", raising=False)
    with pytest.raises(GenerationError, match=r"method 'x': captum is not installed .*pip install captum"):
        methods_of_study({"x": MethodConfig(captum="IntegratedGradients")})
