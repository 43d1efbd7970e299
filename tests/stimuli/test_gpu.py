"""A GPU gives what the CPU gives: maps, pictures, sets and checks. Deselected where torch sees no CUDA device."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from captum.attr import Deconvolution, GuidedBackprop, LayerGradCam
from PIL import Image

from contracts import stimulus_set
from models.catalogue import preprocess
from models.image_files import read_image
from models.transform import Transform
from stimuli.config import StimuliConfig
from stimuli.evaluate.sanity import cascading_randomisation
from stimuli.explain.engine import explain
from stimuli.produce.render import render
from stimuli.rendering import Rendering
from tests.stimuli import networks
from tests.stimuli.classifiers import RELU_NETWORKS, classifier
from tests.stimuli.classifiers import pictures as pictures_for
from tests.stimuli.explain.test_mixed_precision import METHODS as FIVE
from tests.stimuli.explain.test_mixed_precision import PRETRAINED, SHARED
from tests.stimuli.sample_set import contents, make, pictures

PAPER = Rendering("paper-v1")

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore:Setting (backward|forward):UserWarning")]
RAGGED = [[0, 3, 1], [], [4]]
SMALL = {
    "alexnet": (networks.alexnet_like, "4"),
    "vgg": (networks.vgg_like, "9"),
    "squeezenet": (networks.squeezenet_like, "4"),
    "pooled": (networks.gap_like, "3"),
    "functional": (networks.functional_like, "second"),
}


def distance(found, expected):
    assert found.shape == expected.shape
    assert found.device.type == "cuda"
    return ((found.cpu() - expected).abs().max() / expected.abs().max().clamp(min=1e-300)).item()


@pytest.mark.parametrize("name", SMALL)
def test_every_method_gives_the_cpus_maps_in_double_precision(name):
    build, layer = SMALL[name]
    methods = {method: few for method, few in networks.FEW.items() if method != "cam" or name == "pooled"}
    images = networks.pictures(3, 48, 48)
    on_cpu = explain(build(), images, RAGGED, methods, layer)
    on_gpu = explain(build().cuda(), images.cuda(), RAGGED, methods, layer)
    assert distance(on_gpu.logits, on_cpu.logits) <= 1e-10
    for method in methods:
        assert distance(on_gpu.maps[method], on_cpu.maps[method]) <= 1e-9, method


@pytest.mark.parametrize("name", RELU_NETWORKS)
def test_torchvisions_networks_give_the_cpus_maps_and_are_left_alone(name):
    methods = ["guided-backprop", "deconvolution", "grad-cam", "counterfactual-grad-cam"]
    network, images, targets = classifier(name), pictures_for(name), [[0, 3], [4]]
    moved = copy.deepcopy(network).cuda()
    before = {key: tensor.clone() for key, tensor in moved.state_dict().items()}
    expected = explain(network, images, targets, methods, RELU_NETWORKS[name]).maps
    found = explain(moved, images.cuda(), targets, methods, RELU_NETWORKS[name]).maps
    for method in methods:
        assert distance(found[method], expected[method]) <= 1e-8, method
    assert all(torch.equal(tensor, before[key]) for key, tensor in moved.state_dict().items())


@pytest.mark.parametrize("name", ["vgg16_bn", "resnet18", "squeezenet1_0"])
def test_captum_agrees_on_the_gpu(name):
    network, images = copy.deepcopy(classifier(name)).cuda(), pictures_for(name).cuda()
    found = explain(network, images, [[1]] * 2, ["guided-backprop", "deconvolution", "grad-cam"], RELU_NETWORKS[name])
    for method, attribution in (("guided-backprop", GuidedBackprop), ("deconvolution", Deconvolution)):
        oracle = attribution(copy.deepcopy(network)).attribute(images.clone().requires_grad_(), 1)
        assert distance(found.maps[method], oracle.detach().cpu()) <= 1e-8
    weighed = copy.deepcopy(network)
    cam = LayerGradCam(weighed, weighed.get_submodule(RELU_NETWORKS[name])).attribute(images, 1, relu_attributions=True)
    cam = F.interpolate(cam.detach(), images.shape[-2:], mode="bilinear", align_corners=True)
    assert distance(found.maps["grad-cam"], cam.cpu()) <= 1e-8


def pretrained(name):
    file, layer = PRETRAINED[name]
    photographs = sorted((SHARED / "voc/VOCdevkit/VOC2012/JPEGImages").glob("*.jpg"))[:8]
    if not photographs:
        pytest.skip("the development photographs are not here; DISCERN_SHARED names their folder")
    module = torchvision.models.get_model(name, weights=None).eval()
    module.load_state_dict(torch.load(SHARED / "weights" / file, weights_only=True))
    transform = Transform(image_size=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    return module, torch.stack([preprocess(read_image(path), transform) for path in photographs]), layer


@pytest.mark.shared
@pytest.mark.parametrize("name", PRETRAINED)
def test_single_precision_is_single_and_mixed_draws_the_same_on_photographs(name):
    module, images, layer = pretrained(name)
    targets = [scores.topk(2).indices.tolist() for scores in module(images)]
    exact = explain(copy.deepcopy(module).double(), images.double(), targets, FIVE, layer).maps
    on_gpu = {p: explain(module.cuda(), images.cuda(), targets, FIVE, layer, precision=p) for p in ("fp32", "mixed")}
    assert torch.equal(on_gpu["fp32"].logits, on_gpu["mixed"].logits)
    for precision, bound in (("fp32", 0.99999), ("mixed", 0.9995)):
        for method in FIVE:
            ours, oracle = on_gpu[precision].maps[method].cpu().double().flatten(1), exact[method].flatten(1)
            said = oracle.abs().amax(1) > 0
            alike = F.cosine_similarity(ours[said], oracle[said], eps=0).min().item()
            levels = [render(maps, PAPER).float() for maps in (ours.view_as(exact[method]), exact[method])]
            print(f"{name} {precision} {method}: cosine {alike:.7f}, levels {(levels[0] - levels[1]).abs().mean():.3f}")
            assert alike >= bound, (precision, method)
            assert (levels[0] - levels[1]).abs().mean() <= 0.5, (precision, method)


def test_where_memory_runs_out_images_are_taken_in_halves_and_maps_are_the_same():
    network = torchvision.models.vgg11(weights=None, num_classes=5).eval().cuda()
    images, targets = torch.randn(48, 3, 224, 224, generator=torch.Generator().manual_seed(0)).cuda(), [[0, 3]] * 48
    expected = explain(network, images[:4], targets[:4], ["guided-grad-cam"], "features.19").maps["guided-grad-cam"]
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_allocated() + 3 * 2**30) / total)
    try:
        found = explain(network, images, targets, ["guided-grad-cam"], "features.19").maps["guided-grad-cam"]
        assert torch.cuda.max_memory_allocated() < torch.cuda.memory_allocated() + 4 * 2**30
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    # Not to the last bit: in another batch convolutions round otherwise, and a ReLU near zero opens or closes.
    assert len(found) == 96
    assert F.cosine_similarity(found[:8].flatten(1), expected.flatten(1), eps=0).min() > 0.999


def test_memory_does_not_grow_from_call_to_call():
    network, images = networks.vgg_like().cuda(), networks.pictures().cuda()
    held = []
    for _ in range(4):
        explain(network, images, RAGGED, ["guided-grad-cam", "deconvolution"], "9")
        held.append(torch.cuda.memory_allocated())
    assert held[1] == held[2] == held[3]


def test_drawing_on_the_gpu_gives_the_cpus_pixels():
    maps = torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    for shown in (maps, maps[:, :1], torch.zeros(2, 3, 8, 8)):
        assert torch.equal(render(shown.cuda(), PAPER).cpu(), render(shown, PAPER))


def test_a_set_made_on_the_gpu_is_the_same_bytes_again_and_the_cpus_pictures(tmp_path):
    images = pictures(tmp_path / "pictures")

    def made(name, device):
        config = StimuliConfig(output=tmp_path / name, device=device, batch_size=2, seed=1)
        make(config.output, images, config=config)
        return tmp_path / name

    first, second, on_cpu = made("first", "cuda"), made("second", "cuda"), made("cpu", "cpu")
    assert contents(first) == contents(second)
    levels = []
    for ours, theirs in zip(stimulus_set.read_stimuli(first), stimulus_set.read_stimuli(on_cpu), strict=True):
        assert (ours.stimulus_id, ours.tasks) == (theirs.stimulus_id, theirs.tasks)
        assert ours.logit == pytest.approx(theirs.logit, abs=1e-5)
        pair = [np.asarray(Image.open(folder / s.file)).astype(int) for folder, s in ((first, ours), (on_cpu, theirs))]
        levels.append(np.abs(pair[0] - pair[1]).max())
    assert max(levels) <= 1


def test_a_large_network_gives_the_same_maps_on_every_run():
    torch.manual_seed(0)
    network = torchvision.models.googlenet(weights=None, init_weights=True, aux_logits=False).eval().cuda()
    images = torch.randn(8, 3, 224, 224, generator=torch.Generator().manual_seed(2)).cuda()
    runs = [explain(network, images, [[1, 2]] * 8, FIVE, "inception5b").maps for _ in range(3)]
    for method in FIVE:
        assert all(torch.equal(run[method], runs[0][method]) for run in runs[1:]), method


def test_randomised_weights_are_compared_on_the_gpu_as_on_the_cpu():
    rows = [
        cascading_randomisation(
            "small", networks.alexnet_like().to(device), networks.pictures().to(device), [[0], [1], [4]], FIVE, "4"
        )
        for device in ("cuda", "cpu")
    ]
    for ours, theirs in zip(*rows, strict=True):
        assert (ours.step, ours.layer, ours.method) == (theirs.step, theirs.layer, theirs.method)
        assert ours.ssim == pytest.approx(theirs.ssim, abs=1e-3)
        assert ours.rank_correlation == pytest.approx(theirs.rank_correlation, abs=1e-3)


def test_the_settings_of_torch_are_as_before():
    before = torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision
    explain(networks.vgg_like().cuda(), networks.pictures().cuda(), RAGGED, ["grad-cam"], "9")
    assert (torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision) == before
    assert not torch.backends.cudnn.deterministic
