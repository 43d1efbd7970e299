"""Two small networks for the demo, in the manner of VGG and of AlexNet, trained from nothing in minutes on a CPU.

Simonyan & Zisserman, "Very Deep Convolutional Networks" (2015), with the batch normalisation of torchvision's
`vgg*_bn`; Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep CNNs" (2012). As in the originals the
features end with a ReLU and a max-pool, and fully connected layers score. Between the two every map is reduced to its
maximum, so that an object counts wherever it is: from few pictures that is learnt far faster than a grid of places.

Features are learnt with one narrow hidden layer. The networks that are explained put two wide ones with ReLU on the
same features, as VGG and AlexNet have: through these guided backpropagation hardly depends on the category any more.
"""

from collections.abc import Sequence

from torch import Tensor, nn

NARROW, WIDE = (256,), (768, 768)  # hidden layers


class DemoNetwork(nn.Module):
    """`features`, the maximum over places, `classifier`. Input (N, 3, H, W), output logits (N, categories)."""

    def __init__(self, features: nn.Sequential, channels: int, hidden: Sequence[int], categories: int) -> None:
        super().__init__()
        self.features = features
        self.pool = nn.AdaptiveMaxPool2d(1)
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(channels, width), nn.ReLU()]
            channels = width
        self.classifier = nn.Sequential(*layers, nn.Linear(channels, categories))
        for module in features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if len(hidden) > 1:
            for module in self.classifier:
                if isinstance(module, nn.Linear):
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        maps = self.features(images)  # (N, channels, h, w)
        return self.classifier(self.pool(maps).flatten(1))


def demo_vgg(categories: int, hidden: Sequence[int] = NARROW) -> DemoNetwork:
    """Six 3 × 3 convolutions in four blocks, 0.3 million parameters. Target layer: `features.20`, the last ReLU."""
    layers: list[nn.Module] = []
    channels = 3
    for width, convolutions in ((16, 1), (32, 1), (64, 2), (128, 2)):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return DemoNetwork(nn.Sequential(*layers), channels, hidden, categories)


def demo_alexnet(categories: int, hidden: Sequence[int] = NARROW) -> DemoNetwork:
    """Five convolutions, the first large and sparse, 0.3 million parameters. Target layer: `features.11`, the last."""
    features = nn.Sequential(
        nn.Conv2d(3, 32, 7, stride=2, padding=3),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 96, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(96, 96, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(96, 96, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
    )
    return DemoNetwork(features, 96, hidden, categories)
