"""A command tells how far it is, with rate and time left, on a terminal and in a log."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

import manage
from commands.progress import progress
from models.sources import SOURCES

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_log_gets_a_line_every_half_minute_and_one_at_the_end():
    clock = iter([0.0, 0.0, 0.0, 10.0, 31.0, 40.0, 62.0, 3723.0])
    console = Console(file=io.StringIO(), force_terminal=False)
    with progress("Drawing scenes", console, lambda: next(clock)) as report:
        for done in (0, 50, 310, 320, 620, 4000):
            report(done, 4000)
    assert console.file.getvalue().splitlines() == [
        "Drawing scenes: 310 of 4000, 10.0/s, 0:06:09 left",
        "Drawing scenes: 620 of 4000, 10.0/s, 0:05:38 left",
        "Drawing scenes: 4000 of 4000 in 1:02:03",
    ]


def test_a_terminal_gets_a_bar_with_count_rate_and_time_left():
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with progress("Drawing scenes", console) as report:
        for done in range(0, 101, 10):
            report(done, 100)
    shown = console.file.getvalue()
    assert "Drawing scenes" in shown
    assert "100/100" in shown
    assert "/s" in shown
    assert "0:00:00" in shown


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("class-discrimination", "trust"), "Predictions and visualizations: 9 of 9"),
        (("class-discrimination",), "Visualizations: 9 of 9"),
    ],
)
def test_the_number_of_stimuli_made_says_what_it_counts(tmp_path, monkeypatch, kinds, said):
    text = (EXAMPLES / "demo.toml").read_text().replace('"texts/', f'"{EXAMPLES}/texts/')
    if "trust" not in kinds:
        tasks, rest = text.split('[[tasks]]\nname = "trusting"')
        text = tasks + "[participants]" + rest.split("[participants]")[1].split("contrasts")[0]
    (tmp_path / "study.toml").write_text(text)
    monkeypatch.setattr("models.catalogue.load_network", lambda *_: None)
    monkeypatch.setitem(SOURCES, "voc", replace(SOURCES["voc"], open_split=lambda *_: ()))
    monkeypatch.setattr("stimuli.produce.generate.generate", lambda *given: given[6](9, 9))
    done = CliRunner().invoke(manage.cli, ["generate-stimuli", "--study", str(tmp_path / "study.toml")])
    assert done.exit_code == 0, done.output
    assert done.output.startswith(said)
