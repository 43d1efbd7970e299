"""The rooms stay apart: who may import whom, checked on the source and in a fresh process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    "models": {"commands", "flask", "sqlalchemy", "stimuli", "study", "analysis"},
    "stimuli": {"commands", "flask", "sqlalchemy", "study", "analysis"},
    "study": {"commands", "torch", "torchvision", "pandas", "models", "analysis"},
    "analysis": {"commands", "torch", "torchvision", "flask", "sqlalchemy", "study", "stimuli", "models"},
}


def imported_names(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_no_room_it_may_not(room):
    offences = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / room).rglob("*.py")
        for name in imported_names(file)
        if name.split(".")[0] in FORBIDDEN[room]
    ]
    assert not offences


def test_study_sees_of_stimuli_only_the_manifest():
    offences = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / "study").rglob("*.py")
        for name in imported_names(file)
        if name.split(".")[0] == "stimuli" and not name.startswith("stimuli.manifest")
    ]
    assert not offences


@pytest.mark.parametrize(
    ("module", "unloaded"),
    [
        ("study", "torch pandas"),
        ("manage", "torch flask pandas"),
        ("stimuli.manifest", "torch"),
        ("analysis.load", "torch flask"),
    ],
)
def test_importing_a_leaf_loads_nothing_heavy(module, unloaded):
    code = f"import sys, {module}; print([m for m in {unloaded.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
