"""The methods section of a paper about this study, ready to paste, and the works it cites."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.config import AnalysisConfig, ExclusionsConfig
from analysis.data.completeness import planned_responses, reached
from analysis.data.course import CHANGES, Course, Extension, course
from analysis.data.export import Export, Task
from analysis.display.wording import Translation, level
from analysis.report.cautions import extended, looked, unfinished
from analysis.report.conditions import between_people, conditions_told
from analysis.report.counted import methods_balanced, seen_twice
from analysis.report.words_read import own_question
from analysis.report.works import Work, works_on
from analysis.robustness.equivalence import ENOUGH
from analysis.tasks.kind import AnalysisKind
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.methods import method_name
from contracts.tasks import KINDS


def methods_text(export: Export, translate: Translation) -> tuple[str, ...]:
    """Paragraphs: design, whose responses, estimates, comparisons, further analyses."""
    paragraphs = [
        _design(export, translate),
        " ".join(left_out(export.config.exclusions, translate)),
        estimates(export.config.confidence, [task.kind for task in export.tasks], translate),
        _comparisons(export, translate),
    ]
    return (*paragraphs, _further(export, translate))


def references(export: Export) -> tuple[Work, ...]:
    """What the text cites, in the order of the alphabet."""
    cited = {"variance", "holm", "raters", "robustness"}
    for kind in _kinds(export):
        cited |= kind.references(export)
    cited |= {"sequential"} if export.config.sequential else set()
    cited |= {"conditions"} if export.conditions else set()
    cited |= {"equivalence", "paper"} if export.config.paper else set()
    cited |= {"equivalence"} if export.config.names_smallest_effect else set()
    return works_on(cited)


def _design(export: Export, translate: Translation) -> str:
    sentences, went = [], _course(export)
    for task in export.tasks:
        extensions = [extension for extension in went.extensions if extension.task == task.name]
        written = next(t for t in export.definition["tasks"] if t["name"] == task.name)
        sentences += [_asked(task, translate), *predictions_shown(written, translate)]
        if question := own_question(export, task.name, translate):
            sentences.append(translate("The study had its own words: {question}", question=translate.quoted(question)))
        if "images" in written and "ratings_per_item" in written:
            sentences.append(_planned(written, planned_responses(export, task.name), extensions, translate))
        sentences += [extended(extension, translate) for extension in extensions]
    sentences += conditions_told(export, translate)
    sentences += filter(None, (seen_twice(export, translate), methods_balanced(export, translate)))
    if swapping := [translate.quoted(task.name) for task in export.tasks if KINDS[task.kind].swaps]:
        sentences.append(
            translate.plural(
                "In the task {names}, sides or the order of options were random.",
                "In the tasks {names}, sides or the order of options were random.",
                len(swapping),
                names=", ".join(swapping),
            )
        )
    return " ".join([*sentences, *_drawn_on_one_scale(export, translate)])


def _drawn_on_one_scale(export: Export, translate: Translation) -> Iterator[str]:
    """A sentence where a task asked for it."""
    if names := [translate.quoted(task["name"]) for task in export.definition["tasks"] if task.get("joint_scale")]:
        yield translate.plural(
            "In the task {names}, the networks' pictures of an image by one method were drawn on one scale.",
            "In the tasks {names}, the networks' pictures of an image by one method were drawn on one scale.",
            len(names),
            names=", ".join(names),
        )


def _asked(task: Task, translate: Translation) -> str:
    """What people saw and did in a task, in the words of its question."""
    texts = ANALYSIS_KINDS[task.kind].texts
    asked = translate(
        texts.design,
        task=task.name,
        first=translate.two(task.networks)[0],
        quality=translate.quality(task.kind, task.wording, task.qualities),
    )
    foils = [translate(text) for foil, text in texts.foils.items() if foil == task.foil]
    return " ".join([asked, *_together(task, translate), *foils])


def predictions_shown(task: Mapping[str, Any], translate: Translation) -> Iterator[str]:
    """Which right and wrong predictions a task of the definition asks for, where it does not take them as they come."""
    if task.get("matched"):
        yield translate(ANALYSIS_KINDS[task["kind"]].texts.matched)
    if task.get("error_groups"):
        yield translate(
            "Half of the wrong predictions are of a class in the group of the correct class, half of a class in another"
            " group."
        )


def _together(task: Task, translate: Translation) -> list[str]:
    if task.explanations == 1:
        return []
    return [
        translate(
            "A trial showed {n} photographs together, each with its prediction and explanation. In the analysis an"
            " image is such a set, so intervals are for sets of photographs.",
            n=task.explanations,
        )
    ]


def _course(export: Export) -> Course:
    """Of the first kind of observers, people where there are any."""
    return course(export.of(export.observer_kinds[0]) if export.observer_kinds else export)


def _planned(task: dict[str, Any], responses: int, extensions: Sequence[Extension], translate: Translation) -> str:
    """The size of a task before all `extensions`; `responses` are planned after them."""
    first = extensions[0].before if extensions else responses
    ratings = task["ratings_per_item"] * first // responses
    methods = [method_name(method) for method in task["methods"]]
    return translate(
        "The plan was {responses}: {images}, {methods}, {ratings} per item.",
        responses=translate.plural("{n} response", "{n} responses", first),
        images=translate.plural("{n} image", "{n} images", task["images"]),
        methods=translate.plural("the method {names}", "the methods {names}", len(methods), names=", ".join(methods)),
        ratings=translate.plural("{n} rating", "{n} ratings", ratings),
    )


def _kinds(export: Export) -> list[AnalysisKind]:
    """Of the study's tasks, each once."""
    return [ANALYSIS_KINDS[name] for name in dict.fromkeys(task.kind for task in export.tasks)]


def left_out(rules: ExclusionsConfig, translate: Translation) -> list[str]:
    """Sentences: whose responses are analysed, and what each rule leaves out."""
    sentences = [
        translate(
            "The analysis includes the responses planned for each item. Responses beyond them (overflow), given"
            " after the participant's place had been offered to someone else, are counted in the participant flow"
            " and excluded."
        )
    ]
    if rules.incomplete:
        sentences.append(translate("The definition excludes people who did not finish."))
    if rules.failed_attention_checks is not None:
        sentences.append(
            translate.plural(
                "The definition excludes people who failed at least {n} attention check.",
                "The definition excludes people who failed at least {n} attention checks.",
                rules.failed_attention_checks,
            )
        )
    if rules.failed_comprehension:
        sentences.append(translate("The definition excludes people who failed a comprehension check."))
    if rules.min_median_rt_ms is not None:
        sentences.append(
            translate(
                "The definition excludes people whose median response time in a task is below {ms} ms.",
                ms=format(rules.min_median_rt_ms, "g"),
            )
        )
    if rules.max_median_rt_ms is not None:
        sentences.append(
            translate(
                "The definition excludes people whose median response time in a task is above {ms} ms.",
                ms=format(rules.max_median_rt_ms, "g"),
            )
        )
    sentences += _careless(rules, translate)
    if rules == ExclusionsConfig():
        sentences.append(translate("The definition has no exclusion rule."))
    return sentences


def _careless(rules: ExclusionsConfig, translate: Translation) -> Iterator[str]:
    if rules.min_rt_ms is not None:
        yield translate("The definition excludes responses faster than {ms} ms.", ms=format(rules.min_rt_ms, "g"))
    if rules.max_rt_ms is not None:
        yield translate("The definition excludes responses slower than {ms} ms.", ms=format(rules.max_rt_ms, "g"))
    if rules.same_side is not None:
        yield translate(
            "The definition excludes people with at least {share} of a task's answers on one side.",
            share=level(rules.same_side),
        )
    if rules.longest_run is not None:
        yield translate(
            "The definition excludes people with at least {n} answers in a row on one side of a task.",
            n=rules.longest_run,
        )


def estimates(confidence: float, kinds: Sequence[str], translate: Translation) -> str:
    """How means and their intervals are computed, for tasks of these `kinds`."""
    text = translate(
        "Each accuracy and mean score is an average over responses and applies to other participants and other"
        " images of the same kind. Its {confidence} confidence interval is computed from a two-way cluster-robust"
        " variance (participants and images; Cameron, Gelbach & Miller, 2011) and Student's t, with the smaller"
        " number of clusters minus one as degrees of freedom. If the two-way variance is below both one-way"
        " variances, the smaller of these is used. Intervals of accuracies and of"
        " mean scores are computed on the logit scale.",
        confidence=level(confidence),
    )
    for name in dict.fromkeys(kinds):
        if further := ANALYSIS_KINDS[name].texts.further:
            text += " " + translate(further)
    return text


def comparisons_planned(config: AnalysisConfig, translate: Translation) -> list[str]:
    """Sentences: the correction of p-values, what is not corrected, equivalence, planned looks."""
    sentences = [
        translate(
            "The p-values of the comparisons are corrected by Holm's (1979) method over all comparisons named in the"
            " study's definition, which was fixed before the first participant."
        ),
        translate(
            "Their confidence intervals are not adjusted for the number of comparisons. Accuracies by category"
            " and network, response bias and order effects are exploratory."
        ),
    ]
    if config.names_smallest_effect:
        sentences.append(
            translate(
                "Equivalence was tested by two one-sided tests (Schuirmann, 1987) against the smallest effect of"
                " interest of each comparison; these p-values are a family of their own under Holm's correction."
            )
        )
    if rule := config.sequential:
        sentences.append(
            translate(
                "Looks at the data were planned at {looks} of the planned responses; the significance levels"
                " follow an O'Brien–Fleming spending function (Lan & DeMets, 1983), combined with Holm's steps.",
                looks=", ".join(map(level, rule.looks)),
            )
        )
    return sentences


def _comparisons(export: Export, translate: Translation) -> str:
    corrected, *others = comparisons_planned(export.config, translate)
    keys = dict.fromkeys(key for amendment in export.history.amendments for key, *_ in amendment.values)
    if keys:
        names = ", ".join(translate(CHANGES.get(key, key)) for key in keys)
        others.insert(0, translate("Only this was amended afterwards: {changes}.", changes=names))
    text = " ".join([corrected, *others, *between_people(export, translate)])
    if lacking := _lacking(export, translate):
        text += " " + translate(
            "The data were analysed before all planned ratings were in: {lacking}.", lacking=lacking
        )
    elif not export.config.sequential:
        text += " " + translate("No look at the data before they were complete was planned.")
    return f"{text} {_looks(_course(export), translate)}"


def _looks(went: Course, translate: Translation) -> str:
    if not went.is_told:
        return translate("Whether results were looked at before the end is not recorded in the export.")
    return looked(went, translate) or translate("The study's audit log records no look at the results before the end.")


def _lacking(export: Export, translate: Translation) -> str:
    """What is missing of the ratings planned of the first kind of observers, people where there are any."""
    first = export.observer_kinds[:1]
    return unfinished(reached(export.of(*first)), translate) if first else ""


def _further(export: Export, translate: Translation) -> str:
    sentences = [
        translate(
            "As sensitivity analyses the comparisons were repeated with one-way clustering, with the larger one-way"
            " variance, by the pigeonhole bootstrap (Owen, 2007), with and without exclusions and overflow responses"
            " (Steegen et al., 2016)."
        ),
        translate("Agreement is Krippendorff's α (2019); its interval is computed by resampling images 1,000 times."),
    ]
    for kind in _kinds(export):
        sentences += kind.further_sentences(export, translate)
    if export.config.paper:
        sentences.append(
            translate(
                "A figure of Selvaraju et al. (2020) is replicated if two one-sided tests at 5% (Schuirmann,"
                " 1987) show that this study differs from it by less than {margin} of the scale and, for a"
                " comparison, this study's own interval excludes 0 on the paper's side. Otherwise it is not"
                " replicated if the difference from the paper is significantly different from 0, and inconclusive"
                " if not. Verdicts are not corrected for their number. The paper published no standard errors: its"
                " accuracies get the error of 810 responses by 43 workers under this study's design effect, its"
                " mean scores this study's own error, or that of 54 people where this study had more. There is no"
                " verdict below {enough} of the planned ratings.",
                enough=level(ENOUGH),
                margin=level(export.config.equivalence_margin),
            )
        )
    return " ".join(sentences)
