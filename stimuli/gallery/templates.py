"""What all pages of the networks' explanations share: how their templates are read, and the gallery's style."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

PAGE = Path(__file__).parent / "page"


def environment_of(folder: Path) -> Environment:
    """The templates in `folder`. Values are escaped, and a name that is not given is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def style(*more: Path) -> str:
    """The gallery's style sheet, and a page's own after it."""
    return "".join(file.read_text(encoding="utf-8") for file in (PAGE / "gallery.css", *more))
