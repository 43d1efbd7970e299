"""Rows of a forest plot on a phone: letters above the interval, and neither of them in another row."""

import pytest

from analysis.display.forest import BAND, LINE, PHONE, _on_phone


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
