"""A small network that tells categories from visualizations alone, trained on visualizations of other images."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 40  # pixels that it sees
EPOCHS, TOGETHER, RATE, DECAY, MOST_SHIFT = 20, 32, 3e-3, 1e-2, 3


def network(categories: int) -> nn.Module:
    """Three convolutions of stride 2 and a linear layer: (N, 3, SIDE, SIDE) to (N, categories) scores."""
    layers: list[nn.Module] = []
    for channels, following, size in ((3, 16, 5), (16, 32, 3), (32, 64, 3)):
        layers += [nn.Conv2d(channels, following, size, stride=2, padding=size // 2, bias=False)]
        layers += [nn.BatchNorm2d(following), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(256, categories))


def as_input(pictures: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 as (N, 3, SIDE, SIDE): smaller, about the picture's median, of unit spread; a blank one is 0.

    The shade of the ground differs from picture to picture (one minimum and maximum each) and says nothing.
    """
    levels = pictures.permute(0, 3, 1, 2).float() / 255
    levels = levels - levels.flatten(2).median(2).values[:, :, None, None]
    small = F.interpolate(levels, size=(SIDE, SIDE), mode="area")
    spread = small.flatten(1).std(1)[:, None, None, None]
    return small / torch.where(spread > 0, spread, 1)


def train(inputs: Tensor, labels: Tensor, categories: int, seed: int) -> nn.Module:
    """A network fitted to `inputs` (N, 3, SIDE, SIDE) of category `labels` (N,), in eval mode.

    `seed` decides the first weights, the order, and the shifts and mirrorings by which pictures are made more.
    Categories weigh alike, however many pictures they have.
    """
    counts = torch.bincount(labels, minlength=categories)
    weights = len(labels) / (categories * counts.clamp(min=1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = network(categories)
        steps = EPOCHS * -(-len(inputs) // TOGETHER)
        optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(inputs)).split(TOGETHER):
                # A last batch of one has no spread to normalise by; it is joined with the first picture.
                rows = rows if len(rows) > 1 else torch.cat([rows, torch.zeros(1, dtype=torch.long)])
                loss = F.cross_entropy(model(_varied(inputs[rows])), labels[rows], weights, label_smoothing=0.1)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return model.eval()


def probabilities(model: nn.Module, pictures: Tensor) -> Tensor:
    """(N, categories) of pictures (N, H, W, 3) uint8."""
    with torch.inference_mode():
        return model(as_input(pictures)).softmax(1)


def _varied(inputs: Tensor) -> Tensor:
    shift = torch.randint(-MOST_SHIFT, MOST_SHIFT + 1, (2,)).tolist()
    moved = torch.roll(inputs, shift, (2, 3))
    return moved.flip(3) if torch.rand(()) < 0.5 else moved
