"""Sections `[study]`, `[[tasks]]` and `[participants]` of a study definition.

`consent`, `instructions` and `debriefing` name files in the TOML; manage.py reads them, so that here,
in the frozen definition and in its hash they are the texts themselves (Markdown paragraphs, one text a language).
"""

from dataclasses import replace
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from contracts.cues import fault_of, measured
from contracts.foils import ANNOTATED, TABLE, FoilName, foil_table
from contracts.methods import METHOD_NAMES, PHOTOGRAPH
from contracts.sheets import MOST
from contracts.tasks import AFTER_OWN, DELAYED, KINDS, REASON_QUESTION, RESPONSE, Kind, KindName, Question
from languages.read import SOURCE, languages
from study.information import (
    DemographicQuestion,
    FurtherConsent,
    InformationConfig,
    Language,
    Long,
    SameTexts,
    Short,
    Slug,
    Texts,
)
from study.offered import check_balance, check_labels, check_scale, check_sentences
from study.pay import PayConfig
from study.return_address import check_pattern
from study.words import OwnWords

AGE = "age"  # name of the box for minimum_age


class StudyConfig(BaseModel):
    """What participants read, and the address `/s/<slug>` at which they enter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: Slug = Field(description="the study's name in addresses and files; participants enter at /s/<slug>")
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = Field(
        ("en",), description="that participants can choose; the first where a browser asks for none of them"
    )
    title: Texts = Field(description="what participants see as the study's name")
    consent: Texts = Field(description="files of the information sheet in Markdown, beside the definition")
    consent_version: str = Field("1", description="stored with each consent; raise it when the text changes")
    institution: Short = Field({}, description="of the researchers; beside the logo on the information sheet")
    ethics: Long = Field({}, description="the ethics board, the number and date of its approval, its end")
    pay: PayConfig | None = Field(None, description="money that people get; on the sheet in each language's form")
    information: InformationConfig = Field(InformationConfig(), description="facts of the information sheet")
    minimum_age: Annotated[int, Field(ge=1, le=120)] | None = Field(
        None, description="years; people tick a box of its own that they are so old"
    )
    consents: tuple[FurtherConsent, ...] = Field((), description="further boxes of the consent form")
    keep_consent: bool = Field(
        False,
        description="a withdrawal keeps the proof of consent, where the law asks for it: its date, version and boxes",
    )
    debriefing: Texts = Field(description="files of the last page's text in Markdown, beside the definition")
    contact: SameTexts = Field(description="whom participants write to; shown on every page")
    demographics: tuple[DemographicQuestion, ...] = Field((), description="optional questions about the participant")
    demographics_at: Literal["start", "end"] = Field(
        "start", description="start: on a page after consent; end: after the last question"
    )
    comments: bool = Field(True, description="the last page has a field for what the researchers should know")
    minutes: Annotated[int, Field(ge=1, le=600)] = Field(description="duration for a participant, shown before consent")

    @model_validator(mode="after")
    def _every_language(self) -> "StudyConfig":
        for field in ("title", "consent", "debriefing", "contact"):
            if missing := [code for code in self.languages if code not in getattr(self, field)]:
                raise ValueError(f"{field} has no text for language {', '.join(missing)}")
        shown = {f"information.{name}": texts for name, texts in self.information}
        for name, texts in ({"institution": self.institution, "ethics": self.ethics} | shown).items():
            if texts and isinstance(texts, dict) and (missing := [c for c in self.languages if c not in texts]):
                raise ValueError(f"{name} has no text for language {', '.join(missing)}")
        if self.pay and self.information.pay:
            raise ValueError("pay and information.pay both say what people get; keep one of them")
        for box in self.consents:
            if missing := [code for code in self.languages if code not in box.text]:
                raise ValueError(f"consents {box.name!r} has no text for language {', '.join(missing)}")
        for question in self.demographics:
            for texts in (question.label, *question.options.values()):
                if missing := [code for code in self.languages if code not in texts]:
                    raise ValueError(f"demographics {question.name!r} has no text for language {', '.join(missing)}")
        if len({question.name for question in self.demographics}) < len(self.demographics):
            raise ValueError("two questions of demographics have one name")
        if len({box.name for box in self.consents} - {AGE}) < len(self.consents):
            raise ValueError(f"two of consents have one name, or one has the name {AGE}")
        return self


class TaskConfig(BaseModel):
    """One task. Its kind says what an item is: (image, category, method, network) for class discrimination, for trust
    (image, category, method, pair of networks) with one visualization from each of the two."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug = Field(description="of the task, in the export and the report")
    kind: KindName = Field(description="what people see and answer")
    wording: str = Field("paper", description="which words of the kind: a section in languages/en/tasks.toml")
    methods: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description=f"explanation methods that are compared: {', '.join(METHOD_NAMES)}; {PHOTOGRAPH}: no explanation,"
        " where the photograph is shown"
    )
    networks: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="trust: two or more, the one expected to be most reliable first: every pair of them is compared,"
        " and scores are positive towards the one that is named first"
    )
    foil: FoilName = Field(
        ANNOTATED,
        description="class discrimination: the wrong option. annotated: the photograph's other category; for"
        " photographs with one category runner-up: the network's strongest wrong category of the study; confusable: the"
        " most frequent runner-up of the category's photographs; table: as `foils` tells",
    )
    matched: bool = Field(
        False,
        description="agreement, AI check, distinction, reliance: right and wrong predictions are shown of like"
        " confidence of the network; false: of each predicted category as equally many as there are. simulatability:"
        " half of the predictions of each class are right, so that the truth does not tell them; false: any",
    )
    error_groups: str = Field(
        "",
        description="agreement, AI check, distinction, reliance: a CSV file beside the definition with class and group;"
        " half of the wrong predictions are of a class in the group of the truth, half of another group. None: any",
    )
    image_ids: tuple[str, ...] = Field((), description="photographs that the task may show; none: those of the split")
    foils: str = Field(
        "",
        description='foil = "table": a CSV file beside the definition with image and foil; sentence fit: foil has both'
        " sentences, wrong|right; guessing a label: the four labels that the network did not give, a|b|c|d",
    )
    cues: str = Field(
        "",
        description="detection of a cue: a CSV file beside the definition with network, cue (companion or background),"
        " changed and scenes: how many decisions changed when the cue was swapped in this number of scenes",
    )
    images: Annotated[int, Field(ge=1, le=100_000)] = Field(description="photographs, or sets of `explanations` each")
    ratings_per_item: Annotated[int, Field(ge=1, le=10_000)] = Field(description="people who rate each item")
    trials_per_participant: Annotated[int, Field(ge=1, le=10_000)] = Field(
        description="questions that count for one participant; at most the number of images"
    )
    classes: tuple[str, ...] = Field(
        (),
        description="simulatability: the two predictions between which people choose, by the network's names; none:"
        " those of dataset.categories, if these are two",
    )
    learning: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        description="simulatability: examples with the network's answer before the questions, as many of each class;"
        " images as for practice",
    )
    explained_tests: bool = Field(
        False, description="simulatability: the questions show the explanation too; false: the photograph alone"
    )
    repeats: Slug | None = Field(
        None,
        description="simulatability: name of an earlier task whose photographs each person learns from and answers"
        " again, in another order; its change is reported; none: photographs of its own",
    )
    practice: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="trials with feedback before the others, of images that this participant does not rate"
    )
    attention_checks: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="trials among the others that name the option to choose; images as for practice"
    )
    identical_pairs: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="trust: controls that show one picture on both sides, so that their mean answer must be 0"
    )
    joint_scale: bool = Field(
        False,
        description="trust: the networks' pictures of one image by one method are drawn on one scale, so that a weaker"
        " map looks weaker; false: each on its own",
    )
    comprehension: bool = Field(
        False, description="questions about the instructions, with two tries; people who fail may still take part"
    )
    break_every: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="trials between two breaks; none: no break"
    )
    confidence: bool = Field(
        False,
        description="class discrimination: how sure is the answer, from 1 (a guess) to 4. reliance: the own answer."
        " distinction: of each of the two answers, from 1 (not confident at all) to 5",
    )
    advice: Literal["after-own-answer", "on-request", "delayed", "at-once"] = Field(
        "after-own-answer",
        description="reliance: when people see what the network predicts. after-own-answer: when their own answer is"
        " stored; on-request: if they ask for it; delayed: after `advice_delay`; at-once: with the photograph",
    )
    advice_delay: Annotated[int, Field(ge=1, le=120)] | None = Field(
        None, description='reliance, advice = "delayed": seconds from the photograph to the advice'
    )
    network_threshold: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="AI check: the network alone, with which people are compared, accepts a label from this probability"
        " on; find it on other images. None: the best one on the images shown, which favours the network",
    )
    deferral: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None,
        description="AI check: labels of at least this probability are accepted without asking; people see those below"
        " it alone. None: people judge all labels, and the report computes deferral from their answers",
    )
    motives: bool = Field(False, description="rating: what the answer was based on, of five reasons to tick")
    explanations: Annotated[int, Field(ge=1, le=MOST)] = Field(
        1,
        description="rating: explanations of one network that a trial shows together, each beside its own photograph;"
        " above 1, `images` counts sets of as many photographs, and an item is a set",
    )
    points: Annotated[int, Field(ge=0, le=11)] = Field(
        0, description="rating: points of the scale, 2 to 11; 0: five. Its ends are the first and last of words.options"
    )
    reasons: Literal["optional", "required"] | None = Field(
        None, description="people write why they answered so, behind the other questions of each item; none: not asked"
    )
    words: dict[Language, OwnWords] = Field(
        {}, description="own words in each language of the study, in place of those of the wording"
    )

    @cached_property  # asked for three times for each answer
    def questions(self) -> tuple[Question, ...]:
        """What is asked of each item, in order."""
        first, *further = KINDS[self.kind].questions
        every = (replace(first, values=KINDS[self.kind].values_of(self.points)), *further, REASON_QUESTION)
        return tuple(sorted(filter(self._asks, every), key=lambda question: not question.comes_first))

    def _asks(self, question: Question) -> bool:
        is_given = question.asked_if is None or bool(getattr(self, question.asked_if))
        return is_given and question.advice in ("", self.advice)

    @property
    def main_question(self) -> Question:
        """The one whose answer is analysed."""
        return next((question for question in self.questions if question.name == RESPONSE), self.questions[0])

    @property
    def further(self) -> tuple[Question, ...]:
        """The others, in order."""
        return tuple(question for question in self.questions if question.name != RESPONSE)

    @property
    def explained_by(self) -> tuple[str, ...]:
        """Its methods but for no explanation."""
        return tuple(method for method in self.methods if method != PHOTOGRAPH)

    def is_required(self, question: Question) -> bool:
        """Whether its answer may not be empty."""
        return question.longest == 0 or self.reasons == "required"

    def asked(self, alone: bool) -> tuple[Question, ...]:
        """What is asked in a trial, in order: an attention check and an example have their main question alone."""
        return (self.main_question,) if alone else self.questions

    @model_validator(mode="after")
    def _possible(self) -> "TaskConfig":
        facts = KINDS[self.kind]
        wordings = languages()[SOURCE].tasks.get("kinds", {}).get(self.kind, {}).get("wordings", {})
        if self.wording not in wordings:
            raise ValueError(f"no wording {self.wording!r} of {self.kind}; there are {', '.join(wordings) or 'none'}")
        if facts.compares_networks and len(self.networks) < (facts.networks or 0):
            raise ValueError(f"{self.kind} compares networks: name {facts.networks} or more, not {len(self.networks)}")
        if facts.networks == 1 and len(self.networks) > 1:
            raise ValueError(f"{self.kind} shows exactly 1 network, {len(self.networks)} named")
        if len(set(self.methods)) < len(self.methods) or len(set(self.networks)) < len(self.networks):
            raise ValueError("a method or network is listed twice")
        if self.foil != ANNOTATED and not facts.has_truth:
            raise ValueError(f"foil is for kinds with a right answer, and {self.kind} has none; remove it")
        if bool(self.foils) != (self.foil == TABLE):
            raise ValueError(f'foils names the table of foil = "{TABLE}"; tell both, or neither')
        told = foil_table(self.foils) if self.foils else {}
        asked_if = {question.asked_if for question in facts.questions}
        if unasked := [key for key in ("confidence", "motives") if getattr(self, key) and key not in asked_if]:
            raise ValueError(f"{self.kind} does not ask for {unasked[0]}")
        self._check_advice(facts)
        if self.network_threshold is not None and not facts.tells_confidence:
            raise ValueError(f"network_threshold is for kinds that tell the network's confidence, not {self.kind}")
        if self.deferral is not None and not facts.tells_confidence:
            raise ValueError(f"deferral is for kinds that tell the network's confidence, not {self.kind}; remove it")
        self._check_cues(facts)
        if facts.offers_sentences:
            check_sentences(self.foil, told, self.attention_checks)
        if facts.labels:
            check_labels(facts, self.foil, told)
        check_scale(facts, self.points)
        if self.explanations > facts.most_explanations:
            raise ValueError(f"explanations = {self.explanations}: {self.kind} shows one in a trial; remove it")
        check_balance(facts, self.matched, self.error_groups)
        if self.identical_pairs and facts.pictures < 2:
            raise ValueError(f"identical_pairs are for kinds that show two pictures; {self.kind} shows one")
        if self.trials_per_participant > self.images:
            raise ValueError(
                f"trials_per_participant = {self.trials_per_participant} is more than its"
                f" {self.images} images, and no participant sees an image twice in a task;"
                " lower the trials or raise the images"
            )
        if self.learning and not facts.learns:
            raise ValueError(f"{self.kind} has no examples to learn from; remove learning")
        if facts.classes and self.learning % facts.classes:
            raise ValueError(f"learning = {self.learning} cannot be divided equally among {facts.classes} classes")
        if len(set(self.classes)) not in (0, facts.classes):
            raise ValueError(
                f"classes of {self.kind}: {facts.classes or 'none'} are needed, {len(set(self.classes))} given"
            )
        if (self.explained_tests or self.repeats) and not facts.learns:
            raise ValueError(f"explained_tests and repeats are for kinds with examples to learn from, not {self.kind}")
        if PHOTOGRAPH in self.methods and not facts.shows_photograph:
            raise ValueError(f"methods: {PHOTOGRAPH} is for kinds that show the photograph; {self.kind} does not")
        if PHOTOGRAPH in self.methods and facts.tiles:
            raise ValueError(f"methods: people choose an explanation in {self.kind}; remove {PHOTOGRAPH}")
        beside = self.learning + self.practice + self.attention_checks + self.identical_pairs
        if beside and self.trials_per_participant + beside > self.images:
            raise ValueError(
                f"{self.trials_per_participant} trials, {self.learning} examples, {self.practice} practice trials,"
                f" {self.attention_checks} attention checks and {self.identical_pairs} identical pairs need as many"
                f" different images, there are {self.images};"
                " lower them or raise the images"
            )
        return self

    def _check_advice(self, facts: Kind) -> None:
        if self.advice != AFTER_OWN and not facts.has_advice:
            raise ValueError(f"advice is for kinds in which the network advises, and {self.kind} has none; remove it")
        if (self.advice_delay is not None) != (self.advice == DELAYED):
            raise ValueError(f'advice_delay is the number of seconds of advice = "{DELAYED}"; tell both, or neither')
        if self.confidence and self.advice != AFTER_OWN:
            raise ValueError(f'confidence is asked of the own answer; set advice = "{AFTER_OWN}", or leave it out')

    def _check_cues(self, facts: Kind) -> None:
        if bool(self.cues) != facts.asks_reliance_on_cue:
            remedy = "remove it" if self.cues else "name it; `./manage.py bias --make-study` writes one"
            raise ValueError(
                f"cues, what swapping a cue showed, is for kinds that ask what a network relies on: {remedy}"
            )
        if self.cues and (fault := fault_of(self.networks, measured(self.cues))):
            raise ValueError(f"cues: {fault}")


class DeviceConfig(BaseModel):
    """What participants' devices must have. Participants whose device does not fit are told before the instructions.

    Sizes are CSS pixels of the window, so a reader at 200 % zoom has half as many.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_width: Annotated[int, Field(ge=0, le=4000)] = Field(320, description="of the window in CSS pixels")
    min_height: Annotated[int, Field(ge=0, le=4000)] = Field(300, description="of the window in CSS pixels")
    phones: bool = Field(True, description="false: a touch screen of less than 600 pixels is turned away")
    pointer: Literal["any", "fine"] = Field("any", description="fine: a mouse or something as exact is needed")
    fullscreen: bool = Field(False, description="offered by a button before the instructions; optional")


FrameHost = Annotated[str, Field(pattern=r"^https://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$")]


class ParticipantsConfig(BaseModel):
    """How people come, what each of them does, and how long a place is kept for an absent one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field("plain", description="where people come from: plain, your own link, or a platform")
    sona_completion_url: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+/webstudy_credit\.aspx\?\S+$")] | None = (
        Field(None, description="the client-side completion address that SONA shows for the study")
    )
    return_url: Annotated[str, AfterValidator(check_pattern)] | None = Field(
        None,
        description="provider plain: where the last page leads, https only; {pid} is what the study's link has as"
        " ?pid=, {completion_code} the code, and {outcome} how it ended: with it, people who stop or are turned away"
        " are led there too",
    )
    pid_parameter: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = Field(
        "pid", description="provider plain: what the recruiter calls the person's id in the study's link"
    )
    frame_hosts: tuple[FrameHost, ...] = Field(
        (),
        description='sites whose pages may show the study in a frame, such as "https://survey.example.org" or'
        ' "https://*.qualtrics.com"',
    )
    tasks: Literal["all", "one"] = Field(
        "all", description="every participant does all tasks in order, or the task most in need"
    )
    lease_minutes: Annotated[int, Field(ge=1, le=10_080)] = Field(
        60, description="how long the places of an absent participant are kept; a week at most"
    )
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="the greatest number of participants; none: until full"
    )
    lab: bool = Field(
        False, description="a shared computer: it forgets each participant at the end, so that the next one can begin"
    )
    device: DeviceConfig = Field(DeviceConfig(), description="what a participant's device must have")

    @model_validator(mode="after")
    def _one_way_back(self) -> "ParticipantsConfig":
        if self.return_url and self.provider != "plain":
            raise ValueError(f'return_url is for provider = "plain"; {self.provider} has an address of its own')
        return self
