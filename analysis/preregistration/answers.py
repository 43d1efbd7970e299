"""The answers of a preregistration: each a list of paragraphs or list items in Markdown, from the definition alone."""

from collections.abc import Iterator

from analysis.config import ContrastConfig
from analysis.display.wording import count, level
from analysis.notes import marked
from analysis.preregistration.assignment import conditions
from analysis.preregistration.eligible import rules
from analysis.preregistration.plan import Plan, PlannedTask
from analysis.report.methods_text import comparisons_planned, estimates, left_out, predictions_shown
from contracts.methods import method_name
from contracts.provider_names import PLAIN, TITLES
from contracts.tasks import KINDS
from languages.read import languages


def title(plan: Plan) -> list[str]:
    """The title that people see."""
    return [plan.text("study", "title")]


def description(plan: Plan) -> list[str]:
    """What the study asks, in a sentence for each kind of task, and the published study that is repeated."""
    return [" ".join([*dict.fromkeys(task.question(plan.translate) for task in plan.tasks), *_repeated(plan)])]


def authors(plan: Plan) -> list[str]:
    """The responsible person."""
    return [_told(plan, "investigator")]


def _told(plan: Plan, fact: str) -> str:
    """A fact of the information sheet, or that it is missing."""
    return plan.text("study", "information", fact) or plan.missing(f"study.information.{fact}")


def hypotheses(plan: Plan) -> list[str]:
    """One for each comparison, with the smallest effect of interest, and of each task about its networks."""
    of_methods = [_hypothesis(plan, contrast) for contrast in plan.analysis.contrasts]
    of_networks = [_on_networks(plan, task) for task in plan.tasks if task.compares_networks]
    numbered = [f"H{n}. {hypothesis}" for n, hypothesis in enumerate([*of_methods, *of_networks], start=1)]
    return [*plan.unless_stated("analysis", "contrasts"), *numbered]


def _on_networks(plan: Plan, task: PlannedTask) -> str:
    first, *others = task.section["networks"]
    told = {"first": first, "others": ", ".join(map(plan.translate.quoted, others))}
    said = plan.translate(task.kind.texts.on_networks, **told)
    return plan.translate(
        "Task “{task}” ({kind}; {outcome}): {said}",
        task=task.name,
        kind=plan.translate(task.kind.texts.title),
        outcome=plan.translate(task.kind.scale.label),
        said=said,
    )


def _hypothesis(plan: Plan, contrast: ContrastConfig) -> str:
    sentence = plan.translate(
        "Task “{task}” ({kind}; {outcome}): the mean with {a} minus the mean with {b} is not 0 (two-sided).",
        task=contrast.task,
        outcome=plan.translate(plan.task(contrast.task).kind.scale.label),
        kind=plan.translate(plan.task(contrast.task).kind.texts.title),
        a=method_name(contrast.a),
        b=method_name(contrast.b),
    )
    return f"{sentence} {_smallest(plan, contrast)}"


def _smallest(plan: Plan, contrast: ContrastConfig) -> str:
    task = plan.task(contrast.task)
    share = plan.analysis.smallest_effect_of(contrast, task.section["kind"])
    if share is None:
        return plan.missing("analysis.smallest_effect")
    scale, size = task.kind.scale, share * KINDS[task.section["kind"]].length
    return plan.translate(
        "Smallest effect of interest: ±{size} {unit}.",
        size=scale.difference(size).removeprefix("+"),
        unit=plan.translate(scale.unit),
    )


def study_type(plan: Plan) -> list[str]:
    """That it is an experiment, and how conditions are spread over people."""
    translate = plan.translate
    sentences = [translate("Experiment. Each participant sees all methods of a task (within people).")]
    if plan.conditions:
        sentences = [
            translate(
                "Experiment with {n} conditions between people: {names}. Each participant sees all methods of a task"
                " that their condition shows.",
                n=len(plan.conditions),
                names=", ".join(condition.name for condition in plan.conditions),
            )
        ]
    if plan.document.get("participants", {}).get("tasks", "all") == "one":
        sentences.append(translate("Each participant does one of the tasks."))
    elif len(plan.tasks) > 1:
        sentences.append(translate("Each participant does all tasks, in this order."))
    return [" ".join(sentences)]


def blinding(plan: Plan) -> list[str]:
    """What people are not told."""
    return [
        plan.translate(
            "Participants are not told the method, the network or the right answer of a picture; nothing that their"
            " browser receives names them. The pictures are made before anybody takes part."
        )
    ]


def design(plan: Plan) -> list[str]:
    """The published study that is repeated; the size of each task, and what surrounds its ratings."""
    sizes = [" ".join([_size(plan, task), *_extras(plan, task)]) for task in plan.tasks]
    return [*_repeated(plan), *sizes, *conditions(plan)]


def _repeated(plan: Plan) -> list[str]:
    if not plan.stated("original", "name"):
        return []
    name, source = plan.text("original", "name"), plan.text("original", "source")
    return [plan.translate("It repeats a published study: {name}. {source}.", name=name, source=source.rstrip("."))]


def _size(plan: Plan, task: PlannedTask) -> str:
    return plan.translate(
        "Task “{task}” ({kind}). Methods: {methods}. Networks: {networks}. Images: {images}. Ratings per item:"
        " {ratings}. Trials per participant: {trials}.",
        task=task.name,
        kind=plan.translate(task.kind.texts.title),
        methods=task.methods,
        networks=task.networks,
        images=count(task.section["images"]),
        ratings=count(task.section["ratings_per_item"]),
        trials=count(task.section["trials_per_participant"]),
    )


EXTRAS = {
    "practice": marked("practice trials: {n}"),
    "attention_checks": marked("attention checks: {n}"),
    "identical_pairs": marked("identical pairs: {n}"),
    "learning": marked("examples to learn from, with the network's answer: {n}"),
}
"""Keys of a task that surround its ratings, in words; what a task does not use is not told."""


def _extras(plan: Plan, task: PlannedTask) -> Iterator[str]:
    translate = plan.translate
    used = [translate(text, n=task.section[key]) for key, text in EXTRAS.items() if task.section.get(key)]
    if used:
        yield translate("In addition: {things}.", things="; ".join(used))
    if task.section.get("comprehension"):
        yield translate("Comprehension questions are asked.")
    if task.section.get("joint_scale"):
        yield translate("The networks' pictures of an image by one method are drawn on one scale.")
    yield from predictions_shown(task.section, translate)


def collection(plan: Plan) -> list[str]:
    """Where people come from, in which languages, for how long."""
    study = plan.document["study"]
    provider = plan.document.get("participants", {}).get("provider", PLAIN)
    named = plan.translate("a link to the study") if provider == PLAIN else TITLES.get(provider, provider)
    return [
        plan.translate(
            "People come by: {provider}. Languages: {languages}. Minutes announced: {minutes}.",
            provider=named,
            languages=", ".join(_language(code) for code in study.get("languages", ["en"])),
            minutes=study["minutes"],
        ),
        *plan.unless_stated("participants", "provider"),
        plan.translate("Who can take part: {people}", people=_told(plan, "eligibility")),
        *rules(plan),
        plan.translate("Pay: {pay}", pay=_pay(plan)),
    ]


def _language(code: str) -> str:
    """A language in itself, or its code where it is unknown here."""
    known = languages().get(code)
    return known.name if known else code


def _pay(plan: Plan) -> str:
    """What people get: an amount as it is written in the definition, or words."""
    pay = plan.document["study"].get("pay")
    if pay:
        return f"{pay['amount']:.2f} {pay['currency']}"
    return plan.text("study", "information", "pay") or plan.missing("study.pay")


def sample_size(plan: Plan) -> list[str]:
    """Ratings of each task, the people whom they need, and the limit."""
    limit = plan.document.get("participants", {}).get("limit")
    sizes = [
        plan.translate(
            "Task “{task}”: {items} items × {ratings} ratings = {responses} responses, from at least {people} people.",
            task=task.name,
            items=count(task.items),
            ratings=count(task.section["ratings_per_item"]),
            responses=count(task.responses),
            people=count(task.people),
        )
        for task in plan.tasks
    ]
    most = plan.translate("Participants at most: {n}.", n=limit) if limit else plan.missing("participants.limit")
    return [*sizes, most]


def rationale(plan: Plan) -> list[str]:
    """What a calculation of power rests on."""
    spreads, people = plan.analysis.planning, plan.text("original", "people")
    return [
        *([plan.translate("People in the published study: {people}.", people=people.rstrip("."))] if people else []),
        *plan.unless_stated("analysis", "planning"),
        plan.translate(
            "The command `power` assumes standard deviations, in logits, of {participant_sd} between people,"
            " {participant_method_sd} between people by method, {image_sd} between images and {image_method_sd} between"
            " images by method, and that {dropout} of people leave. Add its result here.",
            **{name: format(value, "g") for name, value in spreads.model_dump(exclude={"dropout"}).items()},
            dropout=level(spreads.dropout),
        ),
    ]


def starting(plan: Plan) -> list[str]:
    """When collection begins."""
    return [plan.translate("Collection starts when the study is opened. The definition is frozen at that moment.")]


def stopping(plan: Plan) -> list[str]:
    """When collection ends, and looks before."""
    ends = plan.translate("Collection ends when every item has its planned ratings.")
    if rule := plan.analysis.sequential:
        looks = ", ".join(map(level, rule.looks))
        return [
            ends,
            plan.translate("Looks at {looks} of the planned responses, by a group-sequential rule.", looks=looks),
        ]
    return [
        ends,
        plan.translate("No look at the data before that."),
    ]


def manipulated(plan: Plan) -> list[str]:
    """Methods and networks of each task."""
    return [
        plan.translate(
            "Task “{task}”: the explanation method ({methods}) and the network ({networks}).",
            task=task.name, methods=task.methods, networks=task.networks,
        )
        if len(task.section["networks"]) > 1
        else plan.translate("Task “{task}”: the explanation method ({methods}).", task=task.name, methods=task.methods)
        for task in plan.tasks
    ]  # fmt: skip


def indices(plan: Plan) -> list[str]:
    """What answers are put together to."""
    return [plan.translate("The mean of the answers of each method in each task, over all responses.")]


def models(plan: Plan) -> list[str]:
    """How means and their intervals are estimated, and what is compared."""
    kinds = list(dict.fromkeys(task.section["kind"] for task in plan.tasks))
    said = estimates(plan.analysis.confidence, kinds, plan.translate)
    return [
        plan.translate("The methods section of the report will say: {said}", said=said),
        *comparisons_planned(plan.analysis, plan.translate),
    ]


def transformations(plan: Plan) -> list[str]:
    """That answers stay as they are."""
    return [plan.translate("None of the answers. Intervals of means are computed on the logit scale.")]


def inference(plan: Plan) -> list[str]:
    """The level of error and its correction."""
    alpha = level(round(1 - plan.analysis.confidence, 10))
    told = {"alpha": alpha, "confidence": level(plan.analysis.confidence)}
    if len(plan.analysis.contrasts) == 1:
        return [
            plan.translate("One two-sided test at {alpha}, without a correction; intervals at {confidence}.", **told)
        ]
    return [
        plan.translate(
            "Two-sided tests at {alpha}, corrected by Holm's method over all comparisons ({n}); intervals at"
            " {confidence}.",
            n=len(plan.analysis.contrasts),
            **told,
        )
    ]


def exclusions(plan: Plan) -> list[str]:
    """The rules of the definition."""
    return left_out(plan.analysis.exclusions, plan.translate)


def missing_data(plan: Plan) -> list[str]:
    """What becomes of trials without an answer."""
    return [
        plan.translate(
            "Trials without an answer are not analysed, and nothing is imputed. Places of people who leave are given to"
            " others."
        )
    ]


def exploratory(plan: Plan) -> list[str]:
    """What is shown without a test."""
    return [
        plan.translate(
            "Accuracies by category and network, response bias, order effects, agreement and response times are shown"
            " without tests. The comparisons are repeated under other choices of analysis."
        ),
        *_moderators(plan),
    ]


def _moderators(plan: Plan) -> list[str]:
    if not plan.analysis.moderators:
        return []
    names = ", ".join(map(plan.translate.quoted, plan.analysis.moderators))
    return [
        plan.translate(
            "People's means in each task are regressed on their main score in the questionnaires {names}; these"
            " p-values are not corrected.",
            names=names,
        )
    ]


def anything_else(plan: Plan) -> list[str]:
    """The hash that ties the sheet to the study."""
    return [
        plan.translate(
            "This sheet was written from the definition with the SHA-256 `{sha256}`. A report of the study names it,"
            " and lists how the study differs from the definition with which it was opened.",
            sha256=plan.sha256,
        )
    ]
