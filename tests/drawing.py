"""Drawing a report's figures takes most of its time; a test of what a report says can do without."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

FORMS = ("as_svg", "as_png", "as_pdf")


@contextmanager
def drawn_only(*forms: str) -> Iterator[None]:
    """Figures are put together as ever, and drawn in these of the `FORMS`; the other files are empty."""
    with pytest.MonkeyPatch.context() as patch:
        for form in set(FORMS) - set(forms):
            patch.setattr(f"analysis.display.drawing.{form}", lambda canvas: b"")
        yield
