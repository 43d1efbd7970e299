"""Two networks that answer questions about pictures of shapes: easy-VQA's, and a smaller one with ReLU throughout.

Both take pictures (N, 3, 64, 64), x / 255 − .5, and questions (N, words) as bags of words, and return logits
(N, answers). A file of theirs is safetensors whose metadata lists `words` and `answers`, separated by commas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.answers.shapes import ANSWERS, SIZE, WORDS, bag_of_words
from models.errors import NetworkError

SHIPPED = Path(__file__).with_name("shapes-relu.safetensors")


class EasyVqaNetwork(nn.Module):
    """The network of easy-VQA's demo: three convolutions without activation, each with a max-pool; tanh elsewhere."""

    layer = "c3"  # what Grad-CAM weighs: the last convolution

    def __init__(self, words: int, answers: int) -> None:
        super().__init__()
        self.c1, self.c2, self.c3 = (nn.Conv2d(a, b, 3, padding=1) for a, b in ((3, 8), (8, 16), (16, 32)))
        self.d1, self.d2 = nn.Linear(32 * (SIZE // 8) ** 2, 32), nn.Linear(words, 32)
        self.d3, self.d4, self.d5, self.d6 = *(nn.Linear(32, 32) for _ in range(3)), nn.Linear(32, answers)
        self.pool = nn.MaxPool2d(2)

    def forward(self, pictures: Tensor, questions: Tensor) -> Tensor:
        maps = self.pool(self.c3(self.pool(self.c2(self.pool(self.c1(pictures))))))
        seen = self.d1(maps.permute(0, 2, 3, 1).flatten(1)).tanh()  # rows, columns, channels
        asked = self.d4(self.d3(self.d2(questions).tanh()).tanh()).tanh()
        return self.d6(self.d5(seen * asked).tanh())


class ReluAnswerNetwork(nn.Module):
    """The question weighs the channels of the last convolution; the maximum over places answers. ReLU throughout, so
    that guided backpropagation is defined. 18,000 weights."""

    layer = "features.7"  # the last ReLU of the convolutions, 16 × 16

    def __init__(self, words: int, answers: int, width: int = 32) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, width, 3, padding=1), nn.ReLU()),
        )
        self.pool = nn.MaxPool2d(2)
        self.wide = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU())
        self.question = nn.Sequential(nn.Linear(words, width), nn.ReLU(), nn.Linear(width, width))
        self.joined = nn.Sequential(nn.Conv2d(width, width, 1), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten())
        self.answer = nn.Linear(width, answers)

    def forward(self, pictures: Tensor, questions: Tensor) -> Tensor:
        maps = self.wide(self.pool(self.features(pictures)))
        return self.answer(self.joined(maps * self.question(questions)[:, :, None, None]))


AnswerNetwork = EasyVqaNetwork | ReluAnswerNetwork


@dataclass(frozen=True)
class Answerer:
    """A network in eval mode with its words and answers, in the order of its inputs and outputs."""

    network: AnswerNetwork
    words: tuple[str, ...]
    answers: tuple[str, ...]

    def inputs(self, pictures: Sequence[np.ndarray], questions: Sequence[str]) -> dict[str, Tensor]:
        """Pictures (H, W, 3) uint8 and questions as the network takes them."""
        stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255 - 0.5
        return {"pictures": stacked, "questions": torch.from_numpy(bag_of_words(questions, self.words))}


def read_answerer(path: Path = SHIPPED) -> Answerer:
    """Read a network of either kind. Raises NetworkError for a missing, damaged or foreign file."""
    try:
        with safe_open(path, framework="pt") as opened:
            told = opened.metadata() or {}
            state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a dict
        words, answers = (tuple(told[key].split(",")) for key in ("words", "answers"))
        network = (EasyVqaNetwork if "d6.weight" in state else ReluAnswerNetwork)(_width(state), len(answers))
        network.load_state_dict(state)
    except FileNotFoundError:
        raise NetworkError(f"{path} is missing; name a file of `answers train`, or easy-VQA's") from None
    except (SafetensorError, OSError, KeyError, RuntimeError) as error:
        raise NetworkError(
            f"{path} is no network that answers questions about shapes ({type(error).__name__}: {error});"
            " name a file that `./manage.py answers train` wrote, or easy-VQA's"
        ) from error
    words = ("",) * (_width(state) - len(words)) + words  # Keras's tokenizer leaves the first column empty
    if len(words) != _width(state) or unknown_words(words, answers):
        raise NetworkError(
            f"{path}: its words or answers are not those of the drawn questions; name a network for shapes"
        )
    return Answerer(network.eval(), words, answers)


def unknown_words(words: Sequence[str], answers: Sequence[str]) -> set[str]:
    """What the drawn questions ask or answer and a network does not know."""
    return (set(ANSWERS) - set(answers)) | (set(WORDS) - set(words))


def write_answerer(path: Path, found: Answerer) -> None:
    """Write a file that `read_answerer` reads."""
    told = {"words": ",".join(found.words), "answers": ",".join(found.answers)}
    save_file({name: tensor.contiguous() for name, tensor in found.network.state_dict().items()}, path, told)


def _width(state: Mapping[str, Tensor]) -> int:
    first = "d2.weight" if "d2.weight" in state else "question.0.weight"
    return state[first].shape[1]
