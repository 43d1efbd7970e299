"""Texts and tables in LaTeX: what has a meaning there is escaped, and tables have the rules of booktabs."""

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from contracts.methods import method_name

# Letters beyond these, Korean ones for example, need XeLaTeX or LuaLaTeX.
_ESCAPES = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "≤": r"$\leq$", "≥": r"$\geq$", "→": r"$\rightarrow$",
    "α": r"$\alpha$", "′": "$'$", "–": "--", "“": "``", "”": "''", "…": r"\ldots{}", "\u00a0": "~", "\u202f": r"\,",
    "\n": " ", "<": r"\textless{}", ">": r"\textgreater{}", "[": "{[}", "*": "{*}",  # the last two would belong to \\
}  # fmt: skip
_SPECIAL = re.compile("|".join(map(re.escape, _ESCAPES)))
_LEFT_OUT = ("kind", "rule", "tested")  # how a row was computed, which the table of the same name in CSV tells
_METHODS = ("method", "a", "b")  # columns of method names, which are printed as people read them
_LONGEST = 40  # rows that fit on a page; of a longer table pages can break
_WIDE = 40  # characters of a column whose lines break


def as_latex_text(text: str) -> str:
    """`text` as LaTeX prints it."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)


def as_latex_table(frame: pd.DataFrame, mark: str = "") -> str:
    """`frame` as a tabular environment, or as a longtable of many rows; `mark` is printed below it.

    Columns without a value are left out, and those that tell how a row was computed. Numbers have four significant
    digits.
    """
    shown = frame.drop(columns=[*_LEFT_OUT], errors="ignore").astype(object)
    cells = {name: [_cell(name, value) for value in column] for name, column in shown.items()}
    kept = {str(name): column for name, column in cells.items() if any(column)}
    environment = "tabular" if len(frame) <= _LONGEST else "longtable"
    alignment = "".join(_alignment(shown[name]) for name in kept)
    below = [rf"\multicolumn{{{len(kept)}}}{{l}}{{\footnotesize {as_latex_text(mark)}}} \\"] if mark and kept else []
    lines = [
        "% Needs the package booktabs" + (" and the package longtable" if environment == "longtable" else ""),
        rf"\begin{{{environment}}}{{{alignment or 'l'}}}",
        r"\toprule",
        _row([as_latex_text(name.replace("_", " ")) for name in kept]),
        r"\midrule",
        *(_row(row) for row in zip(*kept.values(), strict=True)),
        r"\bottomrule",
        *below,
        rf"\end{{{environment}}}",
    ]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(column: object, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return _number(float(value))
    text = "" if pd.isna(value) else str(value)
    return as_latex_text(method_name(text) if column in _METHODS else text)


def _number(value: float) -> str:
    """Four significant digits, and all digits of a whole number; empty where it is missing."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return r"$\infty$" if value > 0 else r"$-\infty$"
    digits, _, exponent = (f"{value:.0f}" if value.is_integer() else f"{value:.4g}").partition("e")
    if exponent:
        return rf"${digits} \times 10^{{{int(exponent)}}}$"
    return f"${digits}$" if value < 0 else digits


def _alignment(column: pd.Series) -> str:
    values = column.dropna()
    if all(isinstance(value, float | int) and not isinstance(value, bool) for value in values):
        return "r"
    return "p{5cm}" if values.map(lambda value: len(str(value))).max() > _WIDE else "l"
