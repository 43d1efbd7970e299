"""Reads the files that `[tasks.words.<language>]` names, so that the definition holds all that participants read."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from PIL import Image

from contracts.foils import foil_table
from contracts.sentences import names_in
from contracts.tasks import KINDS
from contracts.text_files import NotTextError, read_text
from study.config import TaskConfig
from study.markdown import is_foreign, picture_names

LARGEST = 500_000  # bytes of a picture: it is in the definition, which every page reads
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def read_own_words(document: dict[str, Any], folder: Path) -> list[str]:
    """Replace the names of instructions by their texts, and put their pictures beside them; what is wrong, by place."""
    return [
        f"{place}.instructions: {problem}"
        for place, words in _own_words(document)
        if isinstance(words.get("instructions"), str)
        for problem in _read_instructions(words, folder)
    ]


def _own_words(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, words) of each task and language; what has another shape is not ours to tell."""
    for number, task in enumerate(_those(document.get("tasks"), list), start=1):
        words = task.get("words") if isinstance(task, dict) else None
        name = f' ("{task["name"]}")' if words and isinstance(task.get("name"), str) else ""
        for language, given in _those(words, dict).items():
            if isinstance(given, dict):
                yield f"task {number}{name}: words.{language}", given


def _those(found: Any, shape: Any) -> Any:
    return found if isinstance(found, shape) else shape()


def _read_instructions(words: dict[str, Any], folder: Path) -> Iterator[str]:
    file = folder / words["instructions"]
    try:
        words["instructions"] = text = read_text(file).strip()
    except NotTextError as error:
        yield str(error)
    except (OSError, ValueError) as error:
        yield f"cannot read {file} ({getattr(error, 'strerror', None) or error}); name a Markdown file"
    else:
        if not text:
            yield f"{file} is empty; write the instructions into it, or leave the key out"
        yield from _read_pictures(words, file)


def _read_pictures(words: dict[str, Any], file: Path) -> Iterator[str]:
    words["pictures"] = {}
    for name in picture_names(words["instructions"]):
        try:
            words["pictures"][name] = _picture(_content(name, file.parent))
        except ValueError as error:
            yield f"picture {name!r} of {file.name} {error}"


def _content(name: str, folder: Path) -> bytes:
    """Raises ValueError, with what is wrong and the remedy."""
    if is_foreign(name):
        raise ValueError("is an address of another host; put the file beside the instructions and name it")
    try:
        content = (folder / unquote(name)).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror}); put the file beside the instructions") from None
    if len(content) > LARGEST:
        raise ValueError(f"has {len(content):,} bytes, at most {LARGEST:,} are allowed; make it smaller")
    return content


def _picture(content: bytes) -> dict[str, Any]:
    """As study.words.Picture has it. Raises ValueError."""
    try:
        with Image.open(BytesIO(content), formats=tuple(_FORMATS)) as image:
            image.load()  # whole, or it is no picture
            (width, height), kind = image.size, _FORMATS[str(image.format)]
    except (OSError, SyntaxError):
        raise ValueError("is no whole PNG, JPEG or WebP picture; save it as one of these") from None
    return {"content": f"data:{kind};base64,{b64encode(content).decode()}", "width": width, "height": height}


def unknown_categories(task: TaskConfig, categories: Sequence[str]) -> Iterator[str]:
    """Names for categories that the study, or a sentence of the task, does not have."""
    told = names_in(foil_table(task.foils).values()) if KINDS[task.kind].offers_sentences else set()
    categories = [*categories, *sorted(told - set(categories))]
    for language, words in task.words.items():
        for name in sorted(words.categories.keys() - set(categories)):
            near = get_close_matches(name, categories, 1)
            remedy = f"is {near[0]!r} meant?" if near else "write it as in dataset.categories"
            yield f"words.{language}.categories: no category {name!r} in the study; {remedy}"
