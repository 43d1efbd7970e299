"""Korean keeps to one word for one thing in the report, and to one level of politeness in the text for a paper."""

import re

from analysis.display.wording import in_language
from analysis.report.for_papers import methods, not_people
from languages.read import CATALOGUES, sentences
from tests.analysis.report.test_for_papers import with_everything

# 과의존, 과소의존, 반응 기준, 발표된 연구, 참여자, 신경망.
OTHER_WORDS = re.compile(r"과잉 의존|과소 의존|(?<!반응 )기준(?: −\(|이 음수)|음의 기준|출판된|참가자|네트워크")


def test_each_thing_has_one_word():
    found = {english: said for name in CATALOGUES for english, said in sentences("ko", name).items()}
    assert {english: said for english, said in found.items() if any(OTHER_WORDS.search(text) for text in said)} == {}


def test_the_text_for_a_paper_has_no_polite_endings():
    text, mark = methods(with_everything(), in_language("ko")), not_people("simulated", in_language("ko"))
    assert mark in text
    assert re.findall(r"[^.]*니다\.", text.replace(mark, "")) == []
