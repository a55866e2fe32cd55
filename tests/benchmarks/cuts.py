"""`python -m tests.benchmarks.cuts [200]`: cut the network at random while two people draw in two tabs of one browser.

Each round one of the tabs draws a digit and labels it; some labels are changed at once. The network is cut before the
label, in the middle of its request, after the server has carried it out but before the answer arrives, or together with
a reload of the page. At random the other person signs in. At last each person comes back once. Nothing may be lost or
saved twice, each drawing must be in the account of its author with the last label, and in the order of the labels.
Prints what was wrong; ends with status 1 if anything was.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

import tests.environment  # noqa: F401

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
os.environ["STATIC_ROOT"] = str(Path(os.environ["INKLING_VAR"]) / "static")
django.setup()

# ruff: noqa: E402 - these need the settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Error, sync_playwright

from accounts.models import User
from recognizer.models import Correction, Drawing
from tests.benchmarks.server import running_site
from tests.browser.visitors import ONE, SEVEN, Visitor
from tests.programs import find_chromium

ROUNDS = 200
SEED = 17
PEOPLE = 2
PATIENCE = 60  # seconds until all is delivered at last


@dataclass
class Person:
    """Somebody who draws, and what should be saved: the id of each drawing and its label, in order."""

    author: Any
    session: str
    said: dict[str, str] = field(default_factory=dict)

    def say(self, drawing: str, label: str) -> None:
        """The newest label counts, and its place in the order."""
        self.said.pop(drawing, None)
        self.said[drawing] = label


def main() -> None:
    """Start the site, cut, compare."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    call_command("collectstatic", "--noinput", verbosity=0)
    with running_site(options="--workers 1 --threads 4") as (port, _pid):
        people = [_person(number) for number in range(PEOPLE)]
        _cut(f"http://127.0.0.1:{port}", people, rounds)
        wrong = [text for person in people for text in _wrong(person)]
    for text in wrong:
        sys.stdout.write(f"{text}\n")
    labelled = sum(len(person.said) for person in people)
    sys.stdout.write(
        f"{rounds} cuts, {labelled} labelled drawings of {PEOPLE} people in two tabs: {len(wrong)} wrong\n"
    )
    raise SystemExit(bool(wrong))


def _person(number: int) -> Person:
    email = f"person-{number}@example.org"
    author = User.objects.create_user(email, "a long enough word", consented_at=timezone.now())
    session = SessionStore()
    session[SESSION_KEY] = str(author.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = author.get_session_auth_hash()
    session.create()
    return Person(author, str(session.session_key))


class Device:
    """One browser with two tabs of the draw page."""

    def __init__(self, context: Any, url: str, chance: random.Random) -> None:
        self.context, self.url, self.chance = context, url, chance
        self.tabs = [Visitor(context.new_page(), url) for _tab in range(2)]

    def sign_in(self, person: Person) -> None:
        """Online."""
        self.cut(offline=False)
        self.context.add_cookies([{"name": "sessionid", "value": person.session, "url": self.url}])
        for tab in self.tabs:
            tab.open_sheet()

    def cut(self, *, offline: bool = True) -> None:
        self.context.set_offline(offline)

    def draw_and_label(self, tab: Visitor, person: Person) -> None:
        """With a cut at a random moment."""
        cut: Callable[[Visitor], None] = self.chance.choice(
            [self._before, self._during, self._lose_answer, self._reload]
        )
        drawing = self._draw(tab)
        changes = cut != self._reload and self.chance.random() < 0.4  # a reloaded page has no label to change
        labels = self.chance.sample("0123456789", k=2 if changes else 1)
        if cut == self._before:
            self.cut()
        for label in labels:
            tab.press(label)
            person.say(drawing, label)
            cut(tab)
        tab.page.wait_for_timeout(self.chance.uniform(0, 200))
        if self.chance.random() < 0.7:
            self.cut(offline=False)
        if tab.page.get_attribute("[data-panel]", "data-state") == "thanks":
            tab.press("Enter")

    def _draw(self, tab: Visitor) -> str:
        """The id of the drawing."""
        for _attempt in range(5):  # a page from the device may just be replaced by one of the server
            tab.page.wait_for_selector("[data-draw][data-ready]")
            tab.draw(self.chance.choice([SEVEN, ONE]))
            with suppress(Error):
                draft = "() => JSON.parse(sessionStorage.getItem('inkling.sheet'))?.id"
                return str(tab.page.wait_for_function(draft, timeout=2000).json_value())
        raise AssertionError("the sheet does not take a drawing")

    def _before(self, _tab: Visitor) -> None:
        """It is cut already."""

    def _during(self, tab: Visitor) -> None:
        tab.page.wait_for_timeout(self.chance.uniform(0, 60))
        self.cut()

    def _lose_answer(self, tab: Visitor) -> None:
        """Of the next request to the API."""

        def lose(route: Any) -> None:
            with suppress(Exception):  # perhaps it is cut already
                route.fetch()
            route.abort()

        tab.page.route("**/api/v1/drawings**", lose, times=1)

    def _reload(self, tab: Visitor) -> None:
        self.cut()
        tab.open_sheet()


def _cut(url: str, people: list[Person], rounds: int) -> None:
    chance = random.Random(SEED)  # noqa: S311 - the same cuts each time
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        options: dict[str, Any] = {
            "executable_path": find_chromium(),
            "args": ["--no-sandbox", "--disable-dev-shm-usage"],
        }
        browser = playwright.chromium.launch(**options)
        device = Device(browser.new_context(), url, chance)
        person = people[0]
        device.sign_in(person)
        device.tabs[0].page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")
        for number in range(rounds):
            if chance.random() < 0.05:
                person = chance.choice(people)
                device.sign_in(person)
            tab = chance.choice(device.tabs)
            tab.page.bring_to_front()
            device.draw_and_label(tab, person)
            if number % 20 == 19:
                sys.stderr.write(f"{number + 1} of {rounds}\n")
        for last in people:
            device.sign_in(last)
            device.tabs[0].page.wait_for_timeout(2000)
        _deliver(device, people)
        browser.close()


def _deliver(device: Device, people: list[Person]) -> None:
    """Until nothing waits on the device."""
    end = time.monotonic() + PATIENCE
    while device.tabs[0].outbox and time.monotonic() < end:
        for person in people:
            device.sign_in(person)
            device.tabs[0].page.wait_for_timeout(3000)


def _wrong(person: Person) -> list[str]:
    stored = [str(uuid) for uuid in Drawing.objects.filter(author=person.author).values_list("uuid", flat=True)]
    current = Correction.objects.current().filter(drawing__author=person.author).order_by("id")
    said = {str(uuid): label for uuid, label in current.values_list("drawing__uuid", "label__slug")}
    wrong = [f"{person.author}: {drawing} is lost" for drawing in person.said if drawing not in stored]
    wrong += [
        f"{person.author}: {drawing} is not theirs or saved twice" for drawing in stored if drawing not in person.said
    ]
    wrong += [
        f"{person.author}: {drawing} is {said.get(drawing)}, not {label}"
        for drawing, label in person.said.items()
        if drawing in stored and said.get(drawing) != label
    ]
    if not wrong and list(said) != list(person.said):
        places = sum(one != other for one, other in zip(said, person.said, strict=True))
        wrong.append(f"{person.author}: {places} labels are in another order")
    return wrong


if __name__ == "__main__":
    main()
