"""The tables of an export: every column with its type and its meaning.

The survey writes them and the analysis reads them. Sidecars and `variableMeasured` of the export come from here.
"""

from dataclasses import dataclass
from typing import Literal

from contracts.questionnaires import ITEM_KINDS

ColumnType = Literal["text", "time", "count", "flag", "number"]
"""`time` is UTC in ISO 8601, `count` a whole number from 0, `flag` 0 or 1; `text` and finite `number` may be empty."""


@dataclass(frozen=True)
class Column:
    """One column of a table, and which values it may have.

    `is_new`: exports of earlier versions lack it, and it is then read as empty. `needed`: never empty. `values`: the
    texts that there are; none: any. `least` and `most`: of a number. `is_whole`: a number without decimals.
    """

    type: ColumnType
    description: str
    is_new: bool = False
    needed: bool = False
    values: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    is_whole: bool = False


HAPPENINGS = (
    *("study-opened", "study-paused", "study-resumed", "study-closed", "study-extended", "limit-raised"),
    *("study-amended", "participant-excluded", "estimates-seen", "export"),
)
"""What `materials/history.json` lists, by its name in the audit log."""

WHY_TURNED_AWAY = ("answer", "test", "quota", "earlier-study")
"""Reasons in `turned_away` of `materials/definition.json`; `what` there names the question, the quota or the study."""

PURPOSES = ("main", "practice", "attention", "control", "learning")
STATES = ("answered", "open", "released")
LONGEST_RT_MS = 3_600_000.0  # nobody looks at one picture for longer than an hour
BEFORE_ONSET, TOO_LONG, NOT_MEASURED = RT_MISSING = ("before-onset", "too-long", "not-measured")
_TIME = "UTC, ISO 8601"
_RT_MISSING = Column(
    "text",
    "Why rt is empty: before-onset (the clock put the answer at or before the picture), too-long (more than an hour),"
    " not-measured; empty: rt is there, or the answer is of an earlier version.",
    is_new=True,
    values=RT_MISSING,
)
_FOIL = (
    "The wrong option; wrong|right where a network advises; predicted|correct|names of a picture with tiles, the first"
    " two as places; photographs|class|image|class|image|… of a trial that shows several; empty where no answer is"
    " wrong."
)
_CONDITION = Column(
    "text",
    "The participant's condition, by its name in the definition; empty: the study has none.",
    is_new=True,
)

PARTICIPANTS = {
    "participant_id": Column("text", "Random name of the participant; row id of this table.", needed=True),
    "observer_kind": Column(
        "text", "human, simulated or machine:<name>. Only human rows are people's answers.", needed=True
    ),
    "language": Column("text", "Language the study was taken in; the last one, where it was switched."),
    "consent_version": Column("text", "Version of the information sheet the participant agreed to."),
    "definition_sha256": Column("text", "SHA-256 of the frozen study definition.", needed=True),
    "condition": _CONDITION,
    "joined_at": Column("time", f"When consent was given and the trials were assigned; {_TIME}."),
    "finished_at": Column("time", f"When the last answer was stored; {_TIME}; empty: not finished."),
    "stopped_at": Column(
        "time", f"When the participant gave their place back; {_TIME}; empty: they did not.", is_new=True
    ),
    "trials_planned": Column("count", "Number of trials assigned."),
    "trials_answered": Column("count", "Number of trials answered."),
    "completed": Column("flag", "1: every assigned trial was answered."),
    "excluded": Column("flag", "1: excluded by a researcher."),
    "exclusion_reason": Column("text", "Why the participant was excluded; empty: not excluded."),
    "comprehension": Column(
        "number",
        "1: passed every comprehension check taken; 0: did not; empty: none was taken.",
        least=0,
        most=1,
        is_whole=True,
    ),
    "attention_checks": Column("number", "Number of attention checks answered.", least=0, is_whole=True),
    "attention_checks_passed": Column(
        "number", "How many of them were answered as they asked.", least=0, is_whole=True
    ),
    "demographics": Column(
        "text", "Answers about oneself as a JSON object, question to answer; empty: none was given."
    ),
    "device": Column(
        "text",
        "What the browser said of its window and input, oldest report first, as a JSON object; empty: nothing.",
        is_new=True,
    ),
    "consents": Column(
        "text",
        "Further boxes of the consent form as a JSON object, name to true (ticked) or false; empty: there were none.",
        is_new=True,
    ),
    "comment": Column("text", "What the participant wrote at the end, in their words; empty: nothing.", is_new=True),
    "screening": Column(
        "text",
        "Answers to the screening as a JSON object, question to option; empty: the study asks none.",
        is_new=True,
    ),
}

TRIALS = {
    "trial_id": Column("text", "Row id of this table.", needed=True),
    "participant_id": Column("text", "Who was assigned the trial.", needed=True),
    "observer_kind": Column("text", "human, simulated or machine:<name>, as its participant's.", needed=True),
    "definition_sha256": Column("text", "SHA-256 of the frozen study definition.", needed=True),
    "condition": _CONDITION,
    "task": Column("text", "Name of the task.", needed=True),
    "purpose": Column(
        "text",
        "main, practice, attention, control (one visualization on both sides) or learning (an example with the"
        " network's answer); only main trials are ratings.",
        needed=True,
        values=PURPOSES,
    ),
    "trial_type": Column("text", "Kind of the task, by its name in the definition.", needed=True),
    "trial_index": Column("count", "Place in the participant's session over all tasks, from 0."),
    "item_id": Column("text", "What was rated: a visualization, or the pair that a trial shows.", needed=True),
    "image_id": Column("text", "Image that the visualizations were made from.", needed=True),
    "category": Column("text", "Category that is explained.", needed=True),
    "foil": Column("text", _FOIL),
    "method": Column("text", "Explanation method.", needed=True),
    "network": Column("text", "Explained network; empty where a trial shows two pictures."),
    "network_confidence": Column(
        "number",
        "The network's probability of the category, where its kind of task may tell it to people; empty elsewhere.",
        is_new=True,
        least=0,
        most=1,
    ),
    "stimulus_id": Column("text", "Visualization shown; empty where a trial shows two."),
    "left_stimulus_id": Column("text", "Visualization shown on the left; empty where a trial shows one."),
    "right_stimulus_id": Column("text", "Visualization shown on the right; empty where a trial shows one."),
    "left_network": Column("text", "Network of the left visualization; empty where a trial shows one."),
    "right_network": Column("text", "Network of the right visualization; empty where a trial shows one."),
    "option_order": Column("text", "Values of the options in the order shown, separated by ';'.", needed=True),
    "state": Column(
        "text",
        "answered, open (may still be answered) or released (given back after an absence).",
        needed=True,
        values=STATES,
    ),
    "is_overflow": Column(
        "flag", "1: answered after the place had been given to another participant; outside the k ratings."
    ),
    "response": Column(
        "text", "Chosen option by its value; of a number a positive one favours the left; empty: not answered."
    ),
    "expected_response": Column("text", "What an attention check asked to choose; empty otherwise."),
    "correct": Column(
        "number",
        "1: the response is right; 0: it is wrong; empty where neither can be, and in attention checks.",
        least=0,
        most=1,
        is_whole=True,
    ),
    "score": Column(
        "number",
        "Value of the response on a scale; of comparisons turned so that positive favours the task's first network."
        " Empty where a response is right or wrong, and in attention checks and controls.",
    ),
    "confidence": Column(
        "number",
        "How sure the participant was, from 1 (a guess) to 4 (certain); empty: not asked.",
        least=1,
        most=4,
        is_whole=True,
    ),
    "rt": Column(
        "number",
        "Milliseconds from the picture being shown to the response, by the browser's clock; empty: none is known.",
        least=0,
    ),
    "rt_missing": _RT_MISSING,
    "time_elapsed": Column(
        "number", "Milliseconds from the page's start to the response, by the browser's clock.", least=0
    ),
    "answered_at": Column("time", f"When the answer was stored; {_TIME}."),
}

ANSWERS = {
    "answer_id": Column("text", "Row id of this table.", needed=True),
    "trial_id": Column("text", "Trial whose item was asked about.", needed=True),
    "participant_id": Column("text", "Who answered.", needed=True),
    "question": Column(
        "text",
        "Name of the question, such as confidence or reason; the first one of each trial is in the table of trials.",
        needed=True,
    ),
    "response": Column(
        "text",
        "Value of the chosen option; of the question reason, what the participant wrote; empty: nothing.",
    ),
    "rt": Column("number", "Milliseconds from the question being shown to the answer; empty: none is known.", least=0),
    "rt_missing": _RT_MISSING,
    "time_elapsed": Column(
        "number", "Milliseconds from the page's start to the answer, by the browser's clock.", least=0
    ),
    "answered_at": Column("time", f"When the answer was stored; {_TIME}."),
}

STIMULI = {
    "stimulus_id": Column("text", "Row id of this table."),
    "tasks": Column("text", "Names of the tasks that use the visualization, separated by ';'.", needed=True),
    "image_id": Column("text", "Image that was explained.", needed=True),
    "category": Column("text", "Category that is explained.", needed=True),
    "foil": Column("text", _FOIL),
    "network": Column("text", "Explained network."),
    "method": Column("text", "Explanation method.", needed=True),
    "file": Column("text", "File in the stimulus set."),
    "sha256": Column("text", "SHA-256 of the file."),
    "width": Column("count", "Pixels."),
    "height": Column("count", "Pixels."),
    "logit": Column("number", "The network's logit of the category; empty: not told with pictures made elsewhere."),
    "probability": Column("number", "The network's probability of the category; empty: not told.", least=0, most=1),
    "is_correct": Column(
        *("number", "1: the network's top category is annotated in the image; empty: not told."),
        least=0,
        most=1,
        is_whole=True,
    ),
}

EVENTS = {
    "event_id": Column("text", "Row id of this table.", needed=True),
    "participant_id": Column("text", "Whose browser noticed it.", needed=True),
    "trial_id": Column("text", "During which trial."),
    "event": Column(
        "text",
        "What happened to the page: blur, focus, hidden, visible, fullscreenenter, fullscreenexit, resize; translated:"
        " into another language, by the browser; forced-colors or forced-dark: shown in other colours than the page's,"
        " by the system or the browser.",
        needed=True,
    ),
    "time": Column("number", "Milliseconds from the page's start, by the browser's clock.", least=0),
}

QUESTIONNAIRE = {
    "item_answer_id": Column("text", "Row id of this table.", needed=True),
    "participant_id": Column("text", "Who was asked.", needed=True),
    "observer_kind": Column("text", "human, simulated or machine:<name>, as its participant's.", needed=True),
    "questionnaire": Column("text", "Name of the questionnaire in the definition.", needed=True),
    "item": Column("text", "Name of the question in it.", needed=True),
    "kind": Column(
        "text",
        "likert (a step, from 1), choice, choices (names of options, separated by ';'), number, text or long-text.",
        needed=True,
        values=tuple(ITEM_KINDS),
    ),
    "page": Column("count", "Page on which it was asked, from 1."),
    "position": Column("count", "Its place among the questionnaire's questions as this participant saw them, from 1."),
    "answer": Column("text", "What was answered; empty: the question was left empty."),
    "value": Column(
        "number", "The answer as a number, of likert and number; as answered, so reversed items are not turned."
    ),
    "reversed": Column("flag", "1: a higher answer means a lower score."),
    "time_on_page": Column(
        "number",
        "Milliseconds from the page being shown to its answers, by the browser's clock; empty: none is known.",
        least=0,
    ),
    "answered_at": Column("time", f"When the page's answers were stored; {_TIME}."),
}

METRICS = {
    "metric_value_id": Column("text", "Row id of this table.", needed=True),
    "stimulus_id": Column("text", "Visualization that was measured, without people.", needed=True),
    "metric": Column("text", "Name of the number, as in metrics.csv of the stimulus set.", needed=True),
    "label": Column("text", "The number in words, in English."),
    "unit": Column("text", "What it is measured in."),
    "better": Column("text", "Which end is the better one; empty: neither.", values=("higher", "lower")),
    "value": Column("number", "The number; empty: it could not be computed for this visualization."),
}

NEW_TABLES = frozenset({"answers", "questionnaire", "metrics"})
"""Exports of earlier versions lack these; they are then read as empty."""

TABLES: dict[str, dict[str, Column]] = {
    "participants": PARTICIPANTS,
    "trials": TRIALS,
    "answers": ANSWERS,
    "stimuli": STIMULI,
    "events": EVENTS,
    "questionnaire": QUESTIONNAIRE,
    "metrics": METRICS,
}
