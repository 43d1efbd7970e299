"""Tables in LaTeX: the cells of the CSV file, escaped as pandas escapes them, in a form that a strict reader accepts."""

import re

import numpy as np
import pandas as pd
import pytest

from analysis.display.latex import as_latex_table, as_latex_text

NASTY = r"50 % of a_b & {c} #1 $x$ ~ ^ \n"


def read(text):
    """(alignment, rows of cells) of a table. Every line must be a rule, a row of as many cells, or the frame."""
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    environment, alignment = re.fullmatch(r"\\begin\{(tabular|longtable)\}\{((?:[lr]|p\{5cm\})+)\}", lines[0]).groups()
    assert lines[-1] == rf"\end{{{environment}}}"
    places = [lines.index(rf"\{rule}") for rule in ("toprule", "midrule", "bottomrule")]
    assert places == [1, 3, places[2]]
    rows = [cells(line) for line in (lines[2], *lines[4 : places[2]])]
    assert {len(row) for row in rows} == {len(re.findall(r"[lr]|p\{5cm\}", alignment))}
    return alignment, rows


def cells(line):
    """The cells of a row, in which every sign with a meaning must be escaped."""
    assert line.endswith(r" \\")
    found = re.split(r"(?<!\\)&", line.removesuffix(r" \\"))
    for cell in found:
        bare = re.sub(r"\\[&%$#_{}]|\$[^$]*\$|\\text\w+\{\}|\{[\[*]\}|\\ldots\{\}", "", cell)
        assert not re.search(r"[\\%$#_{}^&]", bare), cell
    return [cell.strip() for cell in found]


def test_text_is_escaped_as_pandas_escapes_it():
    styled = pd.DataFrame({"text": [NASTY]}).style.hide().format(escape="latex").to_latex()
    theirs = styled.splitlines()[-2].removesuffix(r" \\")
    spaces = str.maketrans({" ": ""})  # pandas writes a space behind a command, and "\ " for one beside ~
    assert re.sub(r"\{\}|\\space", "", as_latex_text(NASTY)).translate(spaces) == re.sub(
        r"\\space", "", theirs
    ).translate(spaces)


def test_a_table_has_the_cells_of_its_frame_and_the_rules_of_booktabs():
    frame = pd.DataFrame(
        {
            "method": ["guided-grad-cam", "mine_own"],
            "low_value": [-0.48637, np.nan],
            "p": [0.00000123, 0.5],
            "responses": [96, 123456],
            "rejected": [True, False],
            "nothing": [np.nan, np.nan],
            "empty": ["", ""],
            "rule": ["two-way", "exact"],
            "note": [NASTY, "[x] – “y”"],
        }
    )
    alignment, (head, first, second) = read(as_latex_table(frame))
    assert alignment == "lrrrll"
    assert head == ["method", "low value", "p", "responses", "rejected", "note"]
    assert first == ["Guided Grad-CAM", "$-0.4864$", r"$1.23 \times 10^{-6}$", "96", "yes", as_latex_text(NASTY)]
    assert second == [r"mine\_own", "", "0.5", "123456", "no", "{[}x] -- ``y''"]


@pytest.mark.parametrize(("rows", "environment"), [(40, "tabular"), (41, "longtable")])
def test_a_long_table_breaks_over_pages(rows, environment):
    text = as_latex_table(pd.DataFrame({"n": range(rows)}))
    assert len(read(text)[1]) == rows + 1
    assert rf"\begin{{{environment}}}" in text


def test_a_table_of_a_simulation_says_so_below():
    text = as_latex_table(pd.DataFrame({"a": [1], "b": [2]}), "SIMULATED")
    assert text.splitlines()[-3:] == [
        r"\bottomrule",
        r"\multicolumn{2}{l}{\footnotesize SIMULATED} \\",
        r"\end{tabular}",
    ]


def test_infinite_numbers_and_no_rows_are_written():
    assert read(as_latex_table(pd.DataFrame({"a": [np.inf, -np.inf]})))[1][1:] == [[r"$\infty$"], [r"$-\infty$"]]
    assert r"\begin{tabular}{l}" in as_latex_table(pd.DataFrame({"a": []}))


def test_each_table_of_a_report_is_that_of_its_csv_file(small_report):
    files = sorted((small_report.folder / "tables").rglob("*.tex"))
    assert [file.with_suffix(".csv").is_file() for file in files] == [True] * len(files)
    for file in files:
        frame = pd.read_csv(file.with_suffix(".csv"))
        text = file.read_text(encoding="utf-8")
        assert "SIMULATED" in text or frame.empty, file
        if frame.empty:
            continue
        _, (head, *rows) = read(text)
        assert len(rows) == len(frame)
        for column, cells in zip(head, zip(*rows, strict=True), strict=True):
            original = frame[column.replace(" ", "_")]
            if pd.api.types.is_numeric_dtype(original) and original.dtype != bool:
                values = [float(cell.strip("$").replace(r" \times 10^{", "e").strip("}") or "nan") for cell in cells]
                assert values == pytest.approx(original.to_numpy(float), rel=1e-3, nan_ok=True)
