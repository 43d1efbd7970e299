"""How far a command is: a bar with rate and time left on a terminal, elsewhere a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Report = Callable[[int, int], None]
"""Told (done, total) as often as one likes."""

SECONDS_BETWEEN_LINES = 30.0


class RateColumn(ProgressColumn):
    """How many a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:.1f}/s", style="progress.data.speed")


@contextmanager
def progress(label: str, console: Console | None = None, now: Callable[[], float] = time.monotonic) -> Iterator[Report]:
    """Show how far the work under it is; it calls `report(done, total)`. `now` is in seconds."""
    console = console or Console()
    if not console.is_terminal:
        yield _lines(label, console, now)
        return
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(label: str, console: Console, now: Callable[[], float]) -> Report:
    """A report that prints a line every half minute and one at the end, for logs."""
    told_at, told, started = now(), 0, now()

    def report(done: int, total: int) -> None:
        nonlocal told_at, told
        moment = now()
        if done < total and moment - told_at < SECONDS_BETWEEN_LINES:
            return
        line = f"{label}: {done} of {total}"
        if done == total:
            line += f" in {_clock(moment - started)}"
        elif rate := (done - told) / (moment - told_at):
            line += f", {rate:.1f}/s, {_clock((total - done) / rate)} left"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        told_at, told = moment, done

    return report


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
