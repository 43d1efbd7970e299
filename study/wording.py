"""What participants read in the tasks, as data: by kind of task, wording variant and language.

`paper` words the question as the Grad-CAM paper's text does, `robots` as its figure does.
"""

from dataclasses import dataclass

TRUST_VALUES = ("2", "1", "0", "-1", "-2")  # positive: the left one


@dataclass(frozen=True)
class Wording:
    """`{category}` in `prompt` is what both networks predicted. `instructions` are pages of our own HTML."""

    question: str
    prompt: str | None
    image_labels: tuple[str | None, ...]
    image_alts: tuple[str, ...]
    option_labels: tuple[str, ...]  # of TRUST_VALUES; empty where the options are the categories
    instructions: tuple[str, ...]


def _discrimination(question: str, actor: str) -> Wording:
    return Wording(
        question=question,
        prompt=None,
        image_labels=(None,),
        image_alts=("The picture to judge",),
        option_labels=(),
        instructions=(
            "<h2>What you will see</h2>"
            f"<p>{actor} looked for one kind of object in an image. Each picture here shows which parts of the image"
            " mattered for that. You see this picture only, never the image itself.</p>"
            "<p>Colours and shades look unusual. That is normal: the pictures are visualizations, not photographs.</p>",
            "<h2>What you do</h2>"
            "<p>Two kinds of object are named with each picture. Choose the one that you think the picture depicts.</p>"
            "<p>Many pictures are hard. If you are not sure, give your best guess. Each answer is final.</p>",
        ),
    )


def _trust(actor: str, question: str, prompt: str, label: str, alt: str, quality: str) -> Wording:
    a, b, lower = f"{actor} A", f"{actor} B", actor.lower()
    return Wording(
        question=question,
        prompt=prompt,
        image_labels=(label.format(a), label.format(b)),
        image_alts=(alt.format(a), alt.format(b)),
        option_labels=(
            f"{a} seems clearly more {quality} than {lower} B",
            f"{a} seems slightly more {quality} than {lower} B",
            f"Both {lower}s seem equally {quality}",
            f"{b} seems slightly more {quality} than {lower} A",
            f"{b} seems clearly more {quality} than {lower} A",
        ),
        instructions=(
            "<h2>What you will see</h2>"
            f"<p>Two {lower}s, A and B, looked at the same image, and both said correctly what is in it. Two pictures"
            f" show which parts of the image each {lower} based its decision on.</p>"
            f"<p>From one image to the next, A and B may be exchanged.</p>",
            "<h2>What you do</h2>"
            f"<p>Look at both pictures and say which {lower} seems more {quality}, and how clearly.</p>"
            "<p>There is no time limit, and often no obvious answer. Go by your impression. Each answer is final.</p>",
        ),
    )


WORDINGS: dict[tuple[str, str, str], Wording] = {
    ("class-discrimination", "paper", "en"): _discrimination(
        "Which of the two object categories is depicted in the image?", "An image-recognition program"
    ),
    ("class-discrimination", "robots", "en"): _discrimination("What do you see?", "A robot"),
    ("trust", "paper", "en"): _trust(
        actor="Network",
        question="Which network seems more reliable?",
        prompt="Both networks predicted: {category}",
        label="{}",
        alt="Visual explanation of {}",
        quality="reliable",
    ),
    ("trust", "robots", "en"): _trust(
        actor="Robot",
        question="Which robot is more reasonable?",
        prompt="Both robots predicted: {category}",
        label="{} based its decision on",
        alt="What {} based its decision on",
        quality="reasonable",
    ),
}

# PASCAL VOC writes these categories without spaces.
_READABLE = {
    "en": {
        "diningtable": "dining table",
        "pottedplant": "potted plant",
        "tvmonitor": "TV monitor",
    }
}


def category_label(category: str, language: str) -> str:
    """The category as people read it."""
    return _READABLE.get(language, {}).get(category, category.replace("_", " ").replace("-", " "))
