"""Occlusion computes only what a window reaches. Oracle: a plain loop over whole pictures, in float64."""

import itertools
import weakref

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from stimuli.explain import Window, operations
from stimuli.explain.occluding import _by_patches, occluded_answers
from stimuli.explain.program import program_like
from stimuli.explain.recording import _grid
from tests.stimuli import networks


class Written(nn.Module):
    """A network of a few convolutions, with `middle` between its first and its last."""

    def __init__(self, middle: object, channels: int = 6) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.side = nn.Conv2d(3, 6, 5, 2, 1), nn.Conv2d(6, 6, 1, 2)
        self.second, self.last = nn.Conv2d(6, 6, 3, 2, 1), nn.Linear(channels, 4)
        self.joining = nn.Parameter(torch.randn(6, 12, 1, 1))
        self.broad, self.factors = nn.Parameter(torch.randn(12, 12, 1, 1)), nn.Parameter(torch.rand(1, 12, 1, 1))
        self.around, self.wide = nn.Parameter(torch.randn(6, 6, 3, 3)), nn.Parameter(torch.randn(6, 12, 3, 3))
        self.norm = nn.BatchNorm2d(6).eval()
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)
        self.middle = middle

    def forward(self, pictures: Tensor) -> Tensor:
        return self.last(self.middle(self, self.first(pictures)).mean((2, 3)))


def residual(net: Written, x: Tensor) -> Tensor:
    found = net.norm(net.second(x.relu_()))
    found += net.side(x)
    return found.relu_()


def changed_in_place_afterwards(net: Written, x: Tensor) -> Tensor:
    found = net.side(x)
    return torch.cat((found, net.second(x.add_(1))), 1)[:, :6]


def two(net: Written, x: Tensor) -> Tensor:
    """Maps side by side, of which a window reaches more in one half than in the other."""
    return torch.cat((x.relu(), F.conv2d(x, net.around, None, 1, 1).relu()), 1)


UNDERSTOOD = {
    "residual with a stride and an in-place sum": residual,
    "batch norm first and a ReLU6 used twice": lambda net, x: F.relu6(y := net.norm(x)) + y,
    "a sum in place of what is used before": lambda net, x: net.side(x) + net.second(x.mul_(2)),
    "max-pooling with padding, dilation and rounding up": lambda net, x: F.max_pool2d(x, 3, 2, 1, 2, ceil_mode=True),
    "max-pooling that skips rows": lambda net, x: F.max_pool2d(x, 2, 3),
    "mean pooling with padding": lambda net, x: F.avg_pool2d(x, 3, 2, 1),
    "mean pooling of what is there": lambda net, x: net.side(F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
    "a dilated convolution in groups": lambda net, x: F.conv2d(x, net.second.weight[:, :2], None, 1, 2, 2, 3),
    "a gate from the whole map": lambda net, x: net.second(x * x.mean((2, 3), keepdim=True).sigmoid()),
    "a number for each place": lambda net, x: x + torch.linspace(0, 1, x.shape[3]).to(x),
    "maps side by side": lambda net, x: net.norm(F.conv2d(torch.cat((x, x.relu()), 1), net.joining)),
}
NARROWED = {
    "maps side by side": UNDERSTOOD["maps side by side"],
    "side by side, then pooled": lambda net, x: F.conv2d(F.max_pool2d(two(net, x), 3, 2, 0, 1, True), net.joining),
    "side by side, then pooled twice": lambda net, x: F.conv2d(
        F.avg_pool2d(F.max_pool2d(two(net, x), 3, 2, 1), 2), net.joining, net.second.bias
    ).relu(),
    "side by side, then a kernel with a stride": lambda net, x: F.conv2d(two(net, x), net.wide, None, 2, 1),
}
JOINED = {
    "side by side, used twice": lambda net, x: F.conv2d(y := two(net, x), net.joining) + F.conv2d(y, net.joining),
    "side by side, scaled": lambda net, x: F.conv2d(two(net, x) * net.factors, net.joining),
    "side by side, in groups": lambda net, x: F.conv2d(two(net, x), net.joining[:, :6], groups=2),
    "side by side, not narrowed": lambda net, x: F.conv2d(F.conv2d(two(net, x), net.broad), net.joining),
}
UNDERSTOOD |= NARROWED | JOINED
NOT_UNDERSTOOD = {
    "a choice by the picture": lambda net, x: x if x.mean() > 0.01 else -x,
    "numbers taken out": lambda net, x: x * (2 if float(x.detach().abs().sum()) > 0 else 3),
    "numpy": lambda net, x: x + torch.from_numpy(x.detach().numpy().copy()),
    "a view changed in place": lambda net, x: (x[:, :3].mul_(3), x)[1],
    "attention": lambda net, x: F.scaled_dot_product_attention(x, x, x),
    "changed afterwards": changed_in_place_afterwards,
}


def looped(network: nn.Module, images: Tensor, window: Window) -> Tensor:
    """(places, N, C), a picture and a place at a time."""
    answers = []
    for rows, columns in _grid(window, *images.shape[2:]).places:
        masked = images.clone()
        masked[:, :, rows, columns] = window.fill
        with torch.no_grad():
            answers.append(torch.cat([network(picture) for picture in masked.split(1)]))
    return torch.stack(answers)


def occluded(network: nn.Module, images: Tensor, window: Window) -> Tensor:
    """The same by the engine."""
    return occluded_answers(network, images, _grid(window, *images.shape[2:]), window.fill)


def is_understood(network: nn.Module, images: Tensor, window: Window) -> bool:
    with torch.no_grad():
        plain = network(images[:1])
    return _by_patches(network, images[:1], plain, _grid(window, *images.shape[2:]), window.fill) is not None


@pytest.mark.parametrize("window", [Window(9, 4, 0.25), Window(5, 5), Window(30, 2)], ids=str)
@pytest.mark.parametrize("middle", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_what_a_window_reaches_is_computed_exactly(middle, window):
    network, images = Written(middle).double().eval(), networks.pictures(2)
    torch.testing.assert_close(occluded(network, images, window), looped(network, images, window), rtol=0, atol=1e-10)


@pytest.mark.parametrize("middle", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_other_networks_are_run_on_whole_pictures(middle):
    network, images, window = Written(middle).double().eval(), networks.pictures(2), Window(9, 8)
    assert not is_understood(network, images, window)
    torch.testing.assert_close(occluded(network, images, window), looped(network, images, window), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "make", [networks.alexnet_like, networks.vgg_like, networks.squeezenet_like, networks.gap_like]
)
def test_the_usual_networks_are_understood(make):
    network, images, window = make().double(), networks.pictures(2), Window(9, 8, 0.25)
    assert is_understood(network, images, window)
    torch.testing.assert_close(occluded(network, images, window), looped(network, images, window), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("network", "least"),
    [
        (lambda: torchvision.models.mobilenet_v2(width_mult=0.1, num_classes=3), 1.5),
        (lambda: torchvision.models.squeezenet1_1(num_classes=3), 1.5),
    ],
    ids=["mobilenet_v2", "squeezenet1_1"],
)
def test_torchvisions_networks_need_less_work(network, least):
    """In operations that torch counts; equal to the loop within 1e-10 in float64 and 1e-6 in float32."""
    torch.manual_seed(0)
    made = network().eval()
    images, window = torch.randn(1, 3, 112, 112, dtype=torch.float64), Window(8, 26)
    with FlopCounterMode(display=False) as ours:
        found = occluded(made.double(), images, window)
    wanted = looped(made, images, window)
    with FlopCounterMode(display=False) as plain:
        made(images)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-10)
    assert len(wanted) * plain.get_total_flops() > least * ours.get_total_flops()
    narrow = occluded(made.float(), images.float(), window)
    assert (narrow - wanted).abs().max() <= 1e-6 * max(1, wanted.abs().max())


def test_weights_changed_since_count():
    network, images, window = networks.vgg_like().double(), networks.pictures(1), Window(9, 8)
    before = occluded(network, images, window)
    with torch.no_grad():
        network[0].weight.mul_(2)
    assert not torch.allclose(before, occluded(network, images, window))
    torch.testing.assert_close(occluded(network, images, window), looped(network, images, window), rtol=0, atol=1e-10)


@pytest.mark.parametrize("middle", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_a_program_answers_whole_pictures_as_its_network(middle):
    network, images = Written(middle).double().eval(), networks.pictures(3)
    program = program_like(network, images[:2])
    assert program is not None
    with torch.no_grad():
        torch.testing.assert_close(program(images), network(images), rtol=0, atol=1e-10)


@pytest.mark.parametrize("middle", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_other_networks_have_no_program(middle):
    assert program_like(Written(middle).double().eval(), networks.pictures(2)) is None


def test_a_program_keeps_only_the_values_that_are_needed_later():
    """Of twenty maps in a row two at a time, whatever the depth of the network."""
    numbers, alive, most = itertools.count(), set(), 0

    class Counted(nn.Module):
        def forward(self, maps: Tensor) -> Tensor:
            return F.conv2d(maps, torch.eye(3).view(3, 3, 1, 1).to(maps))

    network = nn.Sequential(*(Counted() for _ in range(20)), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    program = program_like(network, torch.ones(2, 3, 8, 8))
    for operation in program.operations:
        compute = operation.compute

        def watched(*taken: Tensor, compute=compute) -> Tensor:
            nonlocal most
            found = compute(*taken)
            number = next(numbers)
            alive.add(number)
            weakref.finalize(found, alive.discard, number)
            most = max(most, len(alive))
            return found

        object.__setattr__(operation, "compute", watched)
    program(torch.ones(2, 3, 8, 8))
    assert most <= 2


def has_joined_maps(middle: object) -> bool:
    program = program_like(Written(middle).double().eval(), networks.pictures(2))
    return any(operation.joins_channels for operation in program.operations)


def test_joined_maps_are_summed_where_a_convolution_narrows_them():
    assert not any(map(has_joined_maps, NARROWED.values()))
    assert all(map(has_joined_maps, JOINED.values()))


@pytest.mark.parametrize(
    "activation", [nn.ReLU(), nn.ReLU6(), nn.Hardtanh(), nn.Hardtanh(-0.5, 2.0), nn.SiLU()], ids=str
)
@pytest.mark.parametrize("is_fused", [True, False])
def test_an_activation_goes_along_with_its_convolution(activation, is_fused, monkeypatch):
    """In float32; whether or not this version of torch has the operation that is not documented."""
    if not is_fused:
        monkeypatch.setattr(operations, "_FUSED", None)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 5, 3, 2, 1), activation, nn.Conv2d(5, 4, 3), nn.AdaptiveAvgPool2d(1))
    images = 3 * torch.randn(3, 3, 16, 16)
    program = program_like(network, images[:2])
    assert len(program.operations) == 3
    with torch.no_grad():
        torch.testing.assert_close(program(images), network(images), rtol=0, atol=1e-6)


@pytest.mark.parametrize("settings", list(itertools.product((1, 2, 3), (1, 2, 3), (1, 2))), ids=str)
def test_the_largest_of_a_window_is_that_of_torch(settings):
    """Bit by bit, undefined numbers among them; oracle: torch's max-pooling."""
    size, stride, dilation = settings
    maps = torch.randn(2, 3, 11, 9, generator=torch.Generator().manual_seed(0))
    maps[0, 0, 4, 4], maps[1, 1, 2, 3] = torch.nan, -torch.inf
    for layout in (torch.contiguous_format, torch.channels_last):
        found = operations.Largest((size, 2), (stride, 1), (dilation, 1))(maps.contiguous(memory_format=layout))
        wanted = F.max_pool2d(maps, (size, 2), (stride, 1), 0, (dilation, 1))
        torch.testing.assert_close(found, wanted, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("middle", [residual, NOT_UNDERSTOOD["numpy"]])
def test_a_network_gets_masked_pictures_in_the_layout_of_the_picture(middle, layout):
    network, images = Written(middle).double().eval(), networks.pictures(1).contiguous(memory_format=layout)
    seen = []
    network.register_forward_pre_hook(lambda _module, given: seen.append(given[0].stride()[1]))
    occluded(network, images, Window(9, 8))
    assert set(seen) == {images.stride()[1]}
