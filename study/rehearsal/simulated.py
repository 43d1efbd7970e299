"""A participant made of code: takes a study over HTTP, page by page, as a browser does."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import numpy as np

from contracts.questionnaires import NUMBER
from study.errors import NoPlaceLeftError, SimulationError, TurnedAwayError
from study.security import new_public_id
from study.taking_part.arrivals import KIND_HEADER
from study.taking_part.pictures import unpadded

# (a trial of the plan, one of its questions, the bytes of its images, random numbers)
# → (value of an option, rt in ms or None)
Choose = Callable[[dict[str, Any], dict[str, Any], list[bytes], np.random.Generator], tuple[str, float | None]]


@dataclass(frozen=True)
class Exchange:
    """A request and its reply as the network shows them; `seconds` from sending to the last byte."""

    method: str
    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    seconds: float


Witness = Callable[[Exchange], None]
_KIND = "simulated"
_FORM = "application/x-www-form-urlencoded"
_LEFT_EMPTY = 0.1  # share of optional items
_TYPED = "simulated: no reason"  # in answer to any question for a text
_QUOTATION_MARK = '["“”„«»‹›「」『』]'  # of any language
_CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}
_MAX_EXCHANGES = 8  # redirects followed and refusals for the moment waited out, per page


def run_participant(
    base_url: str, slug: str, choose: Choose, rng: np.random.Generator, witness: Witness = lambda _: None
) -> str:
    """Take the study `slug` of the server at `base_url` from consent to the end; returns the completion code.

    The participant is marked as simulated; `witness` is told of every exchange. Raises SimulationError, with the
    server's words, when a page refuses, and NoPlaceLeftError where that is the first page. They answer the questions of
    the screening at random, so TurnedAwayError is raised for some.
    """
    with _Browser(base_url, witness) as browser:
        form = _read(browser.get(f"{browser.landing(slug)}?pid=simulated-{new_public_id()}"))
        if not form.action:
            raise SimulationError(f"{base_url}/s/{slug} asks for no consent: {form.text[:300]}")
        fields = form.fields | dict.fromkeys(form.boxes, "yes") | {"observer_kind": _KIND}
        page = _read(browser.post(form.action, urlencode(fields).encode(), _FORM))
        if page.choices:
            chosen = {name: str(rng.choice(values)) for name, values in page.choices.items()}
            browser.post(page.action, urlencode(page.fields | chosen).encode(), _FORM)
        if browser.address == f"{browser.landing(slug)}/left":
            raise TurnedAwayError(f"{base_url}/s/{slug} turned this simulated participant away")
        entry = browser.address.removesuffix("/study").removesuffix("/about")
        _take(browser, entry, json.loads(browser.get(f"{entry}/plan")), choose, rng)
        code = _read(browser.get(f"{entry}/finish?asked=yes")).completion_code
    if not code:
        raise SimulationError(f"{urljoin(base_url, entry)}/finish shows no completion code")
    return code


def _take(browser: "_Browser", entry: str, plan: dict[str, Any], choose: Choose, rng: np.random.Generator) -> None:
    """Answer everything of the plan in the order in which a browser shows it."""
    elapsed = 0.0
    _fill_in(browser, entry, plan, "start", rng)
    for task in plan["tasks"]:
        for trial in (trial for trial in plan["trials"] if trial["task"] == task["name"]):
            elapsed = _answer(browser, entry, trial, choose, elapsed, rng)
        _fill_in(browser, entry, plan, f"after:{task['name']}", rng)
    _fill_in(browser, entry, plan, "end", rng)


def _answer(
    browser: "_Browser", entry: str, trial: dict[str, Any], choose: Choose, elapsed: float, rng: np.random.Generator
) -> float:
    """Answer the open questions of a trial; the time then, in ms since the page's start."""
    told = (trial.get("advice") or {}).get("told")
    shown = [image["url"] for image in trial["images"]] + ([told["url"]] if told else [])
    images = [unpadded(browser.get(url)) for url in shown if url]
    for question in trial["questions"][len(trial["answered"]) :]:
        response, rt = (_TYPED, None) if "typed" in question else choose(trial, question, images, rng)
        elapsed += rt or 0
        answer = {
            "question": question["name"],
            "response": _asked(question) or response,
            "rt": rt,
            "time_elapsed": elapsed,
            "trial_index": trial["index"],
            "events": [],
        }
        path = f"{entry}/trials/{trial['trial_token']}"
        reply = json.loads(browser.post(path, json.dumps(answer).encode(), "application/json"))
        trial = trial | {"answered": [*trial["answered"], answer["response"]]}
        if reply.get("advice"):
            trial |= {"advice": trial["advice"] | {"told": reply["advice"]}}
            images += [unpadded(browser.get(url)) for url in [reply["advice"]["url"]] if url]
    return elapsed


def _fill_in(browser: "_Browser", entry: str, plan: dict[str, Any], at: str, rng: np.random.Generator) -> None:
    for page in (page for page in plan["questionnaires"] if page["at"] == at):
        answers = {item["name"]: _said(item, rng) for item in page["items"]}
        body = json.dumps({"answers": answers, "time_on_page": 4000.0 * len(answers)}).encode()
        browser.post(f"{entry}/questionnaires/{page['name']}/{page['page']}", body, "application/json")


def _said(item: dict[str, Any], rng: np.random.Generator) -> str | None:
    """A random answer to an item of a questionnaire; now and then none, where none is needed."""
    if not item["required"] and rng.random() < _LEFT_EMPTY:
        return None
    if item["points"]:
        return str(rng.integers(1, item["points"] + 1))
    if item["options"]:
        return str(rng.choice([option["value"] for option in item["options"]]))
    least, most = item["minimum"], item["maximum"]
    return str(next((bound for bound in (least, most) if bound is not None), 1)) if item["kind"] == NUMBER else "–"


def _asked(question: dict[str, Any]) -> str | None:
    """The option that an attention check names in quotation marks in its question, as attentive people find it."""
    for option in question["options"]:
        if re.search(rf"{_QUOTATION_MARK}\s?{re.escape(option['label'])}\s?{_QUOTATION_MARK}", question["text"]):
            return str(option["value"])
    return None


@dataclass
class _Browser:
    """One kept connection, opened again where the server closed it while idle; cookies, redirects followed, 503 waited
    out; `address` is the path of the page now shown."""

    base_url: str
    witness: Witness
    address: str = "/"
    _cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in _CONNECTIONS or not parts.hostname:
            raise SimulationError(f"{self.base_url!r} is not an address like http://127.0.0.1:8000")
        self._connection = _CONNECTIONS[parts.scheme](parts.hostname, parts.port, timeout=60)

    def landing(self, slug: str = "") -> str:
        """The path of a study's first page, below the path of the server if it has one."""
        return f"{urlsplit(self.base_url).path.rstrip('/')}/s/{slug}"

    def __enter__(self) -> "_Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str) -> bytes:
        return self._request("GET", path)

    def post(self, path: str, body: bytes, content_type: str) -> bytes:
        return self._request("POST", path, body, {"Content-Type": content_type})

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        for _ in range(_MAX_EXCHANGES):
            reply, content = self._exchange(method, path, body, headers or {})
            if reply.status in (302, 303):
                method, body, headers = "GET", None, {}
                path = urlsplit(urljoin(path, reply.headers["Location"])).path
            elif reply.status == 503:
                time.sleep(float(reply.headers["Retry-After"]))
            else:
                break
        self.address = path
        if reply.status != 200:
            words = _read(content).text or content.decode(errors="replace")
            kind = NoPlaceLeftError if reply.status == 409 and path.startswith(self.landing()) else SimulationError
            raise kind(f"{method} {urljoin(self.base_url, path)} replied {reply.status}: {words[:300]}")
        return content

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())
        sent = headers | {KIND_HEADER: _KIND} | ({"Cookie": cookies} if cookies else {})
        begun = time.perf_counter()
        try:
            try:
                reply, content = self._reply(method, path, body, sent)
            except ConnectionError:  # the server has closed the kept connection; the next request opens another
                self._connection.close()
                reply, content = self._reply(method, path, body, sent)
        except (OSError, HTTPException) as error:
            raise SimulationError(
                f"no reply from {self.base_url} ({error}); is `./manage.py serve` running?"
            ) from error
        seconds = time.perf_counter() - begun
        self.witness(Exchange(method, path, reply.status, tuple(reply.headers.items()), content, seconds))
        for cookie in reply.headers.get_all("Set-Cookie", []):
            self._cookies.load(cookie)
        return reply, content

    def _reply(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[HTTPResponse, bytes]:
        self._connection.request(method, path, body, headers)
        reply = self._connection.getresponse()
        return reply, reply.read()


class _Page(HTMLParser):
    """What a simulated participant reads on a page: the form's fields and boxes, the completion code, the words."""

    def __init__(self) -> None:
        super().__init__()
        self.action, self.completion_code = "", ""
        self.fields: dict[str, str] = {}
        self.boxes: list[str] = []
        self.choices: dict[str, list[str]] = {}  # name of a question → values of its options
        self._words: list[str] = []
        self._in_main = self._in_code = False

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split()).replace(" : ", ": ")

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.action = given.get("action", "")
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "input" and given.get("type") == "checkbox":
            self.boxes.append(given["name"])
        elif tag == "input" and given.get("type") == "radio":
            self.choices.setdefault(given["name"], []).append(given["value"])
        self._in_main |= tag == "main"
        self._in_code = given.get("id") == "completion-code"

    def handle_endtag(self, tag: str) -> None:
        if self._in_main and tag == "h1":
            self._words.append(": ")
        self._in_main &= tag != "main"
        self._in_code = False

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.completion_code += data.strip()
        if self._in_main:
            self._words.append(data)


def _read(content: bytes) -> _Page:
    page = _Page()
    page.feed(content.decode(errors="replace"))
    return page
