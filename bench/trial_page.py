"""How heavy the trial page is before its pictures, and how soon it can be used: a real Chromium, nothing cached.

    python bench/trial_page.py

Each visit is a fresh browser profile that opens a participant's address on our own server (`./manage.py serve` on this
machine), reads on to the first question at once, and looks at what the network carried: on the local line, and as slow
as a weak mobile link. Exit status 1 when a target is missed.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from study.serve import served
from tests.browser.conftest import FLAGS, candidates
from tests.browser.person import Person
from tests.browser.studies import LiveStudy, serving
from tests.study.samples import SECRET

MAX_KB, MAX_MS = 200, 1000
SLOW_KBIT_S, SLOW_LATENCY_MS, MAX_SLOW_MS = 400, 400, 5000
_SLOW = {
    "offline": False,
    "latency": SLOW_LATENCY_MS,
    "downloadThroughput": SLOW_KBIT_S * 1000 / 8,
    "uploadThroughput": SLOW_KBIT_S * 1000 / 8,
}


@dataclass(frozen=True)
class Visit:
    """`kilobytes`: everything but pictures, as transferred. `usable_ms`: from opening the address until the page's
    first button can be pressed; `picture_ms`: from opening it until the first question can be answered, by a person
    who reads no page; `question_ms`: the part of it after the last page to read."""

    kilobytes: float
    usable_ms: float
    picture_ms: float
    question_ms: float


def visit(browser: Browser, live: LiveStudy, conditions: dict[str, Any] | None = None) -> Visit:
    with browser.new_context() as context:
        person = Person.arrives(context.new_page(), live)
        person.consents()
        address = person.page.url
    with browser.new_context() as context:
        person = Person(context.new_page(), live)
        network = context.new_cdp_session(person.page)
        carried = _carried(network)
        if conditions:
            network.send("Network.emulateNetworkConditions", conditions)
        person.page.goto(address, wait_until="commit")
        person.page.wait_for_selector(".page-buttons button:enabled")
        usable = person.page.evaluate("performance.now()")
        before = sum(size for kind, size in carried.values() if kind != "Image") / 1000
        person.page.evaluate(_WATCH)
        person.reads_on()
        person.page.wait_for_selector(".option:enabled")
        answerable, pressed = person.page.evaluate(_WAITED)
        return Visit(before, usable, answerable, answerable - pressed)


# The page's own clock: when a button was pressed last, and when an option could first be chosen.
_WATCH = """() => {
  addEventListener("click", () => { window.pressed = performance.now() }, true)
  const look = () => {
    if (document.querySelector(".option:enabled")) window.answerable = performance.now()
    else requestAnimationFrame(look)
  }
  look()
}"""
_WAITED = "() => new Promise(resolve => requestAnimationFrame(() => resolve([window.answerable, window.pressed])))"


def _carried(network: Any) -> dict[str, list[Any]]:
    """request → [kind, bytes with headers], filled while the page loads."""
    carried: dict[str, list[Any]] = {}
    network.send("Network.enable")
    network.on("Network.responseReceived", lambda e: carried.update({e["requestId"]: [e["type"], 0]}))

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in carried:
            carried[event["requestId"]][1] = event["encodedDataLength"]

    network.on("Network.loadingFinished", finished)
    return carried


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=7)
    given = parser.parse_args()
    program = next(filter(None, map(shutil.which, candidates())))
    with (
        tempfile.TemporaryDirectory(prefix="discern-page-") as folder,
        serving(Path(folder)) as live,
        under_gunicorn(live) as origin,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        ours = replace(live, origin=origin)
        visits = [visit(browser, ours) for _ in range(given.visits)]
        slow = [visit(browser, ours, _SLOW) for _ in range(given.visits)]
        browser.close()
    kilobytes = max(v.kilobytes for v in visits)
    usable, picture, question = (_median(visits, name) for name in ("usable_ms", "picture_ms", "question_ms"))
    late = _median(slow, "picture_ms")
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; {given.visits} visits, medians")
    print(f"before the pictures: {kilobytes:.0f} kB (wanted: below {MAX_KB})")
    print(f"the page can be used after {usable:.0f} ms")
    print(f"the first picture is there after {picture:.0f} ms (wanted: at most {MAX_MS})")
    print(f"the first question can be answered {question:.0f} ms after the last page to read")
    print(f"at {SLOW_KBIT_S} kbit/s and {SLOW_LATENCY_MS} ms: after {late:.0f} ms (wanted: at most {MAX_SLOW_MS})")
    return int(kilobytes >= MAX_KB) + int(picture > MAX_MS) + int(late > MAX_SLOW_MS)


def _median(visits: list[Visit], name: str) -> float:
    return statistics.median(getattr(v, name) for v in visits)


@contextmanager
def under_gunicorn(live: LiveStudy) -> Iterator[str]:
    """The same database behind `./manage.py serve`; yields its address."""
    settings = {"DISCERN_DATABASE_URL": live.app.config["DATABASE_URL"], "DISCERN_SECRET_KEY": SECRET}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        with served() as origin:
            yield origin
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


if __name__ == "__main__":
    sys.exit(main())
