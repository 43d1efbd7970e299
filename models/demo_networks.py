"""Two small networks for the demo, in the manner of VGG and of AlexNet, trained from nothing in minutes on a CPU.

Simonyan & Zisserman, "Very Deep Convolutional Networks" (2015), with the batch normalisation of torchvision's
`vgg*_bn`; Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep CNNs" (2012). As in the originals the
features end with a ReLU and a max-pool, and fully connected layers score. Between the two every map is reduced to its
maximum, so that an object counts wherever it is: from few pictures that is learnt far faster than a grid of places.
"""

from torch import Tensor, nn


class DemoNetwork(nn.Module):
    """`features`, the maximum over places, `classifier`. Input (N, 3, H, W), output logits (N, categories)."""

    def __init__(self, features: nn.Sequential, channels: int, hidden: int, categories: int) -> None:
        super().__init__()
        self.features = features
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.classifier = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, categories))
        for module in features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        maps = self.features(images)  # (N, channels, h, w)
        return self.classifier(self.pool(maps).flatten(1))


def demo_vgg(categories: int) -> DemoNetwork:
    """Six 3 × 3 convolutions in four blocks, 0.3 million parameters. Target layer: `features.20`, the last ReLU."""
    layers: list[nn.Module] = []
    channels = 3
    for width, convolutions in ((16, 1), (32, 1), (64, 2), (128, 2)):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return DemoNetwork(nn.Sequential(*layers), channels, 256, categories)


def demo_alexnet(categories: int) -> DemoNetwork:
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
    return DemoNetwork(features, 96, 256, categories)
