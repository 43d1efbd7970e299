"""A command tells how far it is, with rate and time left, on a terminal and in a log."""

import io

from rich.console import Console

from commands.progress import progress


def test_a_log_gets_a_line_every_half_minute_and_one_at_the_end():
    clock = iter([0.0, 0.0, 0.0, 10.0, 31.0, 40.0, 62.0, 3723.0])
    console = Console(file=io.StringIO(), force_terminal=False)
    with progress("Making stimuli", console, lambda: next(clock)) as report:
        for done in (0, 50, 310, 320, 620, 4000):
            report(done, 4000)
    assert console.file.getvalue().splitlines() == [
        "Making stimuli: 310 of 4000, 10.0/s, 0:06:09 left",
        "Making stimuli: 620 of 4000, 10.0/s, 0:05:38 left",
        "Making stimuli: 4000 of 4000 in 1:02:03",
    ]


def test_a_terminal_gets_a_bar_with_count_rate_and_time_left():
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with progress("Making stimuli", console) as report:
        for done in range(0, 101, 10):
            report(done, 100)
    shown = console.file.getvalue()
    assert "Making stimuli" in shown
    assert "100/100" in shown
    assert "/s" in shown
    assert "0:00:00" in shown
