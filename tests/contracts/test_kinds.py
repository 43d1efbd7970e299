"""No code outside a kind's own places knows it by its name, and no kind lacks a part."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.export import TRIALS
from contracts.tasks import ADVICE, AFTER_OWN, DELAYED, KINDS, RESPONSE, Question
from languages.read import languages
from stimuli.tasks.kinds import STIMULI_KINDS
from study.config import TaskConfig
from study.tasks.kinds import STUDY_KINDS
from study.tasks.wording import lacking
from tests.contracts.kind_names import SHARED, holders, in_python, in_script, in_template, module_of, own_kinds

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "models", "stimuli", "study", "analysis", "commands", "languages")
READERS: dict[str, Callable[..., list[str]]] = {
    ".py": in_python,
    ".html": in_template,
    ".js": in_script,
    ".css": in_script,
}
REGISTRIES = {"stimuli": STIMULI_KINDS, "study": STUDY_KINDS, "analysis": ANALYSIS_KINDS}
SENTENCES = {"foil": "table", "foils": 'image,foil\n1,"sky / sea|sea / sky"\n'}
CUES = "network,cue,changed,scenes\na,background,30,40\nb,background,1,40\n"
NAMES = ("class-discrimination", "trust")  # of the snippets below


def product_files(suffix: str) -> list[Path]:
    """Of the product, from the root. Examples, migrations and the languages' data are none of its code."""
    files = [*ROOT.glob("*.py"), *(file for package in PACKAGES for file in (ROOT / package).rglob("*"))]
    return sorted(file.relative_to(ROOT) for file in files if file.suffix == suffix)


@cache
def all_holders() -> frozenset[str]:
    sources = {module: ROOT.joinpath(*module.split(".")).with_suffix(".py") for module in SHARED}
    return frozenset(holders({name: file.read_text(encoding="utf-8") for name, file in sources.items()}, KINDS))


def offences(file: Path, source: str) -> list[str]:
    """Where a product file names a kind that is not its own."""
    others = set(KINDS) - own_kinds(file, KINDS)
    more = (all_holders(),) if file.suffix == ".py" else ()
    return [f"{file}:{found}" for found in READERS[file.suffix](source, others, *more)] if others else []


@pytest.mark.parametrize("suffix", READERS)
def test_no_other_place_knows_a_kind_by_its_name(suffix):
    files = product_files(suffix)
    assert len(files) > 3
    found = [offence for file in files for offence in offences(file, (ROOT / file).read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


def test_a_kind_may_name_itself_and_no_other():
    own = "KINDS['trust']"
    assert not offences(Path("study/tasks/trust.py"), own)
    assert not offences(Path("analysis/tasks/trust/estimates.py"), own)
    assert not offences(Path("contracts/tasks.py"), own)
    for file in ("study/tasks/class_discrimination.py", "study/tasks/items.py", "analysis/tasks/kind.py", "manage.py"):
        assert offences(Path(file), own)


@pytest.mark.parametrize(
    "code",
    [
        'x == "trust"',
        '"class-discrimination" != task.kind',
        'task.kind in ("trust", "other")',
        "task.kind not in {'class-discrimination'}",
        'match task.kind:\n    case "trust":\n        pass',
        "match task.kind:\n    case other:\n        pass",
        '{"trust": 1}[task.kind]',
        'WORDS = {"class-discrimination": "see"}',
        'KINDS["trust"]',
        'STUDY_KINDS.get("trust")',
        'name = "Class discrimination"',
        'name = "class_discrimination"',
        'f"{task}: class-discrimination only"',
        'task.kind.startswith("cl")',
        "task.kind[0]",
        'if kind.name == "t":\n    pass',
        'if facts.name in ("a", "b"):\n    pass',
        'row.trial_type == "t"',
        'trial["kind"] != "t"',
        '"discrimination" in task.kind',
        "from study.tasks import trust",
        "import analysis.tasks.class_discrimination.estimates",
        "from analysis.tasks.trust.estimates import mean_score",
        "from contracts.tasks import TRUST",
        "from contracts import tasks\nif kind is tasks.TRUST:\n    pass",
        "import contracts.tasks as facts\nx = facts.TRUST",
        "from analysis.tasks.kinds import SEEING",
    ],
)
def test_code_that_knows_a_kind_is_found(code):
    """Two constants stand for those that a shared module might hold."""
    assert in_python(code, NAMES, {"contracts.tasks.TRUST", "analysis.tasks.kinds.SEEING"})


@pytest.mark.parametrize(
    "code",
    [
        '"""Trust: speaks of class discrimination."""',
        "kind not in KINDS",
        "task.kind == contrast.kind",
        "KINDS[task.kind].has_truth",
        'kind == "human"',
        'kind.observer_kind == "human"',
        'KINDS[task.kind].swaps == "options"',
        'column.type == "text"',
        '"whom people trust"',
        "task.kind.replace('-', ' ')",
        "from study.tasks.kinds import STUDY_KINDS",
        "from contracts.tasks import KINDS",
    ],
)
def test_code_that_asks_for_a_fact_is_not(code):
    assert not in_python(code, NAMES, {"contracts.tasks.TRUST"})


def test_constants_that_hold_a_kind_are_known():
    sources = {
        "contracts.tasks": 'TRUST = "trust"\nSECOND = Kind(name="trust")\nKINDS = {"trust": SECOND}\nSIZE = 3',
        "analysis.tasks.kinds": "from analysis.tasks.trust.kind import KIND as DOUBT",
    }
    assert holders(sources, NAMES) == {"contracts.tasks.TRUST", "contracts.tasks.SECOND", "analysis.tasks.kinds.DOUBT"}
    assert all_holders() == {
        *(f"{package}.tasks.kinds.{name}" for package in ("stimuli", "study") for name in map(module_of, KINDS)),
        *(f"analysis.tasks.kinds.{module_of(name).upper()}" for name in KINDS),
    }  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        '{% if task.kind == "trust" %}{% endif %}',
        "{% set words = {'class-discrimination': 1} %}",
        "{{ labels.trust }}",
        "{% if kind in ['trust'] %}{% endif %}",
        '<section class="task trust">',
        '<p data-kind="class-discrimination">{{ x }}</p>',
    ],
)
def test_a_template_that_knows_a_kind_is_found(source):
    assert in_template(source, NAMES)
    assert not in_template("<p class='task {{ task.kind }}'>People trust it. {{ say('whom they trust') }}</p>", NAMES)


@pytest.mark.parametrize(
    "source",
    ['if (trial.kind === "trust") {}', "const words = { classDiscrimination: 1 };", ".trust h2 { color: red }"],
)
def test_a_script_or_style_that_knows_a_kind_is_found(source):
    assert in_script(source, NAMES)
    assert not in_script("// trust\n/* class\n discrimination */\nconst url = 'https://x';\ntrusted();", NAMES)


def parts_lacking(name: str) -> list[str]:
    """What a kind lacks, in the order in which it would be added."""
    problems = [f"{package}/tasks" for package, registry in REGISTRIES.items() if name not in registry]
    if name not in KINDS:
        return ["contracts/tasks.py", *problems]
    facts = KINDS[name]
    problems += [] if facts.value in TRIALS else ["a column of the export for its value"]
    if name not in STUDY_KINDS:
        return problems  # which says what words are needed
    problems += [] if facts.questions[0].name == RESPONSE else [f"a first question called {RESPONSE}"]
    if not problems:
        problems += _contradictions(name)
    return problems + [f"{code}: {text}" for code in languages() for text in _texts_lacking(name, code)]


def _contradictions(name: str) -> list[str]:
    """Parts that one package has and another's say it needs."""
    facts, analysis = KINDS[name], ANALYSIS_KINDS[name]
    problems = [] if (STUDY_KINDS[name].balanced is None) == (facts.swaps is None) else ["what is balanced"]
    same = (analysis.sides is None) == (analysis.texts.sides == "") == (facts.swaps is None)
    problems += [] if same else ["whose sides are balanced"]
    return problems + ([] if analysis.template.is_file() else ["the template of its tables"])


def _texts_lacking(name: str, code: str) -> list[str]:
    wordings = languages()[code].tasks.get("kinds", {}).get(name, {}).get("wordings", {"paper": {}})
    settings = ADVICE if KINDS[name].has_advice else (AFTER_OWN,)
    tasks = [_task_that_asks_everything(name, wording, advice) for wording in wordings for advice in settings]
    return [text for task in tasks for text in lacking(task, code)]


def _task_that_asks_everything(name: str, wording: str, advice: str) -> TaskConfig:
    asked = {question.asked_if for question in KINDS[name].questions if question.advice in ("", advice)} - {None}
    return TaskConfig(
        name="t",
        kind=name,
        wording=wording,
        methods=("cam",),
        networks=("a", "b")[: KINDS[name].networks or 2],
        images=9,
        ratings_per_item=1,
        trials_per_participant=1,
        practice=1,
        comprehension=True,
        learning=KINDS[name].classes,
        advice=advice,
        advice_delay=1 if advice == DELAYED else None,
        **SENTENCES if KINDS[name].offers_sentences else {},
        cues=CUES if KINDS[name].asks_reliance_on_cue else "",
        **dict.fromkeys(asked, True),
    )


@pytest.mark.parametrize("name", sorted({*KINDS}.union(*REGISTRIES.values())))
def test_no_kind_lacks_a_part(name):
    assert parts_lacking(name) == []


@pytest.mark.parametrize(
    ("registry", "part"),
    [(KINDS, "contracts/tasks.py"), *((registry, f"{package}/tasks") for package, registry in REGISTRIES.items())],
    ids=["contracts", *REGISTRIES],
)
def test_a_part_that_is_missing_is_named(registry, part):
    whole = dict(registry)
    del registry["trust"]
    try:
        assert parts_lacking("trust") == [part]
    finally:
        registry.clear()
        registry.update(whole)  # in the same order, which the schema of a definition tells


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"value": "wrongness"}, "a column of the export for its value"),
        ({"questions": (Question("other", ("2", "1", "0", "-1", "-2")),)}, "a first question called response"),
        ({"swaps": None}, "what is balanced"),
    ],
)
def test_a_part_that_does_not_fit_is_named(monkeypatch, changed, named):
    monkeypatch.setitem(KINDS, "trust", replace(KINDS["trust"], **changed))
    assert named in parts_lacking("trust")


@pytest.mark.parametrize("code", list(languages()))
@pytest.mark.parametrize("place", ["steps", "example", "questions.confidence"])
def test_a_text_that_a_language_lacks_is_named(monkeypatch, code, place):
    *tables, text = place.split(".")
    section = languages()[code].tasks["kinds"]["class-discrimination"]
    monkeypatch.delitem(section[tables[0]] if tables else section, text)
    named = f"{code}: kinds.class-discrimination.{place}: "
    assert any(problem.startswith(named) for problem in parts_lacking("class-discrimination"))
