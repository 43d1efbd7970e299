"""A small network that writes captions: frozen convolutions, and a next word from the picture and the last words.

Each next word comes from one hidden layer of ReLU over what is seen anywhere in the picture, the last three words and
the place in the caption: a neural language model over a window of words (Bengio et al. 2003), with the picture added as
in the multimodal ones of Kiros et al. (2014). Without gates, so that guided backpropagation is defined for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.answers.networks import ReluAnswerNetwork
from models.answers.shapes import ANSWERS, WORDS
from models.architectures import build
from models.errors import NetworkError
from models.transform import Transform

SHIPPED = Path(__file__).with_name("captions-shapes.safetensors")
START, END, UNKNOWN = "<start>", "<end>", "<unknown>"
LAST_WORDS = 3


@dataclass(frozen=True)
class Backbone:
    """Frozen convolutions. `layer` is what Grad-CAM weighs, `longest` the most words of a caption."""

    channels: int
    layer: str
    transform: Transform
    longest: int


BACKBONES = {
    "shapes": Backbone(32, "features.1.1", Transform(64, (0.5,) * 3, (1.0,) * 3), 12),
    "mobilenet_v2": Backbone(1280, "features.18", Transform(224), 18),
}


def convolutions(backbone: str) -> nn.Module:
    """The backbone's convolutions, randomly initialised: (N, 3, H, W) → (N, channels, h, w). Raises NetworkError."""
    if backbone == "shapes":
        network = ReluAnswerNetwork(len(WORDS), len(ANSWERS))
        return nn.Sequential(nn.Sequential(network.features, network.pool), network.wide)
    found: nn.Module = build("mobilenet_v2", 1000, 224).get_submodule("features")
    return found


class CaptionNetwork(nn.Module):
    """Pictures (N, 3, H, W) and words (N, T) → logits (N, T, words): at t those of word t, from the words before it."""

    def __init__(self, features: nn.Module, channels: int, words: int, longest: int, width: int = 96) -> None:
        super().__init__()
        self.features = features
        self.seen = nn.Sequential(nn.Conv2d(channels, width, 1), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten())
        self.look = nn.Linear(width, width)
        self.embedding = nn.Embedding(words, width // 2)
        self.before = nn.Conv1d(width // 2, width, LAST_WORDS)
        self.place = nn.Parameter(torch.zeros(longest, width))
        self.next = nn.Sequential(nn.ReLU(), nn.Linear(width, words))

    def forward(self, pictures: Tensor, words: Tensor) -> Tensor:
        return self.words_from(self.features(pictures), words)

    def words_from(self, maps: Tensor, words: Tensor) -> Tensor:
        """The same from the convolutions' maps (N, channels, h, w)."""
        length = words.shape[1]
        earlier = F.pad(words, (LAST_WORDS, 0))[:, : length + LAST_WORDS - 1]  # the first word of all is START
        context = self.before(self.embedding(earlier).transpose(1, 2)).transpose(1, 2)
        return self.next(context + self.look(self.seen(maps))[:, None] + self.place[:length])


@dataclass(frozen=True)
class Captioner:
    """A network in eval mode with its vocabulary, which begins with START, END and UNKNOWN."""

    network: CaptionNetwork
    vocabulary: tuple[str, ...]
    backbone: str

    @property
    def facts(self) -> Backbone:
        """Of its backbone."""
        return BACKBONES[self.backbone]

    def encoded(self, captions: Sequence[Sequence[str]]) -> Tensor:
        """(N, T) of captions as words, each ended by END and padded by it; unknown words as UNKNOWN."""
        place = {word: number for number, word in enumerate(self.vocabulary)}
        length = min(max(map(len, captions)) + 1, self.facts.longest)
        padded = [[*caption, *[END] * length][:length] for caption in captions]
        return torch.tensor([[place.get(word, place[UNKNOWN]) for word in words] for words in padded])

    def captions(self, pictures: Tensor) -> list[tuple[str, ...]]:
        """The likeliest next word again and again, for each picture; START and UNKNOWN are never written."""
        with torch.inference_mode():
            maps = self.network.features(pictures)
            words = torch.zeros((len(maps), 1), dtype=torch.long)
            for length in range(self.facts.longest):
                logits = self.network.words_from(maps, words[:, : length + 1])[:, -1]
                logits[:, [self.vocabulary.index(START), self.vocabulary.index(UNKNOWN)]] = -torch.inf
                words[:, -1] = logits.argmax(1)
                words = F.pad(words, (0, 1))
        return [self._until_end(row) for row in words.tolist()]

    def _until_end(self, row: Sequence[int]) -> tuple[str, ...]:
        written = [self.vocabulary[number] for number in row[:-1]]
        return tuple(written[: written.index(END)] if END in written else written)


def new_captioner(backbone: str, words: Sequence[str]) -> Captioner:
    """An untrained one for these words besides START, END and UNKNOWN. Its convolutions are random, too."""
    facts, vocabulary = BACKBONES[backbone], (START, END, UNKNOWN, *words)
    features = convolutions(backbone).eval()
    return Captioner(CaptionNetwork(features, facts.channels, len(vocabulary), facts.longest), vocabulary, backbone)


def write_captioner(path: Path, found: Captioner) -> None:
    """Write a file that `read_captioner` reads."""
    told = {"vocabulary": " ".join(found.vocabulary), "backbone": found.backbone}
    save_file({name: tensor.contiguous() for name, tensor in found.network.state_dict().items()}, path, told)


def read_captioner(path: Path = SHIPPED) -> Captioner:
    """Read a file of `write_captioner`. Raises NetworkError for a missing, damaged or foreign one."""
    try:
        with safe_open(path, framework="pt") as opened:
            told = opened.metadata() or {}
            state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a dict
        found = new_captioner(told["backbone"], told["vocabulary"].split(" ")[3:])
        found.network.load_state_dict(state)
    except FileNotFoundError:
        raise NetworkError(f"{path} is missing; write it with `./manage.py captions train`") from None
    except (SafetensorError, OSError, KeyError, RuntimeError) as error:
        raise NetworkError(
            f"{path} is no network that writes captions ({type(error).__name__}: {error});"
            " name a file that `./manage.py captions train` wrote"
        ) from error
    return replace(found, network=found.network.eval())
