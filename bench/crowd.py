"""People who take a study over HTTPS all at once, and what each of them would have seen."""

import json
import random
import re
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode

from bench.web_servers import HOST, PATH

LAST = 5  # trials that nobody answers before `may_end`
PATIENCE_S = 120
_SENT_AGAIN = {408, 429, *range(500, 600)}  # as study/static/js/participant/transport.js
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass
class Seen:
    """Of all people together, held by `lock`. `errors`: what was asked and the status, where a page was none."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    acknowledged: dict[str, str] = field(default_factory=dict)  # trial token → response
    moments: list[float] = field(default_factory=list)  # when each answer was acknowledged
    waits: list[float] = field(default_factory=list)  # seconds from sending an answer to its reply, again included
    pages: int = 0
    sent_again: int = 0
    asked_to_wait: Counter[str] = field(default_factory=Counter)  # by the page "One moment, please"
    errors: Counter[str] = field(default_factory=Counter)
    finished: dict[str, str] = field(default_factory=dict)  # the platform's id → completion code


@dataclass
class Person(threading.Thread):
    """Comes from Prolific with the id `pid`. `think`: mean seconds before an answer."""

    port: int
    slug: str
    pid: str
    context: ssl.SSLContext
    seen: Seen
    may_end: threading.Event
    think: float
    _connection: HTTPSConnection | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._random = random.Random(self.pid)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        try:
            self._take_part()
        except Exception as error:
            with self.seen.lock:
                self.seen.errors[f"gave up: {error}"] += 1

    def _take_part(self) -> None:
        entry = self._join()
        self._page("GET", f"{entry}/study")
        trials = json.loads(self._page("GET", f"{entry}/plan")[1])["trials"]
        for trial in trials:
            if len(trials) - trial["index"] <= LAST:
                self.may_end.wait(PATIENCE_S * 10)
            if self._random.random() < 0.1:  # somebody reloads the page
                self._page("GET", f"{entry}/study")
                self._page("GET", f"{entry}/plan")
            self._answer(entry, trial)
        end = self._page("GET", f"{entry}/finish?asked=yes")[1].decode()
        code = re.search(r'id="completion-code">([A-Z0-9]+)<', end)
        with self.seen.lock:
            if code:
                self.seen.finished[self.pid] = code[1]
            else:
                self.seen.errors["end without a code"] += 1

    def _join(self) -> str:
        query = urlencode({"PROLIFIC_PID": self.pid, "STUDY_ID": "a1", "SESSION_ID": f"s{self.pid}"})
        page = self._page("GET", f"{PATH}/s/{self.slug}?{query}")[1].decode()
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
        body = urlencode(hidden | {"consent": "yes", "language": "en"})
        return self._page("POST", f"{PATH}/s/{self.slug}/consent", body, _FORM)[0]

    def _answer(self, entry: str, trial: dict[str, Any]) -> None:
        for image in trial["images"]:
            self._page("GET", image["url"])
        time.sleep(min(self._random.expovariate(1 / self.think), 5 * self.think))
        choice = self._random.choice([option["value"] for option in trial["questions"][0]["options"]])
        body = json.dumps({"response": choice, "rt": 900, "time_elapsed": 5000, "trial_index": trial["index"]})
        begun, path = time.monotonic(), f"{entry}/trials/{trial['trial_token']}"
        while (reply := self._ask("POST", path, body, _JSON)) is None or reply[0].status in _SENT_AGAIN:
            with self.seen.lock:
                self.seen.sent_again += 1
            self._give_up_late(begun, path)
        with self.seen.lock:
            self.seen.waits.append(time.monotonic() - begun)
            if reply[0].status == 200:
                self.seen.acknowledged[trial["trial_token"]] = choice
                self.seen.moments.append(time.monotonic())
            else:
                self.seen.errors[f"answer: {reply[0].status}"] += 1

    def _page(self, method: str, path: str, body: str = "", kind: str = "") -> tuple[str, bytes]:
        """(Location, content). A page that fails is an error that the person sees; they ask for it again."""
        begun, what = time.monotonic(), re.sub(r"/[\w-]{22}(?=/|$)", "/…", path.partition("?")[0])
        while True:
            reply = self._ask(method, path, body, kind)
            if reply and reply[0].status < 400:
                with self.seen.lock:
                    self.seen.pages += 1
                return reply[0].headers.get("Location", ""), reply[1]
            with self.seen.lock:
                if reply and reply[0].status == 503:
                    self.seen.asked_to_wait[f"{method} {what}"] += 1
                else:
                    self.seen.errors[f"{method} {what}: {reply[0].status if reply else 'no reply'}"] += 1
            self._give_up_late(begun, path)

    def _ask(self, method: str, path: str, body: str, kind: str) -> tuple[HTTPResponse, bytes] | None:
        """On the kept connection; None when it broke. A browser opens a new one for one that had been idle."""
        for kept in (self._connection, None) if self._connection else (None,):
            connection = kept or HTTPSConnection(HOST, self.port, timeout=60, context=self.context)
            try:
                connection.request(method, path, body or None, {"Content-Type": kind} if kind else {})
                reply = connection.getresponse()
                content = reply.read()
                self._connection = connection
                return reply, content
            except (OSError, HTTPException):
                connection.close()
                self._connection = None
        return None

    def _give_up_late(self, begun: float, path: str) -> None:
        if time.monotonic() - begun > PATIENCE_S:
            raise TimeoutError(f"nobody answers {path}")
        time.sleep(0.5)
