"""Finds where code, templates and scripts know a kind of task by its name.

What counts: a string that is a kind's name however it is spelled, or holds one of several words; a comparison, match or
part of what is plainly a kind's name with any string; an import of a kind's own module, or of a constant that holds a
kind. Docstrings, comments and sentences may speak of a kind.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from jinja2 import Environment, nodes

SHARED = ("contracts.tasks", "stimuli.tasks.kinds", "study.tasks.kinds", "analysis.tasks.kinds")
"""The modules that list all kinds."""

_KIND_OBJECTS = {"kind", "facts"}
_PARTS_OF_TEXT = {"startswith", "endswith", "find", "index", "count", "split", "partition", "__contains__"}


def normal(text: str) -> str:
    """However it is spelled: "Class discrimination", class_discrimination."""
    return re.sub(r"[\W_]+", "-", text.strip()).lower()


def module_of(kind: str) -> str:
    return kind.replace("-", "_")


def own_kinds(path: Path, kinds: Collection[str]) -> set[str]:
    """The kinds that a product file (path from the root) may name."""
    module = ".".join(path.with_suffix("").parts)
    if module in SHARED:
        return set(kinds)
    return {
        kind
        for kind in kinds
        for package in ("stimuli", "study", "analysis")
        if f"{module}.".startswith(f"{package}.tasks.{module_of(kind)}.")
    }


def in_text(text: str, kinds: Collection[str]) -> bool:
    """Whether a string is a kind's name, or holds one that no sentence would."""
    written = [spelled for kind in kinds if "-" in kind for spelled in (kind, module_of(kind))]
    return normal(text) in kinds or any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in written)


def in_python(source: str, kinds: Collection[str], holders: Collection[str] = ()) -> list[str]:
    """Offences as "line: what"; `holders` are constants "module.NAME" that hold a kind."""
    tree = ast.parse(source)
    documented = set(map(id, _docstrings(tree)))
    modules = dict(_aliases(tree))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            found += [(node.lineno, f"the string {node.value!r}")] if in_text(node.value, kinds) else []
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found += [(node.lineno, f"imports {name}") for name in _imported(node) if _holds(name, kinds, holders)]
        elif isinstance(node, ast.Attribute) and _path(node, modules) in holders:
            found.append((node.lineno, f"uses {ast.unparse(node)}"))
        elif _dissects(node):
            found.append((node.lineno, f"takes a kind's name apart: {ast.unparse(node)[:80]}"))
    return [f"{line}: {what}" for line, what in sorted(found)]


def holders(sources: dict[str, str], kinds: Collection[str]) -> set[str]:
    """Constants "module.NAME" of the shared modules whose value names a kind, or that are a kind's own object."""
    return {
        f"{module}.{name}"
        for module, source in sources.items()
        for statement in ast.parse(source).body
        for name in _holding(statement, kinds)
    }


def in_template(source: str, kinds: Collection[str]) -> list[str]:
    """The same of a Jinja template: its expressions, and the attributes of its HTML."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(source)
    found = [
        (node.lineno, f"the string {node.value!r}")
        for node in tree.find_all(nodes.Const)
        if isinstance(node.value, str) and in_text(node.value, kinds)
    ]
    found += [(node.lineno, f".{node.attr}") for node in tree.find_all(nodes.Getattr) if normal(node.attr) in kinds]
    for text in tree.find_all(nodes.TemplateData):
        tags = " ".join(re.findall(r"<[^>]*>?|^[^<]*>", text.data))
        found += [(text.lineno, f"the attribute {word}") for word in _words(tags, kinds)]
    return [f"{line}: {what}" for line, what in sorted(found)]


def in_script(source: str, kinds: Collection[str]) -> list[str]:
    """The same of JavaScript and of CSS: no word outside the comments."""
    bare = re.sub(r"/\*.*?\*/|(?<![:\w])//[^\n]*", lambda found: "\n" * found[0].count("\n"), source, flags=re.DOTALL)
    lines = enumerate(bare.splitlines(), start=1)
    return [f"{number}: {word}" for number, line in lines for word in _words(line, kinds)]


def _words(text: str, kinds: Collection[str]) -> list[str]:
    pattern = "|".join("[-_ ]?".join(map(re.escape, kind.split("-"))) for kind in kinds)
    return re.findall(rf"(?<![a-zA-Z])(?:{pattern})(?![a-zA-Z])", text, flags=re.IGNORECASE)


def _docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    """Strings that stand alone: of modules, classes, functions, and below constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    start = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
    return [start + alias.name for alias in node.names]


def _aliases(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Local name → what it stands for, of everything imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias, name in zip(node.names, _imported(node), strict=True):
                if alias.asname or isinstance(node, ast.ImportFrom):
                    yield alias.asname or alias.name, name


def _path(node: ast.expr, modules: dict[str, str]) -> str:
    """`tasks.TRUST` as "contracts.tasks.TRUST"; empty for what is no plain path."""
    if isinstance(node, ast.Name):
        return modules.get(node.id, node.id)
    start = _path(node.value, modules) if isinstance(node, ast.Attribute) else ""
    return f"{start}.{node.attr}" if start and isinstance(node, ast.Attribute) else ""


def _holds(name: str, kinds: Collection[str], holders: Collection[str]) -> bool:
    """Whether an import is of a kind's module, of something in it, or of a constant that holds a kind."""
    return name in holders or any(module_of(kind) in name.split(".") for kind in kinds)


def _holding(statement: ast.stmt, kinds: Collection[str]) -> Iterator[str]:
    if isinstance(statement, ast.ImportFrom):
        for alias, name in zip(statement.names, _imported(statement), strict=True):
            if _holds(name, kinds, ()):
                yield alias.asname or alias.name
    elif isinstance(statement, ast.Assign) and not isinstance(statement.value, ast.Dict | ast.DictComp):
        constants = (node.value for node in ast.walk(statement.value) if isinstance(node, ast.Constant))
        if any(isinstance(value, str) and in_text(value, kinds) for value in constants):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def _dissects(node: ast.AST) -> bool:
    """Whether a kind's name is compared with a string, matched, or looked into."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return any(map(_is_name_of_kind, sides)) and any(_has_string(s) for s in sides if not _is_name_of_kind(s))
    if isinstance(node, ast.Match):
        return _is_name_of_kind(node.subject)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in _PARTS_OF_TEXT and _is_name_of_kind(node.func.value)
    return isinstance(node, ast.Subscript) and _is_name_of_kind(node.value)


def _is_name_of_kind(node: ast.expr) -> bool:
    """`task.kind`, `trial["kind"]`, `row.trial_type`, `kind.name`, `facts.name`."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value in ("kind", "trial_type")
    if not isinstance(node, ast.Attribute):
        return False
    of_object = isinstance(node.value, ast.Name) and node.value.id.lower().strip("_") in _KIND_OBJECTS
    return node.attr in ("kind", "trial_type") or (node.attr == "name" and of_object)


def _has_string(node: ast.expr) -> bool:
    held: Iterable[ast.expr] = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in held)
