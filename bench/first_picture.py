"""How long a newcomer waits for the first picture: a fresh clone, an empty home folder, `make demo`, a real Chromium.

    python bench/first_picture.py

The clone is of this checkout's last commit. The way to the first picture is taken at once, without reading: consent,
questions about oneself, instructions with their check. Registries and certificates are those of the environment.
Printed are the seconds since the clone began.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.servers import free_port
from tests.browser.conftest import FLAGS, candidates

_OF_REGISTRIES = ("PIP_", "NPM_", "NODE_", "SSL_", "REQUESTS_", "HTTP_", "HTTPS_", "NO_PROXY")
_MOST_CLICKS = 20
_TOLD = {"Drawing scenes": "all packages are installed", "Serving on": "the addresses are told"}
"""How lines of `make demo` begin, and what has happened then."""


def main() -> None:
    begun, port = time.monotonic(), free_port()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {what}", flush=True)

    with tempfile.TemporaryDirectory() as folder, demo(Path(folder), port) as lines:
        for beginning, what in _TOLD.items():
            if not any(line.startswith(beginning) for line in lines):
                sys.exit("`make demo` ended before that; run it in a clone to see why")
            tell(what)
        reach_a_picture(f"http://127.0.0.1:{port}/s/demo")
        tell("the first picture is shown")


@contextmanager
def demo(folder: Path, port: int) -> Iterator[Iterator[str]]:
    """`make demo` in a new clone in `folder` until the block ends; what it writes, line by line."""
    clone, home = folder / "discern", folder / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith(_OF_REGISTRIES)}
    environment = kept | {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    command = ["make", "demo", f"PORT={port}"]
    with subprocess.Popen(
        command, cwd=clone, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as made:
        assert made.stdout is not None
        try:
            yield iter(made.stdout)
        finally:
            if made.poll() is None:
                os.killpg(made.pid, signal.SIGINT)  # as Ctrl-C does, make and the server
            made.communicate(timeout=60)


def reach_a_picture(address: str) -> None:
    """Open the study and press the last button of each page until a trial shows its picture."""
    program = next(filter(None, map(shutil.which, candidates())), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        for _ in range(_MOST_CLICKS):
            if page.locator(".trial canvas:visible, .trial img:visible").count():
                return
            _fill_in(page)
            page.locator("main button:visible").last.click()
            page.wait_for_timeout(500)
        sys.exit(f"no picture after {_MOST_CLICKS} clicks; the page is {page.url}")


def _fill_in(page: Page) -> None:
    for box in page.locator("input[type=checkbox]:visible").all():
        box.check()
    names = dict.fromkeys(radio.get_attribute("name") for radio in page.locator("input[type=radio]:visible").all())
    for name in names:
        page.locator(f'input[type=radio][name="{name}"]').first.check()
    for choice in page.locator("select:visible").all():
        choice.select_option(index=1)


if __name__ == "__main__":
    main()
