"""What the page about answers to questions says and shows."""

from collections.abc import Sequence

from contracts.methods import method_name
from stimuli.answers.page import Example, Page, Shown, over_photograph
from stimuli.answers.questions import OCCLUSION, WINDOW, Answered, figures

SHOWN = 12  # examples of right and of wrong answers


NOTES = (
    "The paper does not tell how many pictures it took. Here: drawn pictures, questions in the words of easy-VQA.",
    f"The paper does not tell patch, stride, fill and resolution of its occlusion maps. Here: {WINDOW.size} px,"
    f" {WINDOW.stride} px, {WINDOW.fill:g} of −0.5 to 0.5 (about the colour of the ground), and 64 × 64 pixels.",
    "Ranks are over all pixels; equal values share their mean rank. Constant maps have no rank correlation and point"
    " nowhere; they are counted as undefined.",
    "“Points at” means that the maximum of the map is in the box of the shape that the question asks for, without a"
    " tolerance. Questions whose answer is “no” ask for no shape and are left out there.",
    "Maps with three channels (guided methods) count by the sum of their sizes.",
)


def question_page(found: Sequence[Answered], network: str, shapes: int) -> Page:
    """Of the answers of `network` (its name) about pictures with this number of shapes."""
    right = sum(one.is_right for one in found)
    return Page(
        title="Answers to questions, explained",
        intro=[
            f"Network: {network}. It answered {right} of {len(found)} questions correctly ({right / len(found):.1%})."
            f" Each picture was drawn with {_shapes(shapes)} and has one question.",
            "Each explanation is of the logit of the network's own answer, right or wrong. The paper's figures are of"
            " photographs and another network (section 8.2): they show what is usual and are not repeated here.",
        ],
        figures=figures(found),
        notes=NOTES,
        examples=f"The first {SHOWN} right and the first {SHOWN} wrong answers. The warmer, the larger the value.",
        tiles=[_tile(one) for one in _chosen(found)],
    )


def _shapes(count: int) -> str:
    return "one shape" if count == 1 else f"{count} shapes of different kinds and colours"


def _chosen(found: Sequence[Answered]) -> list[Answered]:
    return [one for right in (True, False) for one in [o for o in found if o.is_right is right][:SHOWN]]


def _tile(one: Answered) -> Example:
    verdict = "right" if one.is_right else f"wrong, the picture says “{one.asked.answer}”"
    shown = [
        Shown(method_name(name), over_photograph(heat, one.asked.picture))
        for name, heat in one.heat.items()
        if name in ("grad-cam", OCCLUSION)
    ]
    return Example(
        one.asked.question,
        (Shown("Picture", one.asked.picture), *shown),
        (f"The network answered “{one.answer}”: {verdict}.",),
    )
