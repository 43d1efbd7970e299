"""From the TOML file to a definition, or to a message that names every key at fault."""

import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from analysis.config import AnalysisConfig
from contracts.conditions import ConditionConfig
from contracts.hashing import canonical_sha256
from contracts.image_files import image_as_text
from contracts.methods import METHOD_NAMES, PHOTOGRAPH
from contracts.original import OriginalConfig, unknown_questions, unknown_tasks
from contracts.tasks import KINDS
from contracts.text_files import NotTextError, read_text
from definition.conditions import contradicting_conditions
from definition.effects import impossible_effects
from definition.joint_scale import faults_of_joint_scale
from definition.learning import faults_of_learning
from definition.own_words import read_own_words, unknown_categories
from definition.requests import further, request_of
from definition.schema import nearest_keys
from definition.sections import OPTIONAL_SECTIONS, SECTIONS, UNWRITTEN, adapter_of
from models.config import DatasetConfig, NetworkConfig, named_by_torchvision, not_asked_for
from stimuli.attack.config import AttackConfig
from stimuli.bias.config import BiasConfig
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.evaluate_config import EvaluateConfig
from stimuli.method_config import MethodConfig, unknown_method
from stimuli.rendering import Rendering
from study.audience import RecruitmentConfig
from study.config import ParticipantsConfig, StudyConfig, TaskConfig
from study.questionnaires import QuestionnaireConfig
from study.questionnaires import problems as problems_of_questionnaires
from study.recruitment.providers import PROVIDERS, problems_of_provider
from study.retention import DataConfig
from study.screening import ScreeningConfig
from study.screening import problems as problems_of_screening
from study.tasks.own_words import faults_of_own_words

VAR = Path(__file__).resolve().parents[1] / "var"
_DEEPEST = 50  # tables or lists in each other; a definition has six


class DefinitionError(Exception):
    """The study definition cannot be used; the message lists every key that is wrong and what was expected."""


@dataclass(frozen=True)
class Definition:
    """A study definition: each package's section, the document they were read from and its hash."""

    path: Path
    dataset: DatasetConfig
    networks: dict[str, NetworkConfig]
    methods: dict[str, MethodConfig]
    stimuli: StimuliConfig
    evaluate: EvaluateConfig
    study: StudyConfig
    tasks: tuple[TaskConfig, ...]
    conditions: tuple[ConditionConfig, ...]
    participants: ParticipantsConfig
    recruitment: RecruitmentConfig
    analysis: AnalysisConfig
    questionnaires: tuple[QuestionnaireConfig, ...]
    screening: ScreeningConfig
    data: DataConfig
    original: OriginalConfig
    attack: AttackConfig
    bias: BiasConfig
    document: dict[str, Any]
    sha256: str

    @property
    def requests(self) -> tuple[StimulusRequest, ...]:
        """What the tasks ask of the stimulus set."""
        return tuple(request_of(task, self.dataset, self.networks) for task in self.tasks)

    @property
    def request_sha256(self) -> str:
        """Hash of everything in the definition that decides the stimuli, and of nothing else."""
        stimuli = {k: v for k, v in self.document["stimuli"].items() if k not in {"output", "batch_size", "device"}}
        asked = [[r.task, r.kind, r.images, r.methods, r.networks, *further(r)] for r in self.requests]
        methods = _without_names(self.document.get("methods", {}))
        networks = self.document.get("networks", {})
        return canonical_sha256([self.document["dataset"], networks, stimuli, asked, *([methods] if methods else [])])


def _without_names(methods: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What decides the pictures of methods: how they are called does not."""
    return {name: {key: value for key, value in told.items() if key != "name"} for name, told in methods.items()}


TABLES = ("foils", "cues", "error_groups")  # keys of a task that name a file


def load_definition(path: Path) -> Definition:
    """Read, complete and check a study definition (TOML). Raises DefinitionError naming every key at fault."""
    written = read_document(path)
    document = OPTIONAL_SECTIONS | written
    problems = [f"{key}: unknown section{_did_you_mean([key])}" for key in document if key not in SECTIONS]
    problems += _read_texts(document, path.parent)
    problems += _read_logo(document, path.parent)
    problems += read_own_words(document, path.parent)
    problems += [problem for key in TABLES for problem in _read_tables(document, path.parent, key)]
    if any("\0" in text for text in _texts_in(document)):
        problems.append("a text holds a NUL character (\\u0000), which no database stores; remove it")
    sections: dict[str, Any] = {}
    for name, kind in SECTIONS.items():
        if name not in document:
            problems.append(f"{name}: this section is missing")
            continue
        try:
            given = _with_checkpoints(document) if name == "networks" else document[name]
            sections[name] = adapter_of(kind).validate_python(given, context={"folder": path.parent})
        except ValidationError as error:
            problems += [f"{_place(document, name, *e['loc'])}: {_expected(e, name)}" for e in error.errors()]
    if not problems:
        problems = _contradictions(document, **sections)
    document = {name: part for name, part in document.items() if name in written or name not in UNWRITTEN}
    if problems:
        raise DefinitionError(f"{path} cannot be used:\n" + "\n".join(f"  {p}" for p in problems))
    return Definition(path=path, document=document, sha256=canonical_sha256(document), **sections)


def _with_checkpoints(document: dict[str, Any]) -> Any:
    """`[networks]` with a place for checkpoints that are not told: beside the stimuli, in var/ if those are afar."""
    networks, stimuli, study = (document.get(name) for name in ("networks", "stimuli", "study"))
    output = stimuli.get("output") if isinstance(stimuli, dict) else None
    slug = study.get("slug") if isinstance(study, dict) else None
    if not isinstance(networks, dict) or not isinstance(output, str):
        return networks
    beside = VAR / str(slug) / "stimuli" if "://" in output else Path(output)
    return {
        name: {"checkpoint": str(beside.parent / "networks" / f"{name}.safetensors")} | named_by_torchvision(network)
        if isinstance(network, dict)
        else network
        for name, network in networks.items()
    }


def read_document(path: Path) -> dict[str, Any]:
    """The TOML file as it is written, none of it checked. Raises DefinitionError where it is missing or no TOML."""
    try:
        document = tomllib.loads(read_text(path))
        if _is_deeper(document, _DEEPEST):
            raise RecursionError
    except FileNotFoundError:
        raise DefinitionError(f"no study definition at {path}; examples/demo.toml is one to start from") from None
    except NotTextError as error:
        raise DefinitionError(f"no study definition: {error}") from None
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read ({error.strerror}); mend that or name another file") from None
    except RecursionError:
        raise DefinitionError(f"{path} is no study definition: lists or tables are nested too deeply") from None
    except ValueError as error:
        raise DefinitionError(f"{path} is not valid TOML: {error}") from None
    return document


def _is_deeper(value: Any, levels: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not levels or any(_is_deeper(v, levels - 1) for v in inside)


def _texts_in(value: Any) -> Iterator[str]:
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict | list):
            yield from _texts_in(part)


def _read_texts(document: dict[str, Any], folder: Path) -> list[str]:
    """Replace the names of consent and debriefing files by their texts, so that the hash covers what people read."""
    problems = []
    for field in ("consent", "debriefing"):
        study = document.get("study")
        files: Any = study.get(field) if isinstance(study, dict) else None
        for language, name in files.items() if isinstance(files, dict) else ():
            place, file = f"study.{field}.{language}", folder / str(name)
            try:
                files[language] = read_text(file)
            except NotTextError as error:
                problems.append(f"{place}: {error}")
            except (OSError, ValueError) as error:
                problems.append(f"{place}: cannot read {file} ({getattr(error, 'strerror', error)})")
    return problems


def _read_logo(document: dict[str, Any], folder: Path) -> list[str]:
    """Replace the name of the logo's file by its content: the definition is then whole wherever it is opened."""
    study = document.get("study")
    information: Any = study.get("information") if isinstance(study, dict) else None
    name = information.get("logo") if isinstance(information, dict) else None
    if not name:
        return []
    file = folder / str(name)
    try:
        information["logo"] = image_as_text(file)
    except (OSError, ValueError) as error:
        return [f"study.information.logo: cannot use {file} ({getattr(error, 'strerror', None) or error})"]
    return []


def _read_tables(document: dict[str, Any], folder: Path, key: str) -> list[str]:
    """Replace the names of the tasks' tables `key` by their content, so that the hash covers what is asked."""
    problems, tasks = [], document.get("tasks")
    for number, task in enumerate(tasks if isinstance(tasks, list) else ()):
        if not (isinstance(task, dict) and task.get(key)):
            continue
        file = folder / str(task[key])
        try:
            task[key] = read_text(file)
        except (OSError, ValueError) as error:
            place = _place(document, "tasks", number)
            problems.append(f"{place}: {key}: cannot read {file} ({getattr(error, 'strerror', None) or error})")
    return problems


# What one entry of a list of that name is called.
_ENTRIES = {
    "tasks": "task",
    "conditions": "condition",
    "comprehension": "question",
    "attention": "attention check",
    "contrasts": "contrast",
    "demographics": "question",
    "methods": "method",
    "networks": "network",
    "categories": "category",
    "languages": "language",
    "looks": "look",
    "questionnaires": "questionnaire",
    "items": "item",
    "metrics": "metric",
    "questions": "question",
}


def _place(document: dict[str, Any], *location: int | str) -> str:
    """The place of a value, for people: `study.minutes`, `task 1 ("seeing"): images`. Entries count from one."""
    groups: list[list[str]] = [[]]
    found: Any = document
    for part in location:
        if isinstance(part, int):
            found = found[part] if isinstance(found, list) and part < len(found) else None
            listed = groups[-1].pop()
            groups += [[f"{_ENTRIES.get(listed, listed)} {part + 1}{_named(found)}"], []]
        elif "[" not in part:  # pydantic's own words for a key, or for one of several types
            found = found.get(part) if isinstance(found, dict) else None
            groups[-1].append(part)
    return ": ".join(".".join(group) for group in groups if group)


# What a value of another shape should be, by pydantic's name of the error.
_TABLE = "one table is expected, as [name] begins it"
_SHAPES = {
    **dict.fromkeys(("model_type", "dict_type"), _TABLE),
    "path_type": "the path of a file is expected, in quotes",
    **dict.fromkeys(("tuple_type", "list_type"), "a list is expected: […], or for tables [[name]]"),
}
_LENGTHS = {
    "too_short": "at least {min_length} entries are needed, not {actual_length}; add more",
    "too_long": "at most {max_length} entries are possible, not {actual_length}; remove some",
}


def _named(entry: Any) -> str:
    name = entry.get("name") if isinstance(entry, dict) else entry
    return f' ("{name[:60]}")' if isinstance(name, str) and name else ""


def _expected(error: Any, section: str) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown key{_did_you_mean([section, *error['loc']])}"
    whole = error["type"] == "missing" or isinstance(error["input"], dict)  # the message names what is wrong in it
    given = "" if whole else f" (given: {_short(error['input'])})"
    if error["type"] in _LENGTHS:
        return _LENGTHS[error["type"]].format(**error["ctx"]) + given
    return _SHAPES.get(error["type"], error["msg"].removeprefix("Value error, ")) + given


def _did_you_mean(location: list[int | str]) -> str:
    near = nearest_keys(location)
    return f"; is {' or '.join(near)} meant?" if near else ""


def _short(value: Any) -> str:
    try:
        return repr(str(value)[:60])
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "a number of thousands of digits"


def _contradictions(
    document: dict[str, Any],
    networks: dict[str, NetworkConfig],
    methods: dict[str, MethodConfig],
    tasks: tuple[TaskConfig, ...],
    conditions: tuple[ConditionConfig, ...],
    stimuli: StimuliConfig,
    participants: ParticipantsConfig,
    recruitment: RecruitmentConfig,
    analysis: AnalysisConfig,
    study: StudyConfig,
    questionnaires: tuple[QuestionnaireConfig, ...],
    screening: ScreeningConfig,
    original: OriginalConfig,
    dataset: DatasetConfig,
    **_: Any,
) -> list[str]:
    """What no single section can see."""
    problems = []
    names = [task.name for task in tasks]
    problems += [f"tasks: two tasks are named {n!r}" for n in sorted({n for n in names if names.count(n) > 1})]
    problems += problems_of_provider(participants.provider, recruitment)
    problems += problems_of_questionnaires(questionnaires, study.languages, names)
    provider = PROVIDERS.get(participants.provider)
    problems += problems_of_screening(screening, study.languages, study.slug, provider is None or provider.knows_people)
    problems += unknown_tasks(original, names)
    problems += unknown_questions(original, {q.name: q.numbered for q in questionnaires})
    scored = [questionnaire.name for questionnaire in questionnaires if questionnaire.has_score]
    problems += [
        f"analysis.moderators: no questionnaire {name!r} has a score; there are {', '.join(scored) or 'none'}"
        for name in analysis.moderators
        if name not in scored
    ]
    if not tasks:
        problems.append("tasks: at least one [[tasks]] is needed")
    problems += not_asked_for(document["networks"])
    known = {**METHOD_NAMES, **methods}
    problems += [f"stimuli.recipes: {unknown_method(m, known)}" for m in stimuli.recipes if m not in known]
    for i, task in enumerate(tasks):
        place = _place(document, "tasks", i)
        problems += [f"{place}: {fault}" for fault in faults_of_own_words(task, study.languages)]
        problems += [f"{place}: {fault}" for fault in unknown_categories(task, dataset.categories)]
        problems += [f"{place}: {fault}" for fault in faults_of_learning(task, tasks, conditions, dataset)]
        problems += [f"{place}: methods: {unknown_method(m, known)}" for m in task.explained_by if m not in known]
        problems += [f"{place}: {problem}" for problem in _unknown_networks(task, networks, methods)]
        problems += [f"{place}: {problem}" for problem in _wrong_recipes(task, methods, stimuli)]
        problems += [f"{place}: {fault}" for fault in faults_of_joint_scale(task, methods, stimuli)]
    problems += contradicting_conditions(conditions, tasks)
    compared = {task.name: task.methods for task in tasks}
    kinds = {task.name: KINDS[task.kind] for task in tasks}
    problems += impossible_effects(kinds, analysis)
    for i, contrast in enumerate(analysis.contrasts):
        place = _place(document, "analysis", "contrasts", i)
        if contrast.task not in compared:
            problems.append(f"{place}: task: no task {contrast.task!r}; there are {', '.join(names)}")
            continue
        of, there = "method", compared[contrast.task]
        if contrast.of == "conditions":
            of, there = "condition", tuple(c.name for c in conditions if c.does(contrast.task))
        problems += [
            f"{place}: task {contrast.task!r} has no {of} {name!r}; it has {', '.join(there) or 'none'}"
            for name in (contrast.a, contrast.b)
            if name not in there
        ]
    return problems


def _unknown_networks(task: TaskConfig, networks: Collection[str], methods: dict[str, MethodConfig]) -> Iterator[str]:
    """Where all methods have pictures that are made already, a network is only a name in their tables."""
    made = {name for name, method in methods.items() if method.pictures}
    made |= {PHOTOGRAPH} if made else set()  # it is drawn beside them
    computed = [m for m in task.methods if m not in made and _is_known(m, methods)]
    for name in task.networks:
        if computed and name not in networks:
            there = ", ".join(networks) or "none"
            yield f"networks: no network {name!r}, which {computed[0]} is computed for; [networks] has {there}"


def _is_known(method: str, methods: Collection[str]) -> bool:
    return method == PHOTOGRAPH or method in METHOD_NAMES or method in methods


def _wrong_recipes(task: TaskConfig, methods: dict[str, MethodConfig], stimuli: StimuliConfig) -> Iterator[str]:
    for method in task.explained_by:
        if problem := _wrong_recipe(method, task.kind, methods.get(method), stimuli.rendering_of(method)):
            yield problem


def _wrong_recipe(method: str, kind: str, config: MethodConfig | None, rendering: Rendering) -> str:
    if rendering.facts.is_finished and not (config and config.pictures):
        return f"methods: {method} is computed, so the recipe as-is cannot show it; give it another in stimuli.recipes"
    if KINDS[kind].tiles and config and config.pictures:
        return (
            f"methods: {kind} draws the explanations of {KINDS[kind].tiles} classes on one scale, and those of {method}"
            f" are made already; compute them by methods.{method}.function, or choose another kind"
        )
    if rendering.facts.shows_photograph and KINDS[kind].hides_photograph:
        return (
            f"kind: {kind} must not show the photograph, and recipe {rendering.recipe!r} of {method} does;"
            " heat-v1 draws the same colours without it"
        )
    return ""
