"""The structure inside the packages: layers, no circle, short files and functions."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "languages", "models", "stimuli", "study", "analysis", "definition", "commands")
LAYERS = {
    "definition": (
        "sections",
        "schema",
        "conditions",
        "joint_scale",
        "learning",
        "requests",
        "own_words",
        "effects",
        "read",
        "packing",
        "__init__",
    ),
    "stimuli": (
        "__init__",
        "errors",
        "rendering",
        "config",
        "method_config",
        "evaluate_config",
        "devices",
        "tasks",
        "explain",
        "produce",
        "evaluate",
        "gallery",
        "failures",
        "attack",
        "bias",
        "answers",
        "units",
    ),
    "study": (
        *(
            "errors",
            "clock",
            "markdown",
            "words",
            "return_address",
            "pay",
            "audience",
            "information",
            "offered",
            "config",
            "questionnaires",
            "screening",
            "retention",
            "security",
            "database",
            "definition",
            "tasks",
            "recruitment",
        ),
        *(
            "taking_part",
            "conduct",
            "export",
            "rehearsal",
            "settings",
            "views",
            "__init__",
            "worker",
            "metrics",
            "deployment",
            "serve",
        ),
    ),
    "analysis": (
        *("config", "notes", "paper", "display", "estimation", "data", "tasks", "reading", "robustness", "simulation"),
        *("questionnaires", "measured", "results", "observed", "report", "preregistration"),
    ),
}
"""The parts of a package in layers, the lowest first: each imports only parts named before it."""
LONGEST_FILE, MEDIAN_FUNCTION = 400, 8  # lines


def modules() -> dict[str, Path]:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    files.append(ROOT / "manage.py")
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


MODULES = modules()


def imports(node: ast.AST) -> Iterator[str]:
    """What is imported, inside functions and for type checkers too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            names = [f"{child.module}.{alias.name}" for alias in child.names]
            yield from (name if name in MODULES else child.module for name in names)
        yield from imports(child)


@cache
def graph() -> dict[str, set[str]]:
    """Each module with those of ours that it imports."""
    return {
        name: {imported for imported in imports(ast.parse(file.read_text(encoding="utf-8"))) if imported in MODULES}
        for name, file in MODULES.items()
    }


def part(module: str) -> str:
    """The part of its package that holds a module."""
    return [*module.split("."), "__init__"][1]


def test_no_module_imports_itself_by_way_of_others():
    others = {name: imported - {name} for name, imported in graph().items()}
    try:
        TopologicalSorter(others).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("package", LAYERS)
def test_no_part_of_a_package_imports_one_above_it(package):
    layer = {name: number for number, name in enumerate(LAYERS[package])}
    edges = [(name, to) for name, imported in graph().items() for to in imported]
    inside = [(name, to) for name, to in edges if {name.split(".")[0], to.split(".")[0]} == {package}]
    assert inside
    assert [f"{name} imports {to}" for name, to in inside if layer[part(name)] < layer[part(to)]] == []


def test_no_file_is_long():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    files = [ROOT / name for name in tracked if name.endswith((".py", ".js", ".html", ".css"))]
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files if file.exists()}
    assert len(lengths) > 300
    assert {str(file): length for file, length in lengths.items() if length > LONGEST_FILE} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_functions_are_short(package):
    """Half of a package's functions have at most eight lines, beside what documents them."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in (ROOT / package).rglob("*.py")]
    functions = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert median(length(function) for function in functions) <= MEDIAN_FUNCTION


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return function.end_lineno - function.lineno + 1 - documented
