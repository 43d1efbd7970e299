"""Small networks in float64 that the tests of stimuli/ explain."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stimuli.explain.methods import METHODS, with_options


def alexnet_like(inplace: bool = True) -> nn.Sequential:
    """AlexNet's make: strided convolution, overlapping pooling, two fully connected ReLUs; target layer "4"."""
    return _seeded(
        nn.Conv2d(3, 8, 5, stride=2, padding=2),
        nn.ReLU(inplace),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.ReLU(inplace),
        nn.MaxPool2d(3, 2),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(48, 16),
        nn.ReLU(inplace),
        nn.Linear(16, 5),
    )


def vgg_like() -> nn.Sequential:
    """VGG's make: pairs of 3×3 convolutions with batch norm and in-place ReLU; target layer "9"."""
    return _seeded(
        *(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(True),
            nn.Conv2d(6, 6, 3, padding=1),
            nn.ReLU(True),
        ),
        nn.MaxPool2d(2),
        *(nn.Conv2d(6, 10, 3, padding=1), nn.ReLU(True), nn.Conv2d(10, 10, 3, padding=1), nn.ReLU(True)),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(3),
        nn.Flatten(),
        *(nn.Linear(90, 12), nn.ReLU(True), nn.Linear(12, 5)),
    )


class Fire(nn.Module):
    """SqueezeNet's block: squeeze, then two expanding convolutions side by side."""

    def __init__(self, inputs: int, squeezed: int, outputs: int) -> None:
        super().__init__()
        self.squeeze, self.squeeze_relu = nn.Conv2d(inputs, squeezed, 1), nn.ReLU(True)
        self.one, self.one_relu = nn.Conv2d(squeezed, outputs, 1), nn.ReLU(True)
        self.three, self.three_relu = nn.Conv2d(squeezed, outputs, 3, padding=1), nn.ReLU(True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_relu(self.squeeze(x))
        return torch.cat([self.one_relu(self.one(x)), self.three_relu(self.three(x))], 1)


def squeezenet_like() -> nn.Sequential:
    """SqueezeNet's make: concatenated branches and a convolution, ReLU, pool head; target layer "4"."""
    return _seeded(
        *(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(True), nn.MaxPool2d(3, 2, ceil_mode=True)),
        *(Fire(8, 4, 6), Fire(12, 4, 6)),
        *(nn.Conv2d(12, 5, 1), nn.ReLU(True), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    )


def gap_like() -> nn.Sequential:
    """Convolutions, global average pooling, one linear layer; target layer "3"."""
    return _seeded(
        *(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(True), nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.ReLU(True)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(8, 5)),
    )


class Functional(nn.Module):
    """ReLU in every spelling that hides from module hooks, with a residual addition; target layer "second"."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.third, self.head = nn.Conv2d(6, 6, 3, stride=2), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(3 * self.first(x))
        x = F.relu(x + self.second(x), inplace=True)
        x = self.third(x).clamp(min=0)
        x = torch.relu(F.hardtanh(x, 0.0, 0.5).clamp(0, 0.4))
        return self.head(x.clamp_min(0).mean((2, 3)))


def functional_like() -> Functional:
    return _weighted(Functional())


def _seeded(*modules: nn.Module) -> nn.Sequential:
    return _weighted(nn.Sequential(*modules))


def _weighted(network: nn.Module) -> nn.Module:
    """The same weights every time, in float64, batch statistics that are not the identity, eval mode."""
    random = torch.Generator().manual_seed(7)
    for tensor in (*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())):
        fan_in = tensor[0].numel() if tensor.ndim > 1 else 4
        tensor.data = torch.randn(tensor.shape, generator=random, dtype=torch.float64) * (2 / fan_in) ** 0.5
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var = module.running_var.abs() + 0.5
    return network.double().eval()


def pictures(count: int = 3, height: int = 33, width: int = 41) -> Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


FEW = {
    name: with_options(
        method, {"masks": 6} if name == "rise" else {"steps": 3} if name == "integrated-gradients" else {}
    )
    for name, method in METHODS.items()
} | {"smoothgrad": with_options(METHODS["smoothgrad"], {"samples": 3})}
"""All methods, those that need many passes with few."""
NOT_BLANK = {name: method for name, method in FEW.items() if name != "blank"}
"""Those whose maps are not zero everywhere, so that they can be compared."""
