"""Networks that were trained elsewhere are taken as they are, and what does not fit is named."""

import pickle
import tomllib
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import squeezenet1_1

from models.catalogue import load_network
from models.config import NetworkConfig
from models.errors import NetworkError
from models.folders import FolderDataset
from models.importing import import_network, not_imported_yet
from models.target_layers import spatial_layers
from models.transform import Transform, normalise
from stimuli.explain.engine import explain
from stimuli.produce.networks import network_told

NETWORK = '''
from torch import nn


def small():
    """Red, green and blue, told by the mean of a channel; the fourth output is nothing."""
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))


def probabilities():
    return nn.Sequential(wide(), nn.Softmax(1))


def each_by_itself():
    return nn.Sequential(wide(), nn.Sigmoid())


def wide():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 20))


class Functional(nn.Module):
    def __init__(self, activation):
        super().__init__()
        self.body, self.activation = wide(), activation

    def forward(self, images):
        return self.activation(self.body(images))


def softmax(logits):
    return logits.softmax(1)


def functional():
    return Functional(softmax)


def functional_sigmoid():
    import torch

    return Functional(torch.sigmoid)


def maps():
    return nn.Conv2d(3, 4, 1)


def fails():
    raise RuntimeError("no such file")


def nothing():
    return None
'''


def trained() -> nn.Module:
    """Its logits are the means of the channels: the oracle of what it must predict."""
    space: dict = {}
    exec(NETWORK, space)
    module = space["small"]()
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            tensor.zero_()
            for channel in range(3):
                if name in ("0.weight", "3.weight"):
                    tensor[channel, channel, 1, 1] = 1
                elif name == "7.weight":
                    tensor[channel, channel] = 10
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(NETWORK)
    (tmp_path / "labels.csv").write_text("index,name\n0,red\n1,green\n2,blue\n")
    (tmp_path / "twice.csv").write_text("index,name\n0,red\n0,green\n")
    (tmp_path / "zero.csv").write_text("index,name\nzero,red\n")
    torch.save(trained().state_dict(), tmp_path / "weights.pt")
    for place, name in enumerate(("red", "green", "blue")):
        for shade in (200, 255):
            colour = tuple(shade if channel == place else 30 for channel in range(3))
            (tmp_path / "pictures" / name).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40, 32), colour).save(tmp_path / "pictures" / name / f"{shade}.png")
    return tmp_path


def configured(folder: Path, **changes) -> NetworkConfig:
    section = {
        "module": "own.py:small", "weights": "weights.pt", "labels": "labels.csv", "checkpoint": "taken.safetensors",
        "target_layer": "auto", "image_size": 32, "normalize": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.25, 0.5]},
    } | changes  # fmt: skip
    return NetworkConfig.model_validate(section, context={"folder": folder})


def taken(folder: Path, **changes):
    dataset = FolderDataset(root=folder / "pictures", categories=("red", "green", "blue"))
    return import_network("own", configured(folder, **changes), dataset)


def test_a_network_of_one_s_own_is_taken_as_it_is(folder):
    found = taken(folder)
    assert found.accuracy == 1
    assert found.metadata.mean_average_precision == 1
    assert found.metadata.categories == ("red", "green", "blue", "output 3")
    assert found.metadata.architecture == "own.py:small"
    assert [(s.layer, s.size) for s in found.layers] == [
        ("0", (32, 32)), ("1", (32, 32)), ("2", (16, 16)), ("3", (16, 16)), ("4", (16, 16)),
    ]  # fmt: skip
    loaded = load_network("own", configured(folder), ("red", "blue"))
    assert (loaded.target_layer, loaded.single_label) == ("4", True)
    assert loaded.transform == Transform(32, (0.5, 0.5, 0.5), (0.5, 0.25, 0.5))
    inputs = normalise(torch.randint(256, (2, 3, 32, 32)), loaded.transform)
    assert torch.equal(loaded.module(inputs), trained().eval()(inputs))


def test_a_function_may_set_the_weights_itself_and_the_checkpoint_keeps_them(folder):
    taken(folder, weights=None)
    one, other = (load_network("own", configured(folder, weights=None), ("red", "blue")) for _ in range(2))
    pictures = torch.rand(2, 3, 32, 32)
    assert torch.equal(one.module(pictures), other.module(pictures))


@pytest.mark.parametrize("wrap", ["state_dict", "model", "module."])
def test_what_training_scripts_put_round_a_state_dict_is_taken_off_and_said(folder, wrap):
    state = trained().state_dict()
    torch.save({f"module.{k}": v for k, v in state.items()} if wrap == "module." else {wrap: state, "epoch": 3}, folder / "weights.pt")  # fmt: skip
    (note,) = taken(folder).notes
    assert repr(wrap) in note


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": None, "module": "", "architecture": "alexnet"}, "network 'own' has no weights; .* or a module that sets"),
        ({"labels": ["red", "green"]}, "no label of network 'own' is blue; write labels as dataset.categories"),
        ({"labels": ["red", "green", "blue", "red"]}, "labels of network 'own' name red more than once"),
        ({"labels": [*"abcdefgh", "red", "green", "blue"]}, "name output 10, and it has 4 outputs"),
        ({"labels": "absent.csv"}, r"labels .*absent\.csv of network 'own' are missing"),
        ({"labels": "twice.csv"}, "index '0' is there twice; each output has one row"),
        ({"labels": "zero.csv"}, "index 'zero' is no whole number from 0; each output has one row"),
        ({"module": "absent.py:small"}, r"there is no file .*absent\.py; put it there or correct its path"),
        ({"labels": "own.py"}, r"labels .*own\.py of network 'own' lack the column index and name; the first row must be index,name"),
        ({"module": "own.py:absent"}, r"no function 'absent'; functions there: small, probabilities, each_by_itself,"),
        ({"module": "own.py:fails"}, r"the function failed \(RuntimeError: no such file\)"),
        ({"module": "own.py:nothing"}, r"returns NoneType; it must return a torch\.nn\.Module"),
        ({"module": "no_such_package:build"}, r"cannot be imported \(ModuleNotFoundError: No module named 'no_such_package'\)"),
        ({"module": "own.py:maps"}, r"does not fit own\.py:maps"),
        ({"weights": "labels.csv"}, r"weights .*labels\.csv cannot be read"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(folder, changes, message):
    with pytest.raises(NetworkError, match=message):
        taken(folder, **changes)
    assert not (folder / "taken.safetensors").exists()


@pytest.mark.parametrize(
    ("function", "output", "message"),
    [
        ("probabilities", "logits", 'sums are 1 and 1, and output = "logits" is declared; set output = "softmax"'),
        ("probabilities", "sigmoid", 'output = "sigmoid" is declared; set output = "softmax"'),
        ("each_by_itself", "softmax", 'output = "softmax" is declared; set output = "sigmoid"'),
        ("small", "softmax", r'numbers from -.* to .* output = "softmax" is declared; set output = "logits"'),
        ("maps", "logits", r"answers two pictures with \(2, 4, 32, 32\); logits \(2, categories\) are expected"),
    ],
)
def test_an_output_other_than_what_is_declared_is_refused(folder, function, output, message):
    space: dict = {}
    exec(NETWORK, space)
    torch.manual_seed(0)
    torch.save(space[function]().state_dict(), folder / "weights.pt")
    with pytest.raises(NetworkError, match=message):
        taken(folder, module=f"own.py:{function}", output=output, labels=["red", "green", "blue"])


@pytest.mark.parametrize(
    ("function", "output", "activation"),
    [
        ("probabilities", "softmax", lambda logits: logits.softmax(1)),
        ("functional", "softmax", lambda logits: logits.softmax(1)),
        ("each_by_itself", "sigmoid", torch.sigmoid),
        ("functional_sigmoid", "sigmoid", torch.sigmoid),
    ],
)
@pytest.mark.filterwarnings("ignore:the network's scores are a softmax")
def test_probabilities_are_explained_as_logits(folder, function, output, activation):
    """The logits of a network that answers with probabilities give these back, whatever layer made them."""
    space: dict = {}
    exec(NETWORK, space)
    torch.manual_seed(0)
    module = space[function]().eval()
    torch.save(module.state_dict(), folder / "weights.pt")
    changes = {"module": f"own.py:{function}", "output": output, "labels": [f"c{i}" for i in range(17)] + ["red", "green", "blue"]}  # fmt: skip
    taken(folder, **changes)
    loaded = load_network("own", configured(folder, **changes))
    images = torch.rand(3, 3, 32, 32)
    assert torch.allclose(activation(loaded.module(images)), module(images), atol=1e-6)
    assert loaded.single_label == (output == "softmax")
    methods = ["grad-cam"] if "functional" in function else ["grad-cam", "guided-backprop"]  # which needs ReLU alone
    found = explain(loaded.module, images, [[0, 19]] * 3, methods, loaded.target_layer)
    assert all(maps.abs().sum() > 0 for maps in found.maps.values())
    assert pickle.loads(pickle.dumps(loaded.module))(images).equal(loaded.module(images))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"normalize": {"mean": [0.4, 0.5, 0.5]}}, "normalize"),
        ({"crop": "centre", "resize": 40}, "crop or resize"),
        ({"labels": ["red", "green", "blue", "grey"]}, "labels"),
        ({"output": "softmax"}, "output"),
    ],
)
def test_a_section_that_was_changed_after_the_import_is_told(folder, changes, named):
    taken(folder)
    with pytest.raises(NetworkError, match=f"made with other {named} than .* run `./manage.py import-network` again"):
        load_network("own", configured(folder, **changes))


def test_somebody_s_file_in_the_place_of_the_checkpoint_is_left(folder):
    (folder / "taken.safetensors").write_bytes(b"years of work")
    with pytest.raises(NetworkError, match="Discern did not write it"):
        taken(folder)
    assert (folder / "taken.safetensors").read_bytes() == b"years of work"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "vgg16"}, "either architecture or module"),
        ({"module": ""}, "either architecture or module"),
        ({"module": "own.py"}, r"file\.py:function or package\.module:function is expected"),
        ({"labels": None}, "labels are missing"),
        ({"resize": 64}, 'resize is for crop = "centre"'),
        ({"resize": 32, "crop": "centre", "image_size": 64}, "resize = 32 is less than image_size = 64"),
        ({"normalize": {"std": [0, 1, 1]}}, "greater than 0"),
    ],
)
def test_a_wrong_section_is_refused(folder, changes, message):
    with pytest.raises(ValueError, match=message):
        configured(folder, **changes)


@pytest.mark.shared
@pytest.mark.parametrize(("name", "layer"), [("mobilenet", "features.18"), ("lite", "_bn1")])
def test_the_networks_of_a_study_of_one_s_own_keep_their_thousand_labels(
    shared: Path, tmp_path: Path, monkeypatch, name, layer
):
    """torchvision's own file and a foreign package's, as their definition stands: of ten classes the right one is to be
    told, for one picture each. Published top-1 accuracies over 1,000 classes are 71.9 and 75.1 %."""
    monkeypatch.setenv("DISCERN_SHARED", str(shared))
    own = shared / "own-study"
    document = tomllib.loads((own / "study.toml").read_text())
    dataset = FolderDataset.model_validate(document["dataset"], context={"folder": own})
    names = dict(line.split(",") for line in (own / "names.csv").read_text().splitlines()[1:])
    folders = sorted(f for f in dataset.root.iterdir())
    rows = [f"{p.relative_to(dataset.root)},{names[f.name]}" for f in folders for p in sorted(f.iterdir())[:1]]
    (tmp_path / "table.csv").write_text("\n".join(["picture,labels", *rows]))
    section = document["networks"][name] | {"checkpoint": str(tmp_path / f"{name}.safetensors")}
    config = NetworkConfig.model_validate(section, context={"folder": own})
    found = import_network(name, config, dataset.model_copy(update={"table": tmp_path / "table.csv"}))
    assert len(found.metadata.categories) == 1000
    assert found.accuracy >= 0.9
    assert load_network(name, config, dataset.categories).target_layer == layer


def test_a_layer_that_runs_more_than_once_is_no_target_layer():
    """As EfficientNet-Lite's one activation: it has no single output that Grad-CAM could weigh."""

    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.relu = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.ReLU()

        def forward(self, images):
            return self.relu(self.second(self.relu(self.first(images)))).mean((2, 3))

    assert [spatial.layer for spatial in spatial_layers(Shared(), 32)] == ["first", "second"]


def test_before_its_import_a_network_with_a_defect_is_another_one_and_behaves_so(folder):
    """`check` looks at networks before anything is imported; one checkpoint may serve several states."""
    states = [{}, {"exchanged_labels": 1}, {"reset_last_layer": 1}, {"out_of_distribution": ["blue"]}]
    configs = [configured(folder, **state) for state in states]
    before = [not_imported_yet("own", config, ("red", "green", "blue")) for config in configs]
    assert len({network.sha256 for network in before}) == len(states)
    taken(folder)
    images = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for config, network in zip(configs, before, strict=True):
        after = load_network("own", config, ("red", "green", "blue"))
        assert torch.equal(network.module(images), after.module(images))


@pytest.fixture(scope="module")
def of_torchvision(tmp_path_factory):
    """Weights of torchvision's SqueezeNet with 1,000 and with 20 outputs, as a file by number."""
    folder = tmp_path_factory.mktemp("torchvision")
    for outputs in (1000, 20):
        torch.save(squeezenet1_1(num_classes=outputs).state_dict(), folder / f"{outputs}.pt")
    return folder


def named_by_torchvision(weights, **keys):
    fields = {"architecture": "squeezenet1_1", "weights": str(weights), "target_layer": "auto", "image_size": 64}
    return NetworkConfig.model_validate(fields | keys)


def test_a_network_of_torchvision_without_labels_takes_imagenets_names(of_torchvision):
    network = not_imported_yet("net", named_by_torchvision(of_torchvision / "1000.pt"), ["tench", "golden retriever"])
    assert (network.categories[0], network.categories[207], network.categories[388]) == (
        *("tench", "golden retriever", "giant panda"),  # ImageNet's own numbers of the three
    )
    assert network_told(network)["labels"] == "torchvision"
    config = named_by_torchvision(of_torchvision / "1000.pt", labels=[f"name {i}" for i in range(1000)])
    assert "labels" not in network_told(not_imported_yet("net", config, ["name 0"]))


@pytest.mark.parametrize("told", [{"training": {}}, {"checkpoint": "net.safetensors"}, {"architecture": "demo-vgg"}])
def test_a_network_that_is_trained_or_ready_does_not(of_torchvision, told):
    assert named_by_torchvision(of_torchvision / "1000.pt", **told).labels is None


def test_names_of_torchvision_are_refused_where_they_do_not_fit(of_torchvision):
    with pytest.raises(NetworkError, match=r"has 20 outputs, and torchvision names 1,000.*write labels"):
        not_imported_yet("net", named_by_torchvision(of_torchvision / "20.pt"), ["tench"])
    with pytest.raises(NetworkError, match=r"no label of network 'net' is golden retriver \(.*golden retriever"):
        not_imported_yet("net", named_by_torchvision(of_torchvision / "1000.pt"), ["golden retriver"])
    with pytest.raises(NetworkError, match="no weights with names for demo-vgg; write a CSV file"):
        not_imported_yet("net", named_by_torchvision("w.pt", architecture="demo-vgg", labels="torchvision"), ["tench"])
