"""English texts of the tasks. `paper` and `robots` are the Grad-CAM paper's words."""

from study.tasks.wording_parts import FurtherQuestion, Question, Wording

ATTENTION = "This is an attention check: choose “{option}”."
RIGHT = "That is right: the picture depicts “{category}”."
WRONG = "Not quite: the picture depicts “{category}”. Many pictures are hard to read."
NO_RIGHT_ANSWER = "Thank you. There is no right or wrong here: your impression counts."
FURTHER = {
    "confidence": FurtherQuestion(
        "How sure are you?", ("1 – a guess", "2 – not very sure", "3 – fairly sure", "4 – certain")
    )
}

# PASCAL VOC writes these categories without spaces.
CATEGORIES = {
    "diningtable": "dining table",
    "pottedplant": "potted plant",
    "tvmonitor": "TV monitor",
}


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
        comprehension=(
            Question(
                "What do the pictures show?",
                (
                    "Photographs of objects",
                    "Which parts of an image mattered for finding one kind of object",
                    "What other participants have drawn",
                ),
                right=1,
            ),
            Question(
                "What do you do when you are not sure?",
                ("I give my best guess", "I leave the question out", "I wait for the next picture"),
                right=0,
            ),
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
        comprehension=(
            Question(
                "What do you compare?",
                (
                    "Which picture is more beautiful",
                    "Which picture shows more objects",
                    f"Which {lower} seems more {quality}, going by the pictures",
                ),
                right=2,
            ),
            Question(
                f"Is {lower} A always the same {lower}?",
                ("Yes, always", "No, from one image to the next A and B may be exchanged", "Only in the first half"),
                right=1,
            ),
        ),
    )


WORDINGS: dict[tuple[str, str], Wording] = {
    ("class-discrimination", "paper"): _discrimination(
        "Which of the two object categories is depicted in the image?", "An image-recognition program"
    ),
    ("class-discrimination", "robots"): _discrimination("What do you see?", "A robot"),
    ("trust", "paper"): _trust(
        actor="Network",
        question="Which network seems more reliable?",
        prompt="Both networks predicted: {category}",
        label="{}",
        alt="Visual explanation of {}",
        quality="reliable",
    ),
    ("trust", "robots"): _trust(
        actor="Robot",
        question="Which robot is more reasonable?",
        prompt="Both robots predicted: {category}",
        label="{} based its decision on",
        alt="What {} based its decision on",
        quality="reasonable",
    ),
}
