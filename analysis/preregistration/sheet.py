"""The sheet: the headings of two registries, and below each what the definition says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment
from markdown_it import MarkdownIt

from analysis.notes import marked
from analysis.preregistration import answers, assignment, measured
from analysis.preregistration.plan import Plan
from contracts.own_files import require_own

MARK = b"<!-- Discern: preregistration"
FILES = ("preregistration.md", "preregistration.html")
Answer = Callable[[Plan], list[str]]


@dataclass(frozen=True)
class Question:
    """A heading of a registry, and what answers it; nothing: no definition does."""

    heading: str
    answered_by: Sequence[Answer] = ()


# OSF Preregistration, version 4; the first section is what OSF asks of every registration.
OSF: dict[str, tuple[Question, ...]] = {
    marked("Metadata"): (
        Question(marked("Title"), [answers.title]),
        Question(marked("Description"), [answers.description]),
        Question(marked("Contributors"), [answers.authors]),
    ),
    marked("Overview"): (
        Question(marked("Research questions or hypotheses"), [answers.hypotheses]),
        Question(marked("Foreknowledge of data or evidence")),
        Question(marked("Explanation of foreknowledge and managing unintended influences")),
    ),
    marked("Research Design"): (
        Question(marked("Study type"), [answers.study_type]),
        Question(marked("Intention for causal interpretation"), [assignment.causes]),
        Question(marked("Blinding of experimental treatments"), [answers.blinding]),
        Question(marked("Additional blinding during research or analysis")),
        Question(marked("Study design"), [answers.design]),
        Question(marked("Randomization"), [assignment.randomization]),
    ),
    marked("Sampling"): (
        Question(marked("Data collection procedures"), [answers.collection]),
        Question(marked("Sample size"), [answers.sample_size]),
        Question(marked("Sample size rationale"), [answers.rationale]),
        Question(marked("Starting and stopping rules"), [answers.starting, answers.stopping]),
    ),
    marked("Variables"): (
        Question(marked("Manipulated variables"), [answers.manipulated]),
        Question(marked("Measured variables"), [measured.measured]),
        Question(marked("Indices"), [answers.indices]),
    ),
    marked("Analysis Plan"): (
        Question(marked("Statistical models"), [answers.models]),
        Question(marked("Transformations"), [answers.transformations]),
        Question(marked("Inference criteria"), [answers.inference]),
        Question(marked("Data inclusion and exclusion"), [answers.exclusions]),
        Question(marked("Missing data"), [answers.missing_data]),
        Question(marked("Other planned analysis"), [answers.exploratory]),
    ),
    marked("Other"): (Question(marked("Context and additional information"), [answers.anything_else]),),
}
AS_PREDICTED = (
    Question(marked("1. Have any data been collected for this study already?")),
    Question(
        marked("2. What is the main question being asked or hypothesis being tested in this study?"),
        [answers.hypotheses],
    ),
    Question(
        marked("3. Describe the key dependent variable(s), specifying how they will be measured."), [measured.measured]
    ),
    Question(
        marked("4. How many and which conditions will participants be assigned to?"),
        [answers.study_type, answers.design, assignment.randomization],
    ),
    Question(
        marked("5. Specify exactly which analyses you will conduct to examine the main question or hypothesis."),
        [answers.models, answers.inference],
    ),
    Question(
        marked("6. Describe how outliers will be defined and handled, and your rules for excluding observations."),
        [answers.exclusions, answers.missing_data],
    ),
    Question(
        marked("7. How many observations will be collected, or what will determine sample size?"),
        [answers.sample_size, answers.rationale, answers.stopping],
    ),
    Question(marked("8. Anything else you would like to preregister?"), [answers.exploratory, answers.anything_else]),
    Question(marked("Name"), [answers.title]),
    Question(marked("Type of study"), [answers.study_type]),
)  # fmt: skip

_PAGE = """<!doctype html>
{{ mark }}
<html lang="{{ language }}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: #15191d;
  background: #fff; word-break: keep-all; overflow-wrap: break-word; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #e0e3e5; }
h4 { margin: 1.2rem 0 .3rem; font-size: 1rem; }
li { margin: .3rem 0; }
@media print { body { margin: 0; font-size: 10pt; } }
</style>
<main>{{ body }}</main>
</html>
"""


def require_replaceable(folder: Path) -> None:
    """Raise NotOwnFileError where a sheet would take the place of another file."""
    require_own(dict.fromkeys((folder / name for name in FILES), MARK))


def write_sheet(plan: Plan, folder: Path) -> tuple[Path, ...]:
    """Write the sheet as Markdown and as HTML into `folder` (made if need be). Raises NotOwnFileError."""
    require_replaceable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text, mark = sheet(plan), f"{MARK.decode()} of {plan.sha256} -->"
    body = MarkdownIt("js-default", {"html": False, "linkify": False}).render(text)
    page = Environment(autoescape=False).from_string(_PAGE)
    title = plan.translate("Preregistration")
    written = (f"{mark}\n\n{text}", page.render(mark=mark, language=plan.translate.language, title=title, body=body))
    files = tuple(folder / name for name in FILES)
    for file, content in zip(files, written, strict=True):
        file.write_text(content, encoding="utf-8")
    return files


def sheet(plan: Plan) -> str:
    """The sheet in Markdown."""
    translate = plan.translate
    parts = [
        "# " + translate("Preregistration") + f": {plan.text('study', 'title')}",
        *answers.anything_else(plan),
        "## OSF",
    ]
    for section, questions in OSF.items():
        parts.append("### " + translate(section))
        parts += [part for question in questions for part in _answered(plan, question)]
    parts.append("## AsPredicted")
    parts += [part for question in AS_PREDICTED for part in _answered(plan, question)]
    return "\n\n".join(parts) + "\n"


def _answered(plan: Plan, question: Question) -> list[str]:
    found = [sentence for answer in question.answered_by for sentence in answer(plan)] or [plan.to_fill_in()]
    answer = found[0] if len(found) == 1 else "\n".join(f"- {sentence}" for sentence in found)
    return ["#### " + plan.translate(question.heading), answer]
