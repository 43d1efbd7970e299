"""The recorded numbers are what R says of the same data today."""

import pytest

from tests.analysis.oracles.r import oracle, recorded


@pytest.mark.r
@pytest.mark.parametrize(
    ("script", "data"), [("maximal_logit.R", "by_method.csv"), ("proportional_odds.R", "ordinal.csv")]
)
def test_r_prints_what_is_recorded(script, data):
    assert oracle(script, data) == pytest.approx(recorded(script), rel=1e-6)
