"""Both wordings of both tasks, complete in every language, and categories as people read them."""

from typing import get_args

import pytest

from contracts.tasks import KINDS
from study.config import Language, TaskConfig
from study.tasks.wording import WORDINGS, category_label
from study.views.participant.pages import to_html

VARIANTS = get_args(TaskConfig.model_fields["wording"].annotation)


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_variant_and_language_has_words(kind, variant, language):
    wording = WORDINGS[kind, variant, language]
    assert len(wording.image_labels) == len(wording.image_alts) == KINDS[kind].pictures
    assert len(wording.option_labels) == len(KINDS[kind].questions[0].values)
    assert (wording.prompt is not None) == KINDS[kind].needs_predictions
    assert all(page.startswith("<h2>") for page in wording.instructions)


def test_the_words_are_the_papers() -> None:
    """IJCV version, section 5.1 and figure 5."""
    question = "Which of the two object categories is depicted in the image?"
    assert WORDINGS["class-discrimination", "paper", "en"].question == question
    assert WORDINGS["class-discrimination", "robots", "en"].question == "What do you see?"
    robots = WORDINGS["trust", "robots", "en"]
    assert robots.question == "Which robot is more reasonable?"
    assert robots.prompt.format(category="person") == "Both robots predicted: person"
    assert robots.option_labels[0] == "Robot A seems clearly more reasonable than robot B"
    assert robots.option_labels[-1] == "Robot B seems clearly more reasonable than robot A"


@pytest.mark.parametrize(
    ("category", "label"),
    [("tvmonitor", "TV monitor"), ("pottedplant", "potted plant"), ("diningtable", "dining table"), ("dog", "dog")],
)
def test_categories_are_readable(category: str, label: str) -> None:
    assert category_label(category, "en") == label


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\n\ntwo", "<p>one</p>\n<p>two</p>\n"),
        ("**bold** and *slanted*", "<p><strong>bold</strong> and <em>slanted</em></p>\n"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
    ],
)
def test_texts_become_paragraphs_and_never_scripts(text: str, html: str) -> None:
    assert to_html(text) == html
