"""Kinds of task: the facts that every package must know of them.

A kind is a row of KINDS here, and under the same name one module in stimuli/tasks/ (which images, what a machine
answers), one in study/tasks/ (what people see and are asked) and one folder in analysis/tasks/ (estimates, figures,
sentences, simulated people). Its words are in languages/. No other place knows a kind by its name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from contracts.foil_text import BETWEEN
from contracts.foils import ANNOTATED, FOILS
from contracts.label_choice import LABELS, LabelChoice
from contracts.sheets import MOST
from contracts.tiles import TILES, Tiled

RESPONSE, CONFIDENCE, REASON = "response", "confidence", "reason"
LONGEST_REASON = 500  # characters
SCORES = (-2, -1, 0, 1, 2)  # of a comparison: towards the network that the task names second … that it names first


@dataclass(frozen=True)
class Question:
    """One question of an item. Its questions are asked in order, and each answer is stored by itself.

    `values` are what may be answered, in the order shown; empty: they follow from the item. `asked_if` is the key of a
    task that must be given for the question to be asked; None: it is always asked. `longest`: people write a text of
    at most this number of characters; 0: they choose. `comes_first`: it is asked before RESPONSE. `advice`: it is asked
    in tasks with this `advice` alone.
    """

    name: str
    values: tuple[str, ...] = ()
    asked_if: str | None = None
    longest: int = 0
    comes_first: bool = False
    advice: str = ""

    @property
    def is_of_item(self) -> bool:
        """Whether its answers follow from the item."""
        return not self.values and not self.longest


@dataclass(frozen=True)
class Kind:
    """A kind of task. An item is what is rated k times; a trial shows one item to one participant.

    `value` is the column of the export's trials that is analysed; it is between `least` and `most`, and `null` is
    what guessing or indifference gives. The first of `questions` is called RESPONSE.
    """

    name: str
    pictures: int  # side by side in a trial: 1 or 2
    categories: int  # of an image that are explained, each in items of its own
    networks: int | None  # that an item compares, of those of its task; None: any number, each in items of its own
    needs_predictions: bool  # images are chosen by what the networks predict
    hides_photograph: bool  # people who see the photograph need not look at the explanation
    has_truth: bool  # an answer is right or wrong
    swaps: Literal["options", "pictures"] | None  # what changes places from trial to trial, at random
    value: str
    least: float
    most: float
    null: float
    questions: tuple[Question, ...]
    shows_photograph: bool = False  # beside the picture, as a stimulus of its own
    names_category: bool = False  # people may be told which category is explained
    tells_confidence: bool = False  # people may be told the network's probability of the category
    points: tuple[int, int] | None = None  # fewest and most of a scale whose number of points a definition sets
    is_balanced: bool = False  # every right answer is that of equally many images of a task, and of a person
    learns: bool = False  # people see examples with the network's answer first, all of one method
    classes: int = 0  # answers between which people choose, the same for all items; 0: they follow from the item
    own_predictions: bool = False  # each network explains what it predicts, so an image may have a category for each
    has_advice: bool = False  # what the network predicts is told when a task's `advice` says, not with the photograph
    offers_sentences: bool = False  # two sentences of names are offered, which a table has for each image
    asks_reliance_on_cue: bool = False  # the truth is what each network relies on, as a task's `cues` measured it
    tiles: int = 0  # classes that a picture explains side by side; people choose one, each in an order of their own
    most_explanations: int = 1  # of one network that a trial may show together, each beside its own photograph
    labels: int = 0  # between which people choose the one that the network gave, each in an order of their own

    @property
    def shown(self) -> int:
        """Pictures that a trial shows, the photograph counted."""
        return self.pictures + self.shows_photograph

    @property
    def compares_networks(self) -> bool:
        """Whether a trial shows pictures of several networks, and an answer speaks for one of them."""
        return self.networks is not None and self.networks > 1

    @property
    def has_own_orders(self) -> bool:
        """Whether the options are in any order, another one for each person and item."""
        return bool(self.tiles or self.labels)

    @property
    def length(self) -> float:
        """Of the scale, from the least value to the greatest."""
        return self.most - self.least

    @property
    def length_in_words(self) -> float:
        """Of the scale in the unit in which people speak of a difference: percentage points of shares, else points."""
        return 100 * self.length if self.has_truth else self.length

    @property
    def bounds(self) -> tuple[float, float]:
        """Minimum and maximum of the value."""
        return self.least, self.most

    @property
    def difference_bounds(self) -> tuple[float, float]:
        """Minimum and maximum of a difference of two means."""
        return -self.length, self.length

    def values_of(self, points: int) -> tuple[str, ...]:
        """What the first question offers on a scale of this number of points; 0: as the kind has it."""
        return tuple(map(str, range(1, points + 1))) if points else self.questions[0].values

    def both_options(self, category: str, foil: str) -> tuple[str, ...]:
        """What people choose between where the options follow from the item; the wrong one first of a kind with advice
        or sentences.

        There the explained category does not tell the right one, so the foil has both: “wrong|right”.
        """
        has_both = self.has_advice or self.offers_sentences
        return tuple(foil.split(BETWEEN)) if has_both else (category, foil)

    def options_of(self, category: str, foil: str) -> tuple[str, ...]:
        """What people choose between where the options follow from the item; none where the foil is of another kind."""
        if not self.labels:
            return self.both_options(category, foil)
        choice = LabelChoice.found(foil, category)
        return choice.options(category) if choice else ()

    def told(self, category: str, foil: str) -> str:
        """The category that people may be told: the explained one, or the correct one where people look for another."""
        if self.labels:
            return LabelChoice.read(foil).shown
        return Tiled.read(foil).correct if self.tiles else category

    def explained(self, foil: str) -> int:
        """The number of categories of an image that are explained where the wrong option comes from `foil`."""
        return 1 if FOILS[foil].single_label else self.categories

    def items_per_image(self, methods: int, networks: int, foil: str = ANNOTATED) -> int:
        """The number of items of an image with this number of methods and networks."""
        return self.explained(foil) * methods * (networks if self.networks is None else comb(networks, self.networks))


def first_is_left(left: str, right: str, networks: Sequence[str]) -> bool:
    """Whether the left one of two networks comes before the right one in `networks`, those of a task."""
    return networks.index(left) < networks.index(right)


_CONFIDENCE = Question(CONFIDENCE, ("1", "2", "3", "4"), asked_if="confidence")  # a guess … certain
MOTIVE = "motive"
MOTIVES = ("prediction-wrong", "prediction-right", "explanation-unexpected", "explanation-expected", "other")
OBJECT, COMPANION, BACKGROUND, UNSURE = RELIED_ON = ("object", "companion", "background", "unsure")
AFTER_OWN, ON_REQUEST, DELAYED, AT_ONCE = ADVICE = ("after-own-answer", "on-request", "delayed", "at-once")
OWN, REQUEST, WAIT = "own", "request", "wait"  # what comes before advice
YES, NO, WAITED = "yes", "no", "waited"
SURE, CLASS, CLASS_SURE = "sure", "class", "class-sure"  # behind the choice of a tile
_FIVE_STEPS = ("1", "2", "3", "4", "5")  # not confident at all … completely
REASON_QUESTION = Question(REASON, asked_if="reasons", longest=LONGEST_REASON)
"""The last question of an item, of any kind: why did you answer so?"""

_WITH_TRUTH = Kind(
    name="",
    pictures=1,
    categories=1,
    networks=None,
    needs_predictions=False,
    hides_photograph=False,
    has_truth=True,
    swaps=None,
    value="correct",
    least=0,
    most=1,
    null=0.5,
    questions=(),
)
"""One picture, and an answer that is right or wrong."""

_OF_A_PREDICTION = replace(_WITH_TRUTH, networks=1, needs_predictions=True, shows_photograph=True, is_balanced=True)
"""Beside its photograph, as many of a network's right predictions as of its wrong ones."""

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        replace(
            _WITH_TRUTH,
            name="class-discrimination",
            categories=2,
            hides_photograph=True,
            swaps="options",
            questions=(Question(RESPONSE), _CONFIDENCE),
        ),
        Kind(
            name="trust",
            pictures=2,
            categories=1,
            networks=2,
            needs_predictions=True,
            hides_photograph=False,
            has_truth=False,
            swaps="pictures",
            value="score",
            least=-2,
            most=2,
            null=0,
            questions=(Question(RESPONSE, ("2", "1", "0", "-1", "-2")),),  # positive: the left one
            names_category=True,
        ),
        replace(
            _OF_A_PREDICTION,
            name="agreement",
            questions=(Question(RESPONSE, ("4", "3", "2", "1")),),  # fairly sure that the prediction is right … wrong
            names_category=True,
        ),
        replace(
            _OF_A_PREDICTION,
            name="ai-check",
            questions=(Question(RESPONSE, ("yes", "no")),),  # is the label right?
            names_category=True,
            tells_confidence=True,
        ),
        replace(
            _OF_A_PREDICTION,
            name="simulatability",
            questions=(Question(RESPONSE),),  # one of the two classes
            learns=True,
            classes=2,
        ),
        Kind(
            name="rating",
            pictures=1,
            categories=1,
            networks=None,
            needs_predictions=True,
            hides_photograph=False,
            has_truth=False,
            swaps=None,
            value="score",
            least=1,
            most=5,
            null=3,
            questions=(
                Question(RESPONSE, ("1", "2", "3", "4", "5")),  # definitely not … definitely
                Question(MOTIVE, MOTIVES, asked_if="motives"),
            ),
            shows_photograph=True,
            names_category=True,
            points=(2, 11),
            own_predictions=True,
            most_explanations=MOST,
        ),
        replace(
            _OF_A_PREDICTION,
            name="reliance",
            questions=(
                Question(RESPONSE),  # the final answer: one of the item's two options
                Question(OWN, comes_first=True, advice=AFTER_OWN),  # one of the same two
                replace(_CONFIDENCE, comes_first=True, advice=AFTER_OWN),
                Question(REQUEST, (YES, NO), comes_first=True, advice=ON_REQUEST),
                Question(WAIT, (WAITED,), comes_first=True, advice=DELAYED),
            ),
            names_category=True,
            has_advice=True,
        ),
        replace(
            _OF_A_PREDICTION,
            name="distinction",
            null=1 / TILES,
            questions=(
                Question(RESPONSE, tuple(map(str, range(1, TILES + 1)))),  # the tile of the predicted class
                Question(SURE, _FIVE_STEPS, asked_if="confidence"),
                Question(CLASS),  # the tile of the correct class
                Question(CLASS_SURE, _FIVE_STEPS, asked_if="confidence"),
            ),
            names_category=True,
            tiles=TILES,
        ),
        replace(
            _WITH_TRUTH,
            name="cue-detection",
            questions=(Question(RESPONSE, RELIED_ON),),
            asks_reliance_on_cue=True,
        ),
        replace(
            _WITH_TRUTH,
            name="sentence-fit",
            networks=1,
            needs_predictions=True,
            swaps="options",
            questions=(Question(RESPONSE),),  # one of two sentences
            shows_photograph=True,
            names_category=True,
            offers_sentences=True,
        ),
        replace(
            _WITH_TRUTH,
            name="guess-label",
            networks=1,
            needs_predictions=True,
            null=1 / LABELS,
            questions=(Question(RESPONSE),),  # one of five labels
            shows_photograph=True,
            names_category=True,
            labels=LABELS,
        ),
    )
}


def _known(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"no kind of task is called so; there are {', '.join(KINDS)}")
    return name


KindName = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra=lambda schema: schema.update(enum=list(KINDS)))
]
"""In a definition: the name of a kind."""
