"""Nothing that reaches the browser tells what a picture is of, how it was made or by which network."""

import json
import re

from playwright.sync_api import Page, Route

from tests.browser.person import Person
from tests.browser.studies import NETWORKS, TOTAL, LiveStudy
from tests.study.samples import METHODS

TELLING = (*METHODS, *NETWORKS, "gradcam", "backprop", "stimulus", "image_id", "is_correct", "foil", "truth")
# Tokens: long, with capitals and digits, which no name here has. One in a thousand runs had "foil" in one of them.
RANDOM = re.compile(r"(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{22,}")


def texts_until_the_finish(page: Page, live: LiveStudy) -> list[tuple[str, str]]:
    """(address, headers and text) of everything that the study sends to a participant who takes it to the end."""
    replies = []

    def overhear(route: Route) -> None:
        reply = route.fetch()
        text = "" if reply.headers["content-type"] == "image/png" else reply.text()
        replies.append((reply.url, json.dumps(reply.headers) + text))
        route.fulfill(response=reply)

    page.route("**/s/*", overhear)
    page.route("**/p/*/*", overhear)
    page.route("**/p/*/*/*", overhear)
    person = Person.arrives(page, live)
    person.consents()
    page.reload()  # what a redirection leads to is not overheard
    person.reads_on()
    person.finishes()
    kinds = [address.split("/")[5] for address, _ in replies if "/p/" in address]
    assert {"study", "plan", "device", "images", "trials", "finish"} == {*kinds}
    assert kinds.count("trials") == TOTAL
    # The debriefing, on the last page, tells what the study was about.
    return [(address, text) for address, text in replies if not address.endswith("/finish")]


def test_no_page_plan_reply_header_or_address_names_method_network_or_truth(page: Page, live: LiveStudy) -> None:
    found = [
        (word, address)
        for address, text in texts_until_the_finish(page, live)
        for word in TELLING
        if word in RANDOM.sub("", address + text).lower()
    ]
    assert found == []


def test_each_picture_has_an_address_of_its_own_for_each_person(page: Page, live: LiveStudy) -> None:
    addresses = []
    for _ in range(2):
        page.context.clear_cookies()
        person = Person.arrives(page, live)
        person.starts()
        plan = page.request.get(page.url.replace("/study", "/plan")).json()
        addresses += [image["url"] for trial in plan["trials"] for image in trial["images"]]
    assert len(set(addresses)) == len(addresses)


def test_no_picture_stands_in_the_page_before_its_question(person: Person) -> None:
    person.consents()
    person.reads_on()
    person.waits_for_question(1)
    assert person.page.locator("img").count() == 1
