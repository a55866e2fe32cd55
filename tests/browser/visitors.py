"""What a person does on the site, in the words of the tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from playwright.sync_api import Error

from accounts.models import User
from recognizer.models import Correction

Points = list[tuple[float, float]]  # shares of the sheet's width and height

SEVEN: Points = [(0.28, 0.25), (0.5, 0.24), (0.72, 0.25), (0.66, 0.38), (0.58, 0.55), (0.5, 0.72), (0.46, 0.82)]
ONE: Points = [(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]
SCRIBBLE: Points = [
    *[(0.1, 0.1), (0.9, 0.8), (0.15, 0.9), (0.85, 0.2), (0.2, 0.4), (0.95, 0.5), (0.05, 0.6), (0.6, 0.05)],
    *[(0.4, 0.95), (0.9, 0.1), (0.1, 0.75), (0.5, 0.3), (0.7, 0.9), (0.3, 0.1), (0.8, 0.6), (0.2, 0.2)],
]


MODELS = ("/live-versions", "/versions/")  # in the addresses that the page reads for the model in it

# All changes in the database of the site, and what a closing page wrote down beside it.
WAITING = """() => new Promise((done) => {
    const opening = indexedDB.open("inkling");
    opening.onupgradeneeded = () => opening.transaction.abort(); // nothing was ever stored
    opening.onerror = () => done([]);
    opening.onsuccess = () => {
        const database = opening.result;
        const asking = database.transaction("outbox").objectStore("outbox").getAll();
        const written = JSON.parse(localStorage.getItem("inkling.outbox")) ?? [];
        asking.onsuccess = () => done([...asking.result, ...written].sort((one, other) => one.order - other.order));
        database.close();
    };
})"""


def until(page: Any, holds: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until this holds. Raises AssertionError if it does not."""
    for _ in range(int(seconds * 20)):
        with suppress(Error):  # the page was just replaced by another one
            if holds():
                return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen in time")


def said_by(author: User) -> list[str]:
    """What the drawings of this person are, as they say themselves, the oldest correction first."""
    standing = Correction.objects.current().filter(drawing__author=author, label__isnull=False)
    return list(standing.order_by("created").values_list("label__slug", flat=True))


def _is_about_drawings(request: Any) -> bool:
    """Whether it asks the API something, and does not just follow the model versions."""
    return "/api/" in request.url and not any(part in request.url for part in MODELS)


# What was announced to screen readers: the next text can replace it at once.
ANNOUNCED = """
window.announced = [];
new MutationObserver(() => {
  const words = document.querySelector("[data-announcer]")?.textContent;
  if (words && words !== announced.at(-1)) announced.push(words);
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


class Visitor:
    """A page of a browser, and what went wrong in it."""

    def __init__(self, page: Any, site: str) -> None:
        self.page, self.site = page, site
        self.complaints: list[str] = []
        self.sent: list[Any] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._settled = 0
        page.add_init_script(ANNOUNCED)
        page.on("request", self._remember)
        page.on("requestfinished", self._settle)
        page.on("requestfailed", self._settle)

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Service Worker registration blocked"):
            self.complaints.append(message.text)

    def _remember(self, request: Any) -> None:
        if _is_about_drawings(request):
            self.sent.append(request)

    def _settle(self, request: Any) -> None:
        self._settled += _is_about_drawings(request)

    def waits_until_all_is_asked(self) -> None:
        """Until no question to the API is under way, and none follows."""
        asked, deadline = -1, monotonic() + 60
        while asked != len(self.sent) or self._settled < len(self.sent):
            assert monotonic() < deadline, "a question is never answered"
            asked = len(self.sent)
            self.page.wait_for_timeout(600)  # the server is asked after half a second

    @property
    def outbox(self) -> list[Any]:
        """All changes that wait on this device, the oldest first."""
        return list(self.page.evaluate(WAITING))

    def waits_until_all_is_delivered(self) -> None:
        """Until no change waits on this device."""
        until(self.page, lambda: not self.outbox)

    def in_language(self, code: str) -> Visitor:
        """The same visitor, who chose this language before."""
        self.page.context.add_cookies([{"name": "django_language", "value": code, "url": self.site}])
        return self

    def go(self, path: str) -> None:
        try:
            self.page.goto(self.site + path)
        except Error as error:  # a page can reload itself at the same moment, as the offline page does
            if "interrupted by another navigation" not in error.message:
                raise
            self.page.goto(self.site + path)

    def open_sheet(self) -> None:
        self.go("/")
        self.page.wait_for_selector("[data-draw][data-ready]")

    def has_no_model(self) -> None:
        """From the next page on the server answers, as in a browser that cannot run the model."""
        self.page.context.route("**/js/model/worker*.js", lambda route: route.abort())

    # --- The sheet ---

    def places(self, points: Points) -> list[tuple[float, float]]:
        box = self.page.locator("[data-pad]").bounding_box()
        return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]

    def draw(self, points: Points, *, lift: bool = True) -> None:
        """With the mouse."""
        first, *rest = self.places(points)
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in rest:
            self.page.mouse.move(*place, steps=4)
        if lift:
            self.page.mouse.up()

    def touch(self, kind: str, *points: tuple[float, float], radius: float = 1) -> None:
        """kind is Start, Move, End or Cancel; one point for each finger on the glass."""
        size = {"radiusX": radius, "radiusY": radius}  # CSS pixels
        fingers = [{"x": x, "y": y, "id": i, **size} for i, (x, y) in enumerate(self.places(list(points)))]
        self._cdp().send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": fingers})

    def pinch(self) -> None:
        """One finger, and then two that move apart, until the page is larger."""
        self.touch("Start", (0.4, 0.4))
        self.touch("Move", (0.4, 0.41))
        self.touch("Start", (0.4, 0.41), (0.6, 0.6))
        for step in range(1, 9):
            self.touch("Move", (0.4 - step / 40, 0.4 - step / 40), (0.6 + step / 40, 0.6 + step / 40))
        self.touch("End")
        self.page.wait_for_function("visualViewport.scale > 1.2")

    def draw_by_finger(self, points: Points) -> None:
        self.touch("Start", points[0])
        for point in points[1:]:
            self.touch("Move", point)
        self.touch("End")

    def pen(self, kind: str, point: tuple[float, float]) -> None:
        """kind is Pressed, Moved or Released."""
        [(x, y)] = self.places([point])
        event = {"type": f"mouse{kind}", "x": x, "y": y, "pointerType": "pen", "button": "left"}
        self._cdp().send("Input.dispatchMouseEvent", event | {"buttons": int(kind != "Released"), "clickCount": 1})

    def _cdp(self) -> Any:
        if not hasattr(self, "_session"):
            self._session = self.page.context.new_cdp_session(self.page)
        return self._session

    @property
    def strokes(self) -> list[Any]:
        """What is on the sheet, as the page remembers it for a reload."""
        draft = self.page.evaluate("sessionStorage.getItem('inkling.sheet')")
        if not draft:
            return []
        history = json.loads(draft)["history"]
        return [history["strokes"][place] for place in history["states"][history["at"]]]

    @property
    def inked(self) -> int:
        """How many pixels of the canvas hold ink."""
        count = """canvas => new Promise(done => requestAnimationFrame(() => done(
            canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
              .filter((value, i) => i % 4 === 3 && value > 127).length)))"""
        return int(self.page.locator("[data-pad]").evaluate(count))

    # --- The answer ---

    def sees(self, state: str, label: str | None = None) -> None:
        """Wait until the panel is in this state (empty, waiting, answer, unsure, thanks) and this label is first."""
        self.page.wait_for_selector(f"[data-panel][data-state={state}]")
        if label:
            self.page.wait_for_selector(f"[data-part=confirm][data-label='{label}']", state="attached")

    def sees_who_answered(self, key: str, version: int = 1) -> None:
        """Wait for the line about the version: `answeredHere` or `answeredByServer`."""
        said = "words => document.querySelector('[data-part=version]').textContent === words"
        self.page.wait_for_function(said, arg=self.text(key, version=str(version)))

    def waits_for_the_model(self) -> None:
        """Until the page has its copy of the model, checked."""
        self.page.wait_for_selector("[data-draw][data-model-version]", state="attached")

    def text(self, key: str, **values: str) -> str:
        """The text of the page with this key (recognizer.pages.script_texts), up to the first value not given."""
        text = str(json.loads(self.page.text_content("#texts"))[key])
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text.partition("{")[0]

    def hears(self, key: str, **values: str) -> None:
        """Wait until the text with this key is announced to screen readers, after the one that was heard last."""
        script = """words => {
          const at = announced.findIndex(each => each.includes(words));
          announced.splice(0, at);
          return at >= 0;
        }"""
        self.page.wait_for_function(script, arg=self.text(key, **values))

    def sees_outcome(self, name: str) -> None:
        """Wait for the message about a labelled drawing: saving, saved, queued, anonymous and so on."""
        self.page.wait_for_selector(f"[data-outcome={name}]", state="visible")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def draw_what_waits(self, points: Points, label: str) -> None:
        """Draw and label; it cannot be sent now."""
        self.draw(points)
        self.press(label)
        self.sees_outcome("queued")

    def press_on_layout(self, key: str, code: str, *, shift: bool = False, ctrl: bool = False) -> None:
        """Press the key at the place `code` of a keyboard whose layout has the character `key` there."""
        modifiers = 2 * ctrl + 8 * shift
        for kind in ("rawKeyDown", "keyUp"):
            self._cdp().send("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": code, "modifiers": modifiers})

    def click(self, action: str) -> None:
        self.page.click(f"[data-do={action}]")
