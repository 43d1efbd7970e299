"""In which half of one picture, upper or lower, is what the network used? Then: how easy was it?"""

from contracts.tasks import RESPONSE, Kind, Question

HALVES = ("upper", "lower")
EASE = "ease"

KIND = Kind(
    name="which-half",
    pictures=1,
    categories=1,
    networks=None,
    needs_predictions=False,
    hides_photograph=True,
    has_truth=True,
    swaps=None,
    value="correct",
    least=0,
    most=1,
    null=0.5,
    questions=(Question(RESPONSE, HALVES), Question(EASE, ("1", "2", "3", "4", "5"))),  # hard … easy
)
