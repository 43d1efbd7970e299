"""How heavy the trial page is before its pictures, and how soon it can be used: a real Chromium, nothing cached.

    python bench/trial_page.py

Each visit is a fresh browser profile that opens a participant's address on this machine, reads on to the first
question, and looks at what the network carried. Exit status 1 when a target is missed.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import FLAGS, candidates
from tests.browser.person import Person
from tests.browser.studies import LiveStudy, serving

MAX_KB, MAX_MS = 400, 1000


@dataclass(frozen=True)
class Visit:
    """`kilobytes`: everything but pictures, as transferred. `usable_ms`: from opening the address until the page's
    first button can be pressed; `question_ms`: from the last page to read until the first question can be answered."""

    kilobytes: float
    usable_ms: float
    question_ms: float


def visit(browser: Browser, live: LiveStudy) -> Visit:
    with browser.new_context() as context:
        person = Person.arrives(context.new_page(), live)
        person.consents()
        address = person.page.url
    with browser.new_context() as context:
        person = Person(context.new_page(), live)
        carried = _carried(context.new_cdp_session(person.page))
        person.page.goto(address, wait_until="commit")
        person.page.wait_for_selector(".page-buttons button:enabled")
        usable = person.page.evaluate("performance.now()")
        before = sum(size for kind, size in carried.values() if kind != "Image") / 1000
        person.page.evaluate(_WATCH)
        person.reads_on()
        person.page.wait_for_selector(".option:enabled")
        return Visit(before, usable, person.page.evaluate(_WAITED))


# The page's own clock: when a button was pressed last, and when an option could first be chosen.
_WATCH = """() => {
  addEventListener("click", () => { window.pressed = performance.now() }, true)
  const look = () => {
    if (document.querySelector(".option:enabled")) window.answerable = performance.now()
    else requestAnimationFrame(look)
  }
  look()
}"""
_WAITED = "() => new Promise(resolve => requestAnimationFrame(() => resolve(window.answerable - window.pressed)))"


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
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        visits = [visit(browser, live) for _ in range(given.visits)]
        browser.close()
    kilobytes = max(v.kilobytes for v in visits)
    usable, question = (statistics.median(getattr(v, name) for v in visits) for name in ("usable_ms", "question_ms"))
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; {given.visits} visits, medians")
    print(f"before the pictures: {kilobytes:.0f} kB (wanted: below {MAX_KB})")
    print(f"the page can be used after {usable:.0f} ms (wanted: below {MAX_MS})")
    print(f"the first question can be answered {question:.0f} ms after the last page to read")
    return int(kilobytes >= MAX_KB) + int(usable >= MAX_MS)


if __name__ == "__main__":
    sys.exit(main())
