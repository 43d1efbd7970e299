"""The packages stay apart: who may import whom, checked on the source and in a fresh process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"contracts", "languages", "models", "stimuli", "study", "analysis", "commands", "definition", "manage"}
MAY_IMPORT = {
    "contracts": set(),
    "languages": set(),
    "models": {"contracts"},
    "stimuli": {"contracts", "models"},
    "study": {"contracts", "languages"},
    "analysis": {"contracts", "languages"},
}
"""What each package may import of the others. Commands and the definition see all of them."""
HEAVY = {
    "contracts": {"torch", "torchvision", "flask", "sqlalchemy", "pandas", "numpy", "scipy"},
    "languages": {"torch", "torchvision", "flask", "sqlalchemy", "pandas", "numpy", "scipy"},
    "models": {"flask", "sqlalchemy"},
    "stimuli": {"flask", "sqlalchemy"},
    "study": {"torch", "torchvision", "pandas"},
    "analysis": {"torch", "torchvision", "flask", "sqlalchemy"},
}


def imported_names(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_no_package_it_may_not(package):
    forbidden = PACKAGES - MAY_IMPORT[package] - {package} | HEAVY[package]
    offences = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / package).rglob("*.py")
        for name in imported_names(file)
        if name.split(".")[0] in forbidden
    ]
    assert not offences


@pytest.mark.parametrize(
    ("module", "unloaded"),
    [
        ("study", "torch pandas"),
        ("manage", "torch flask pandas"),
        ("contracts.stimulus_set", "torch flask pandas numpy"),
        ("analysis.reading.load", "torch flask"),
    ],
)
def test_importing_a_leaf_loads_nothing_heavy(module, unloaded):
    code = f"import sys, {module}; print([m for m in {unloaded.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
