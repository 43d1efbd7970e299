"""Brings the catalogues up to the sources: `python -m languages.extract`, or `make languages`.

English catalogues hold every sentence that the sources mark, without translations. In the other languages new
sentences are added without a translation and sentences that are no longer said are dropped.
"""

import ast
import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from languages.read import CATALOGUES, HERE

ROOT = HERE.parent
_EMPTY_HEADERS = re.compile(
    rb'"(Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By): .*\n'
)
# Errors whose fixed sentences participants read. What names something has a general sentence instead.
_REFUSALS = {"UnknownError", "NotOpenError", "StudyFullError", "ConsentError", "RecruitmentError"}

Message = str | tuple[str, str]  # a sentence, or its singular and plural


@dataclass(frozen=True)
class Source:
    """Files of `folder` that fit `pattern`, read by Babel's `method`; `keywords` are the functions that mark texts."""

    folder: str
    pattern: str
    method: str
    keywords: dict[str, tuple[int, ...] | None]


_REPORT: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("translate", "inside", "Note", "marked")),
    **dict.fromkeys(("plural", "marked_plural"), (1, 2)),
}
SOURCES = {
    "pages": (
        Source("study/templates", "**.html", "jinja2", {"_": None, "ngettext": (1, 2)}),
        Source("study/views", "**.py", "python", {"_": None}),
    ),
    "scripts": (Source("study/static/js", "**.js", "javascript", {"translate": None, "translatePlural": (1, 2)}),),
    "report": (Source("analysis", "**.py", "python", _REPORT), Source("analysis", "**.html", "jinja2", _REPORT)),
}


def marked_in_sources(catalogue: str) -> set[Message]:
    """Every sentence that the sources of `catalogue` mark."""
    found = {message for source in SOURCES[catalogue] for message in _messages(source)}
    further = {"pages": lambda: _refusals(ROOT / "study"), "report": published}.get(catalogue, tuple)
    return found | set(further())


def published() -> Iterator[str]:
    """What reports say of the published studies: names, what their sources tell, what is chosen, and rows' labels."""
    for path in sorted((ROOT / "commands" / "templates" / "studies").glob("*.toml")):
        _, heading, rest = path.read_text(encoding="utf-8").partition("\n[original]\n")
        original = tomllib.loads(heading + rest)["original"]
        yield from (original["name"], *original["told"], *original["chosen"])
        yield from (row["label"] for part in ("cells", "answers") for row in original.get(part, ()))


def _messages(source: Source) -> Iterator[Message]:
    folder, methods = ROOT / source.folder, [(source.pattern, source.method)]
    for _, _, message, _, _ in extract_from_dir(folder, methods, keywords=source.keywords):
        yield message if isinstance(message, str) else (message[0], message[1])


def _refusals(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(call, ast.Call) and getattr(call.func, "id", None) in _REFUSALS:
                said = [text.value for text in call.args[:1] if isinstance(text, ast.Constant)]
                yield from (text for text in said if isinstance(text, str))


def update(folder: Path, code: str, catalogue: str) -> None:
    """Write `catalogue` of language `code` in `folder` anew, its translations kept."""
    path = folder / code / f"{catalogue}.po"
    path.write_bytes(brought_up(path, code, catalogue))


def brought_up(path: Path, code: str, catalogue: str) -> bytes:
    """What the file of `catalogue` in language `code` holds once it is up to the sources; `path` may be missing."""
    old = Catalog(locale=code, project="Discern", version="1", fuzzy=False)
    if path.is_file():
        with path.open("rb") as file:
            old = read_po(file)
    new = Catalog(locale=old.locale, project="Discern", version="1", fuzzy=False, header_comment="")
    for message in sorted(marked_in_sources(catalogue), key=_place):
        new.add(message, _translation(old, message))
    written = io.BytesIO()
    write_po(written, new, width=120)
    return _EMPTY_HEADERS.sub(b"", written.getvalue()).lstrip()


def _place(message: Message) -> tuple[str, str]:
    text = message if isinstance(message, str) else message[0]
    return text.lower(), text


def _translation(old: Catalog, message: Message) -> str | tuple[str, ...]:
    found = old.get(message)
    if found is not None and found.string:
        return found.string if isinstance(found.string, str) else tuple(found.string)
    return "" if isinstance(message, str) else ("",) * old.num_plurals


def main() -> None:
    for code in (path.parent.name for path in HERE.glob("*/about.toml")):
        for catalogue in CATALOGUES:
            update(HERE, code, catalogue)


if __name__ == "__main__":
    main()
