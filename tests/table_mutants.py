"""Mutants of what `make mutants` leaves alone: tables at a module's top level, fields of classes, decorated functions.

    python tests/table_mutants.py analysis/estimation study/taking_part

changes one number, text, comparison or operator at a time, in a process of its own, and runs the test files that
import the module, the nearest and the most successful first, until one fails. Results are kept in `mutants/tables.json`
by the text of the change, so a run goes on where it stopped. `--again` tries survivors again, `--show` only prints.
"""

import ast
import copy
import importlib.util
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.abc import MetaPathFinder, SourceLoader
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("contracts", "study/tasks", "study/taking_part", "analysis/estimation")
RESULTS = ROOT / "mutants" / "tables.json"
QUICK = "not (browser or calibration or postgres or r or ray or slow)"
QUIET = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:unraisableexception"]
HEAVY = (
    "numpy", "pandas", "scipy.optimize", "scipy.stats", "scipy.special", "sqlalchemy.orm", "alembic", "flask",
    "matplotlib.figure", "fontTools.ttLib", "pydantic", "markdown_it", "babel.messages", "PIL.Image",
)  # fmt: skip
OTHERS = {".venv", "node_modules", "mutants"}  # folders
PROSE = 4  # spaces: a text of five words or more is prose, and stays
KILLED, SURVIVED = "killed", "survived"
Job = tuple[Path, str, ast.Module]  # a file, the change, the changed module
OTHER: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Div, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


class Change(ast.NodeTransformer):
    """Makes the `wanted`-th change of a module and tells it in `told`; without one it counts them in `found`."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted, self.found, self.told = wanted, 0, ""

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = [self._statement(statement) for statement in node.body]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [self._statement(statement) for statement in node.body]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Those without decorators are mutmut's; annotations stay."""
        if node.decorator_list:
            node.body = [self._statement(statement) for statement in node.body]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = self.visit(node.value) if node.value else None
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        return self._or(self.generic_visit(node), ast.Return(ast.Constant(None)))

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        value: Any = node.value
        match value:
            case bool():
                return self._or(node, ast.Constant(not value))
            case int() | float():
                return self._or(node, ast.Constant(value + 1))
            case str() if value.count(" ") < PROSE:
                return self._or(node, ast.Constant(f"XX{value}XX"))
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        """What describes a field is prose."""
        return node if node.arg == "description" else self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        return self._or(self.generic_visit(node), node.operand)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return self._or(self.generic_visit(node), ast.BinOp(node.left, _other(node.op), node.right))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        return self._or(self.generic_visit(node), ast.BoolOp(_other(node.op), node.values))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        return self._or(self.generic_visit(node), ast.Compare(node.left, [*map(_other, node.ops)], node.comparators))

    def _statement(self, node: ast.stmt) -> Any:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        return node if is_docstring or is_for_types else self.visit(node)

    def _or(self, node: ast.AST, changed: ast.AST) -> ast.AST:
        self.found += 1
        if self.found - 1 != self.wanted:
            return node
        self.told = f"{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0)}: {ast.unparse(node)} → {ast.unparse(changed)}"
        return ast.copy_location(changed, node)


def _other(operator: Any) -> Any:
    return OTHER.get(type(operator), type(operator))()


def mutants(file: Path) -> Iterator[tuple[str, ast.Module]]:
    """What each change is, and the module with it; a change that changes nothing is left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    count = Change()
    count.visit(copy.deepcopy(tree))
    for wanted in range(count.found):
        change = Change(wanted)
        changed = ast.fix_missing_locations(change.visit(copy.deepcopy(tree)))
        if ast.dump(changed) != ast.dump(tree):
            yield change.told, changed


class Changed(MetaPathFinder, SourceLoader):
    """Imports one module as it was changed."""

    def __init__(self, name: str, file: Path, tree: ast.Module) -> None:
        self.name, self.file, self.tree = name, file, tree

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_file_location(name, self.file, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> Any:
        return compile(self.tree, self.file, "exec")

    def get_filename(self, fullname: str) -> str:
        return str(self.file)

    def get_data(self, path: Any) -> bytes:
        return Path(path).read_bytes()


def files_of(package: str) -> list[Path]:
    """Of a folder, or the file itself."""
    place = ROOT / package
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(file: Path) -> set[str]:
    """Everything that a file may import: modules, and names in them."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return whole | {name for node in parts for name in (node.module, *(f"{node.module}.{a.name}" for a in node.names))}


def tests_of(name: str, graph: dict[str, set[str]]) -> list[str]:
    """Test files that reach a module, those at the fewest imports' distance first; of these, those of its name."""
    distance, ring = {name: 0}, {name}
    while ring:
        ring = {each for each, needs in graph.items() if needs & ring} - distance.keys()
        distance |= dict.fromkeys(ring, max(distance.values()) + 1)
    tests = [each for each in distance if each.rpartition(".")[2].startswith("test_")]
    folder, own = "tests." + name.rpartition(".")[0], name.rpartition(".")[2]
    return sorted(tests, key=lambda t: (own not in t, distance[t], not t.startswith(folder), t))


def run(say: Connection, changed: Changed, tests: list[str], seconds: float) -> None:
    """In a process of its own: the test file that failed first, or an empty text."""
    os.setsid()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.meta_path.insert(0, changed)
    end = time.monotonic() + seconds
    for test in tests:
        if time.monotonic() < end and pytest.main([*QUIET, "-m", QUICK, test]) not in (0, 5):
            say.send(test)
            os._exit(0)
    say.send("")
    os._exit(0)


def killer(changed: Changed, tests: list[str], seconds: float) -> str:
    """The test file that noticed; "never ended" where the tests took thrice the time; empty: none did.

    Raises EOFError where the process did not say anything.
    """
    hear, say = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=run, args=(say, changed, tests, seconds))
    process.start()
    say.close()
    has_ended = hear.poll(3 * seconds + 60)
    if not has_ended and process.pid:
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return hear.recv() if has_ended else "never ended"
    finally:
        process.join()


class Results:
    """What was found, by the module and the text of the change."""

    def __init__(self) -> None:
        self.of: dict[str, str] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        self.best: dict[str, Counter[str]] = {}
        self._one_writes = threading.Lock()

    def add(self, module: str, told: str, test: str) -> None:
        self.of[f"{module} {told}"] = (test and f"{KILLED} by {test}") or SURVIVED
        self.best.setdefault(module, Counter())[test] += 1
        RESULTS.parent.mkdir(exist_ok=True)
        with self._one_writes:
            RESULTS.write_text(json.dumps(self.of, indent=0, ensure_ascii=False))

    def is_to_try(self, name: str, again: bool) -> bool:
        return name not in self.of or (again and self.of[name] == SURVIVED)


class Trials:
    """Tries mutants; a test that also fails without a change is not asked again."""

    def __init__(self, seconds: float, results: Results) -> None:
        files = [file for file in ROOT.rglob("*.py") if not OTHERS & {*file.parts}]
        self.graph = {module_of(file): imported(file) for file in files}
        self.paths = {module_of(file): str(file.relative_to(ROOT)) for file in files}
        self.seconds, self.results = seconds, results
        self.reliable: dict[str, bool] = {}

    def try_one(self, job: Job) -> None:
        file, told, tree = job
        module = module_of(file)
        first = self.results.best.get(module, Counter())
        tests = sorted((self.paths[t] for t in tests_of(module, self.graph)), key=lambda path: -first[path])
        while True:
            tests = [test for test in tests if self.reliable.get(test, True)]
            test = killer(Changed(module, file, tree), tests, self.seconds)
            if test not in tests or self._is_reliable(file, tests[: tests.index(test) + 1]):
                return self.results.add(module, told, test)

    def _is_reliable(self, file: Path, tests: list[str]) -> bool:
        test = tests[-1]
        if test not in self.reliable:
            unchanged = Changed(module_of(file), file, ast.parse(file.read_text(encoding="utf-8")))
            self.reliable[test] = killer(unchanged, tests, 3 * self.seconds) != test
        return self.reliable[test]


def try_all(files: list[Path], asked: Namespace, results: Results) -> None:
    jobs = [(file, *mutant) for file in files for mutant in mutants(file)]
    jobs = [job for job in jobs if results.is_to_try(f"{module_of(job[0])} {job[1]}", asked.again)]
    with ThreadPoolExecutor(asked.processes) as pool:
        list(pool.map(Trials(asked.seconds, results).try_one, jobs))


def show(packages: list[str], results: Results) -> None:
    print("| package | mutants | killed | survived | killed of tried |", "|---|---|---|---|---|", sep="\n")
    survivors = []
    for package in packages:
        names = [f"{module_of(f)} {told}" for f in files_of(package) for told, _ in mutants(f)]
        survivors += [name for name in names if results.of.get(name) == SURVIVED]
        tried = [results.of[name] for name in names if name in results.of]
        killed = sum(outcome != SURVIVED for outcome in tried)
        print(f"| `{package}` | {len(names)} | {killed} | {len(tried) - killed} | {killed / max(len(tried), 1):.1%} |")
    print(*("", *survivors), sep="\n")


def main() -> None:
    asks = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asks.add_argument("packages", nargs="*", default=list(PACKAGES), help="folders or files")
    asks.add_argument("--seconds", type=float, default=10.0, help="after which no further test file is begun")
    asks.add_argument("--processes", type=int, default=2)
    asks.add_argument("--again", action="store_true", help="try survivors again")
    asks.add_argument("--show", action="store_true", help="try nothing")
    asked = asks.parse_args()
    results = Results()
    if not asked.show:
        for name in HEAVY:
            importlib.import_module(name)
        files = [file for package in asked.packages for file in files_of(package)]
        try_all(files, asked, results)
    show(asked.packages, results)


if __name__ == "__main__":
    main()
