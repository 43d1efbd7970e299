"""Korean texts of the tasks. `paper` and `robots` translate the Grad-CAM paper's words."""

from study.tasks.wording_parts import FurtherQuestion, Question, Wording

ATTENTION = "주의 집중 확인 문항입니다. 다음 답을 고르십시오: “{option}”"
RIGHT = "맞았습니다. 이 그림이 나타내는 것은 “{category}”입니다."
WRONG = "아쉽지만 이 그림이 나타내는 것은 “{category}”입니다. 알아보기 어려운 그림이 많습니다."
NO_RIGHT_ANSWER = "감사합니다. 이 문항에는 정답이 없으며, 느낌대로 답하시면 됩니다."
FURTHER = {
    "confidence": FurtherQuestion(
        "얼마나 확실합니까?", ("1 – 짐작이다", "2 – 별로 확실하지 않다", "3 – 꽤 확실하다", "4 – 아주 확실하다")
    )
}

CATEGORIES = {
    "aeroplane": "비행기",
    "bicycle": "자전거",
    "bird": "새",
    "boat": "배",
    "bottle": "병",
    "bus": "버스",
    "car": "자동차",
    "cat": "고양이",
    "chair": "의자",
    "cow": "소",
    "diningtable": "식탁",
    "dog": "개",
    "horse": "말",
    "motorbike": "오토바이",
    "person": "사람",
    "pottedplant": "화분",
    "sheep": "양",
    "sofa": "소파",
    "train": "기차",
    "tvmonitor": "TV 모니터",
}


def _discrimination(question: str, actor: str) -> Wording:
    return Wording(
        question=question,
        prompt=None,
        image_labels=(None,),
        image_alts=("판단할 그림",),
        option_labels=(),
        instructions=(
            "<h2>보게 될 그림</h2>"
            f"<p>{actor}이 이미지에서 한 종류의 대상을 찾아보았습니다. 각 그림은 그때 이미지의 어느 부분이 중요했는지를"
            " 보여 줍니다. 원래 이미지는 나오지 않고 이 그림만 나옵니다.</p>"
            "<p>색과 명암이 낯설어 보일 수 있습니다. 사진이 아니라 시각화한 그림이므로 이상한 것이 아닙니다.</p>",
            "<h2>할 일</h2>"
            "<p>그림마다 대상의 종류가 두 가지씩 제시됩니다. 그림이 나타낸다고 생각하는 쪽을 고르십시오.</p>"
            "<p>알아보기 어려운 그림이 많습니다. 확실하지 않으면 더 그럴듯한 쪽을 고르십시오. 한번 답하면 바꿀 수"
            " 없습니다.</p>",
        ),
        comprehension=(
            Question(
                "그림은 무엇을 보여 줍니까?",
                (
                    "대상을 찍은 사진",
                    "한 종류의 대상을 찾을 때 이미지의 어느 부분이 중요했는지",
                    "다른 참가자가 그린 것",
                ),
                right=1,
            ),
            Question(
                "확실하지 않을 때는 어떻게 합니까?",
                ("더 그럴듯한 쪽을 고른다", "그 문항을 건너뛴다", "다음 그림을 기다린다"),
                right=0,
            ),
        ),
    )


def _trust(actor: str, question: str, label: str, alt: str, quality: str) -> Wording:
    a, b = f"{actor} A", f"{actor} B"
    return Wording(
        question=question,
        prompt=f"두 {actor} 모두의 예측: {{category}}",
        image_labels=(label.format(a), label.format(b)),
        image_alts=(alt.format(a), alt.format(b)),
        option_labels=(
            f"{a}가 {b}보다 확실히 더 {quality} 보인다",
            f"{a}가 {b}보다 약간 더 {quality} 보인다",
            f"두 {actor}이 똑같이 {quality} 보인다",
            f"{b}가 {a}보다 약간 더 {quality} 보인다",
            f"{b}가 {a}보다 확실히 더 {quality} 보인다",
        ),
        instructions=(
            "<h2>보게 될 그림</h2>"
            f"<p>두 {actor} A와 B가 같은 이미지를 보고, 무엇이 있는지 둘 다 맞혔습니다. 두 그림은 각 {actor}이 이미지의"
            " 어느 부분을 근거로 판단했는지를 보여 줍니다.</p>"
            "<p>다음 이미지에서는 A와 B가 서로 바뀌어 있을 수 있습니다.</p>",
            "<h2>할 일</h2>"
            f"<p>두 그림을 보고 어느 {actor}이 더 {quality} 보이는지, 그 차이가 얼마나 뚜렷한지 고르십시오.</p>"
            "<p>시간 제한은 없으며, 뚜렷한 답이 없을 때가 많습니다. 느낌대로 답하십시오. 한번 답하면 바꿀 수"
            " 없습니다.</p>",
        ),
        comprehension=(
            Question(
                "무엇을 비교합니까?",
                (
                    "어느 그림이 더 아름다운지",
                    "어느 그림에 대상이 더 많은지",
                    f"그림으로 보아 어느 {actor}이 더 {quality} 보이는지",
                ),
                right=2,
            ),
            Question(
                f"{a}는 언제나 같은 {actor}입니까?",
                (
                    "예, 언제나 같습니다",
                    "아니요, 다음 이미지에서는 A와 B가 바뀌어 있을 수 있습니다",
                    "앞쪽 절반에서만 같습니다",
                ),
                right=1,
            ),
        ),
    )


WORDINGS: dict[tuple[str, str], Wording] = {
    ("class-discrimination", "paper"): _discrimination(
        "이 그림이 나타내는 것은 두 가지 대상 가운데 어느 것입니까?", "이미지 인식 프로그램"
    ),
    ("class-discrimination", "robots"): _discrimination("무엇이 보입니까?", "로봇"),
    ("trust", "paper"): _trust(
        actor="신경망",
        question="어느 신경망이 더 믿을 만해 보입니까?",
        label="{}",
        alt="{}의 시각적 설명",
        quality="믿을 만해",
    ),
    ("trust", "robots"): _trust(
        actor="로봇",
        question="어느 로봇이 더 합리적입니까?",
        label="{}의 판단 근거",
        alt="{}의 판단 근거를 나타낸 그림",
        quality="합리적으로",
    ),
}
