"""Rows of a forest plot on a phone: letters above the interval, and neither of them in another row."""

import numpy as np
import pandas as pd
import pytest

from analysis.display.forest import BAND, LINE, PHONE, Axis, _drawn, _on_phone
from analysis.display.wording import ENGLISH


@pytest.mark.parametrize("most", [1, 2, 3, 4])
@pytest.mark.parametrize("own", [1, 2, 3])
def test_letters_and_interval_stay_in_their_row(own, most):
    if own > most:
        return
    each = max(PHONE.row, most * LINE + BAND)
    at, below = _on_phone(0.0, "\n".join(["a word of twenty-three letters"[:23]] * own).replace("\n", " "), each)
    half, letters = 0.14 * PHONE.row / each, 0.5 * own * LINE / each
    assert below - half > -0.5
    assert below + half < at - letters
    assert at + letters <= 0.5


@pytest.mark.parametrize("null", [0, 50, 100])
def test_the_line_s_name_is_not_cut_off_on_a_phone(null):
    """Oracle: where Matplotlib draws it, in pixels of the figure."""
    row = {"method": "grad-cam", "value": 0.5, "low": 0.4, "high": 0.6, "paper": np.nan}
    canvas = _drawn(pd.DataFrame([row]), Axis("%", 100, null, "never at all", (0, 100), str), PHONE, False, ENGLISH)
    canvas.canvas.draw()
    (axes,) = canvas.axes
    (name,) = (text for text in axes.texts if text.get_text() == "never at all")
    box = name.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= canvas.bbox.x1
