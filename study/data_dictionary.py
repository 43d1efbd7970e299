"""Every column of the export and what it means. The sidecars and `variableMeasured` are written from here."""

from stimuli.manifest import COLUMNS as STIMULUS_COLUMNS

_TIME = "UTC, ISO 8601"

PARTICIPANTS = {
    "participant_id": "Random name of the participant; row id of this table.",
    "observer_kind": "human, simulated or machine:<name>. Only human rows are people's answers.",
    "language": "Language the study was taken in; the last one, where it was switched.",
    "consent_version": "Version of the information sheet the participant agreed to.",
    "definition_sha256": "SHA-256 of the frozen study definition.",
    "joined_at": f"When consent was given and the trials were assigned; {_TIME}.",
    "finished_at": f"When the last answer was stored; {_TIME}; empty: not finished.",
    "trials_planned": "Number of trials assigned.",
    "trials_answered": "Number of trials answered.",
    "completed": "1: every assigned trial was answered.",
    "excluded": "1: excluded by a researcher.",
    "exclusion_reason": "Why the participant was excluded; empty: not excluded.",
    "comprehension": "1: passed every comprehension check taken; 0: did not; empty: none was taken.",
    "attention_checks": "Number of attention checks answered.",
    "attention_checks_passed": "How many of them were answered as they asked.",
    "demographics": "Answers about oneself as a JSON object, question to answer; empty: none was given.",
    "device": "What the browser said of its window and input, oldest report first, as a JSON object; empty: nothing.",
}

TRIALS = {
    "trial_id": "Row id of this table.",
    "participant_id": "Who was assigned the trial.",
    "observer_kind": "human, simulated or machine:<name>, as its participant's.",
    "definition_sha256": "SHA-256 of the frozen study definition.",
    "task": "Name of the task.",
    "purpose": "main, practice, attention or control (one visualization on both sides); only main trials are ratings.",
    "trial_type": "Kind of the task: class-discrimination or trust.",
    "trial_index": "Place in the participant's session over all tasks, from 0.",
    "item_id": "What was rated: a visualization (class discrimination) or a pair of them (trust).",
    "image_id": "Image that the visualizations were made from.",
    "category": "Category that is explained; the truth in class discrimination.",
    "foil": "The wrong option in class discrimination; empty for trust.",
    "method": "Explanation method.",
    "network": "Explained network in class discrimination; empty for trust.",
    "stimulus_id": "Visualization shown in class discrimination; empty for trust.",
    "left_stimulus_id": "Visualization shown on the left in trust; empty otherwise.",
    "right_stimulus_id": "Visualization shown on the right in trust; empty otherwise.",
    "left_network": "Network on the left in trust; empty otherwise.",
    "right_network": "Network on the right in trust; empty otherwise.",
    "option_order": "Values of the options in the order shown, separated by ';'.",
    "state": "answered, open (may still be answered) or released (given back after an absence).",
    "is_overflow": "1: answered after the place had been given to somebody else; outside the k ratings.",
    "response": "Chosen option: a category, or -2 to 2 where positive favours the left; empty: not answered.",
    "expected_response": "What an attention check asked to choose; empty otherwise.",
    "correct": "Class discrimination: 1 when the response is the category, else 0; empty otherwise and in attention"
    " checks.",
    "score": "Trust: the response turned so that positive favours the task's first network; empty otherwise and in"
    " attention checks and controls.",
    "confidence": "How sure the participant was, from 1 (a guess) to 4 (certain); empty: not asked.",
    "rt": "Milliseconds from the picture being shown to the response, by the browser's clock; empty: not measured.",
    "time_elapsed": "Milliseconds from the page's start to the response, by the browser's clock.",
    "answered_at": f"When the answer was stored; {_TIME}.",
}

STIMULI = {
    "stimulus_id": "Row id of this table.",
    "tasks": "Names of the tasks that use the visualization, separated by ';'.",
    "image_id": "Image that was explained.",
    "category": "Category that is explained.",
    "foil": "The other category annotated in the image; empty: there is none.",
    "network": "Explained network.",
    "method": "Explanation method.",
    "file": "File in the stimulus set.",
    "sha256": "SHA-256 of the file.",
    "width": "Pixels.",
    "height": "Pixels.",
    "logit": "The network's logit of the category.",
    "probability": "The network's probability of the category.",
    "is_correct": "1: the network's top category is annotated in the image.",
}

EVENTS = {
    "event_id": "Row id of this table.",
    "participant_id": "Whose browser noticed it.",
    "trial_id": "During which trial.",
    "event": "What happened to the page: blur, focus, fullscreenenter, fullscreenexit, resize …",
    "time": "Milliseconds from the page's start, by the browser's clock.",
}

TABLES: dict[str, dict[str, str]] = {
    "participants": PARTICIPANTS,
    "trials": TRIALS,
    "stimuli": {column: STIMULI[column] for column in STIMULUS_COLUMNS},
    "events": EVENTS,
}
