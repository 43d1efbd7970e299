"""The whole study in a real browser: by mouse, by keyboard, and against everything that interrupts people."""

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import PHONE
from tests.browser.person import Notes, Person, Requests, stop_the_clock
from tests.browser.studies import TOTAL, TRIALS, LiveStudy, serving

TRIAL_ADDRESSES = "**/trials/*"
IMAGE_ADDRESSES = "**/images/*"  # to be routed before consent: the first picture comes while the instructions are read
# Fulfilled a little after the page has counted the resizing as one: it waits 250 ms for more.
RESIZED = """() => {
  window.resized = new Promise((resolve) => {
    let timer
    addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(resolve, 300) })
  })
}"""


def test_a_person_with_a_mouse_finishes_and_gets_the_code_that_is_stored(person: Person, live: LiveStudy) -> None:
    person.starts()
    token = person.token
    assert live.completion_code(token) is None
    code = person.finishes()
    assert code == live.completion_code(token)
    stored = live.answers(token)
    assert [answer.position for answer in stored] == list(range(TOTAL))
    assert [answer.task for answer in stored] == ["seeing"] * TRIALS["seeing"] + ["trusting"] * TRIALS["trusting"]
    assert all(0 < answer.rt < answer.time_elapsed for answer in stored)


def test_a_person_with_a_keyboard_alone_finishes(page: Page, live: LiveStudy) -> None:
    person = Person.arrives(page, live)
    press = page.keyboard.press
    while page.evaluate("document.activeElement.name") != "consent":
        press("Tab")
    press("Space")
    press("Tab")
    press("Enter")
    page.wait_for_url("**/study")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expected = []
    for n in range(1, TOTAL + 1):
        while not person.question_is_open():
            press("Enter")
        person.waits_for_question(n)
        if n % 2:
            expected.append(person.options.nth(1).get_attribute("value"))
            press("2")
        else:
            expected.append(person.options.last.get_attribute("value"))
            press("ArrowLeft")
            expect(person.options.last).to_be_focused()
            press("Enter")
        person.waits_until_taken()
    token = person.token
    code = person.code()
    assert [answer.response for answer in live.answers(token)] == expected
    while page.evaluate("document.activeElement.tagName") != "BUTTON":
        press("Tab")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code


def test_a_person_with_a_phone_finishes_by_touch(open_context: Callable[..., BrowserContext], live: LiveStudy) -> None:
    page = open_context(**PHONE).new_page()
    person = Person.arrives(page, live)
    person.starts()
    for n in range(1, TOTAL + 1):
        person.reads_on()
        person.waits_for_question(n)
        person.options.last.tap()
        person.waits_until_taken()
    token = person.token
    assert person.code() == live.completion_code(token)


def test_a_person_from_a_recruitment_platform_is_sent_back_there(
    open_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    with serving(tmp_path, provider="prolific") as live:
        page = open_context().new_page()
        person = Person.arrives(page, live, "?PROLIFIC_PID=5f1&STUDY_ID=6a2&SESSION_ID=7b3")
        person.starts()
        token = person.token
        code = person.finishes()
        link = page.get_by_role("link", name="Complete and return")
        assert code == live.completion_code(token)
        assert link.get_attribute("href") == f"https://app.prolific.com/submissions/complete?cc={code}"
        page.goto("about:blank")


def test_other_keys_and_key_combinations_answer_nothing(person: Person, live: LiveStudy) -> None:
    person.starts()
    person.waits_for_question(1)
    for key in ("3", "9", "0", "a", "Control+1", "Alt+2", "Escape"):
        person.page.keyboard.press(key)
    person.clicks(1)
    person.waits_for_question(2)
    assert len(person.stored(1)) == 1


def test_a_refresh_resumes_at_the_next_unanswered_question(person: Person, live: LiveStudy) -> None:
    person.starts()
    person.clicks(1)
    person.clicks(2)
    person.waits_for_question(3)
    before = person.page.locator(".option").all_inner_texts()
    person.page.reload()
    expect(person.page.get_by_text("You continue with question 3 of")).to_be_visible()
    person.reads_on()
    person.waits_for_question(3)
    assert person.page.locator(".option").all_inner_texts() == before
    token = person.token
    person.finishes(first=3)
    assert len(live.answers(token)) == TOTAL


def test_the_link_brings_a_person_back_to_where_they_were(person: Person, live: LiveStudy) -> None:
    person.starts()
    person.clicks(1)
    person.waits_for_question(2)
    token = person.token
    person.page.goto(live.landing)
    person.page.wait_for_url(f"**/p/{token}/study")
    person.finishes(first=2)
    person.page.goto(live.landing)
    assert person.code() == live.completion_code(token)


def test_a_double_click_answers_one_question(page: Page, live: LiveStudy) -> None:
    page.clock.install()
    person = Person.arrives(page, live)
    person.starts()
    person.waits_for_question(1)
    stop_the_clock(page)
    person.options.first.click()
    expect(page.locator("#progress-text")).to_have_text(f"Question 2 of {TOTAL}")
    page.clock.run_for(120)
    page.mouse.down()
    page.mouse.up()
    page.clock.resume()
    person.waits_for_question(2)
    page.wait_for_timeout(500)
    assert len(person.stored(1)) == 1


def test_an_answer_whose_reply_was_lost_is_sent_again_and_stored_once(person: Person, live: LiveStudy) -> None:
    bodies = []

    def lose_the_first_reply(route: Route) -> None:
        bodies.append(route.request.post_data)
        if len(bodies) > 1:
            return route.continue_()
        route.fetch()
        route.abort()

    person.starts()
    notes = Notes(person.page)
    person.page.route(TRIAL_ADDRESSES, lose_the_first_reply)
    person.clicks(1)
    notes.said("All answers saved")
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    person.clicks(2)
    person.waits_for_question(3)
    assert [answer.position for answer in person.stored(2)] == [0, 1]


def test_offline_the_answer_waits_with_a_banner_and_arrives_once(person: Person, live: LiveStudy) -> None:
    person.starts()
    person.waits_for_question(1)
    banner = person.page.locator("#save-note")
    person.page.context.set_offline(True)
    person.clicks(1)
    expect(banner).to_have_text("Offline, answers stored")
    assert live.answers(person.token) == []
    person.page.context.set_offline(False)
    expect(banner).to_have_text("All answers saved")
    assert len(live.answers(person.token)) == 1
    expect(banner).to_be_empty()
    token = person.token
    person.finishes(first=2)
    assert len(live.answers(token)) == TOTAL


def test_a_server_that_cannot_store_is_asked_again(person: Person, live: LiveStudy) -> None:
    refusals = iter((503, 503))

    def busy_twice(route: Route) -> None:
        status = next(refusals, None)
        route.fulfill(status=status, headers={"Retry-After": "1"}) if status else route.continue_()

    person.starts()
    notes = Notes(person.page)
    person.page.route(TRIAL_ADDRESSES, busy_twice)
    person.clicks(1)
    notes.said("Not saved yet")
    notes.said("All answers saved")
    assert len(person.stored(1)) == 1
    assert next(refusals, None) is None


def test_a_refusal_that_is_not_the_servers_own_loses_no_answer(person: Person, live: LiveStudy) -> None:
    """A hotel's login page, a company's proxy or a server that is being set up may answer in ours's stead."""
    refusals = iter((403, 404, 400))

    def answered_by_a_stranger(route: Route) -> None:
        status = next(refusals, None)
        if status is None:
            return route.continue_()
        route.fulfill(status=status, content_type="text/html", body="<h1>Log in</h1>")

    person.starts()
    person.waits_for_question(1)
    notes = Notes(person.page)
    person.page.route(TRIAL_ADDRESSES, answered_by_a_stranger)
    person.clicks(1, option=1)
    person.clicks(2)
    notes.said("All answers saved")
    person.waits_for_question(3)
    assert [answer.position for answer in person.stored(2)] == [0, 1]


def test_the_note_of_waiting_answers_covers_nothing_for_good(
    open_context: Callable[..., BrowserContext], live: LiveStudy
) -> None:
    """On a phone all below the question can still be reached with a finger, the way to withdraw above all."""
    person = Person.arrives(open_context(**PHONE).new_page(), live)
    person.starts()
    person.page.route(TRIAL_ADDRESSES, lambda route: route.abort())
    person.clicks(1)
    expect(person.page.locator("#save-note")).to_contain_text("Not saved yet")
    person.waits_for_question(2)
    for option in person.options.all():
        option.tap(trial=True)
    person.page.get_by_role("link", name="Withdraw").tap(trial=True)


def test_an_answer_outlives_a_page_that_was_closed_before_it_was_sent(person: Person, live: LiveStudy) -> None:
    person.starts()
    context, address, token = person.page.context, person.page.url, person.token
    person.page.route(TRIAL_ADDRESSES, lambda route: route.abort())
    person.clicks(1)
    expect(person.page.locator("#save-note")).to_contain_text("Not saved yet")
    person.page.close()
    assert live.answers(token) == []
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_text("You continue with question 2 of")).to_be_visible()
    assert len(live.answers(token)) == 1


def test_several_answers_outlive_a_page_and_arrive_in_order(person: Person, live: LiveStudy) -> None:
    person.starts()
    context, address, token = person.page.context, person.page.url, person.token
    person.page.route(TRIAL_ADDRESSES, lambda route: route.abort())
    for n, option in ((1, 1), (2, 0), (3, 1)):
        person.clicks(n, option)
    expect(person.page.locator("#save-note")).to_contain_text("Not saved yet")
    person.page.close()
    assert live.answers(token) == []
    page = context.new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/trials/" in request.url else None)
    page.goto(address)
    progress = page.locator("#progress-text")
    expect(progress).to_have_text("Part 2 of 2")  # part 1 has three questions
    assert [answer.position for answer in live.answers(token)] == [0, 1, 2]
    assert len(sent) == 3
    page.reload()
    expect(progress).to_have_text("Part 2 of 2")  # part 1 has three questions
    assert len(sent) == 3, "what was acknowledged is kept no longer"


def test_the_last_answer_is_waited_for_before_the_finish(person: Person, live: LiveStudy) -> None:
    person.starts()
    for n in range(1, TOTAL):
        person.reads_on()
        person.clicks(n)
    person.waits_for_question(TOTAL)
    person.page.context.set_offline(True)
    person.clicks(TOTAL)
    expect(person.page.get_by_role("heading", name="Saving your answers")).to_be_visible()
    token = person.token
    assert live.completion_code(token) is None
    person.page.context.set_offline(False)
    assert person.code() == live.completion_code(token)


def test_the_second_of_two_tabs_gives_way_and_goes_on_where_the_first_is(person: Person, live: LiveStudy) -> None:
    person.starts()
    person.waits_for_question(1)
    second = Person(person.page.context.new_page(), live)
    second.page.goto(person.page.url)
    second.reads_on()
    second.waits_for_question(1)
    person.clicks(1, option=0)
    person.waits_for_question(2)
    assert len(person.stored(1)) == 1
    second.clicks(1, option=1)
    expect(second.page.get_by_text("You continue with question 2 of")).to_be_visible()
    stored = live.answers(person.token)
    assert len(stored) == 1
    second.finishes(first=2)


def test_a_browser_that_refuses_storage_takes_part_all_the_same(page: Page, live: LiveStudy) -> None:
    page.add_init_script("indexedDB.open = () => { throw new DOMException('refused', 'SecurityError'); }")
    person = Person.arrives(page, live)
    person.starts()
    token = person.token
    person.finishes()
    assert len(live.answers(token)) == TOTAL


def test_a_picture_that_fails_is_fetched_again_and_says_so(page: Page, live: LiveStudy) -> None:
    broken = True
    page.clock.install()
    person = Person.arrives(page, live)
    page.route(IMAGE_ADDRESSES, lambda route: route.abort() if broken else route.continue_())
    requests = Requests(page)
    person.consents()
    person.reads_on()
    expect(page.get_by_text("taking longer than usual")).to_be_visible()
    expect(person.options.first).to_be_disabled()
    stop_the_clock(page)  # or the page tries again by itself
    requests.end()  # it may have done so just before
    broken = False
    with page.expect_request(IMAGE_ADDRESSES):
        page.get_by_role("button", name="Try again now").press("Enter")  # a click waits for frames
    page.clock.resume()
    person.clicks(1)
    person.waits_for_question(2)


def test_rt_runs_from_the_painted_picture_and_nothing_can_be_answered_before(person: Person, live: LiveStudy) -> None:
    delay_ms = 3000
    held: list[Route] = []
    person.page.route(IMAGE_ADDRESSES, lambda route: held.append(route), times=1)
    person.consents()
    person.reads_on()
    expect(person.page.get_by_text("The picture is loading")).to_be_visible()
    expect(person.options.first).to_be_disabled()
    person.page.keyboard.press("1")
    person.page.wait_for_timeout(delay_ms)
    released = time.monotonic()
    held.pop().continue_()
    person.clicks(1)
    since_released_ms = 1000 * (time.monotonic() - released)
    person.waits_for_question(2)
    (stored,) = person.stored(1)
    assert stored.time_elapsed > delay_ms
    assert stored.rt < since_released_ms, (
        "a busy machine clicks late; from the trial's start it would be the delay more"
    )


def test_what_happens_to_the_window_is_stored_with_the_answer(person: Person, live: LiveStudy) -> None:
    person.starts()
    person.waits_for_question(1)
    person.page.evaluate("window.dispatchEvent(new Event('blur'))")
    person.page.evaluate("window.dispatchEvent(new Event('focus'))")
    person.page.evaluate(RESIZED)
    person.page.set_viewport_size({"width": 1000, "height": 700})
    person.page.evaluate("resized")
    person.clicks(1)
    person.waits_for_question(2)
    assert len(person.stored(1)) == 1
    assert [event for event in live.events(person.token) if event != "visible"] == ["blur", "focus", "resize"]


def test_the_finish_is_not_shown_before_the_last_answer(person: Person) -> None:
    person.starts()
    person.page.goto(person.page.url.replace("/study", "/finish"))
    person.page.wait_for_url("**/study")


def test_without_consent_the_form_is_not_sent(person: Person, live: LiveStudy) -> None:
    person.page.get_by_role("button", name="Agree and continue").click()
    assert person.page.url == live.landing


def test_a_broken_installation_says_so_instead_of_a_blank_page(
    open_context: Callable[..., BrowserContext], live: LiveStudy
) -> None:
    person = Person.arrives(open_context().new_page(), live)
    person.page.route("**/vendor/*", lambda route: route.abort())
    person.consents()
    expect(person.page.get_by_role("heading", name="The page did not load completely")).to_be_visible()
