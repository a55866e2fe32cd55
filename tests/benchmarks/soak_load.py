"""The load of `soak.py`: people, reviewers and programs who send one request after another at a fixed rate.

An open loop: each action has a time at which it is due, whether or not earlier ones are answered, and its latency is
counted from then. Each person has an address of their own, which the clients send as a proxy does.
"""

from __future__ import annotations

import io
import random
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import httpx
from PIL import Image, ImageDraw

from recognizer.management.demo.handwriting import LabelledInk, leaning_writers

THREADS = 48  # actions that can be under way at once
KEEPALIVE = 5.0  # seconds; less than the server waits, as a proxy must
TIMEOUT = 30.0  # seconds
PASSWORD = "a long enough word"
RECOGNIZERS = ("digits", "bangla-digits", "sketches")
PAGES = ("/models/", "/models/digits/", "/progress/", "/privacy/", "/memory/", "/developers/", "/accounts/keys/")
STAFF_PAGES = ("/runs/", "/operations/", "/review/grid/", "/review/confusion/digits/", "/review/coverage/digits/")
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
CARD = re.compile(r'data-card="(\d+)"')


class Sample(NamedTuple):
    """One request that was answered, or was not (status 0)."""

    due: float  # seconds since the start
    kind: str
    status: int
    seconds: float


class Person:
    """A browser, signed in or not, with a network address of its own."""

    def __init__(self, site: str, number: int, email: str = "") -> None:
        self.site, self.number, self.email = site, number, email
        self.lock = threading.Lock()  # for what one person does one after the other
        self.saved: deque[tuple[str, str]] = deque(maxlen=200)  # drawings without a label: id, label
        self.client = self.new_client()

    def new_client(self) -> httpx.Client:
        """A client with no cookies. It says that it came by HTTPS through one proxy, and sends secure cookies."""
        address = f"10.1.{self.number // 250}.{self.number % 250 + 1}"
        headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
        limits = httpx.Limits(keepalive_expiry=KEEPALIVE)
        client = httpx.Client(base_url=self.site, headers=headers, limits=limits, timeout=TIMEOUT)
        client.event_hooks["request"] = [partial(_send_secure_cookies, client)]
        return client

    def sign_in(self, client: httpx.Client) -> httpx.Response:
        """Load the page and send its form. Returns the last response, without following it."""
        page = client.get("/accounts/login/")
        token = FORM_TOKEN.search(page.text)
        if token is None:
            return page
        form = {"login": self.email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        return client.post("/accounts/login/", data=form, headers=self.origin())

    def origin(self) -> dict[str, str]:
        """What a browser sends with a form."""
        address = self.site.replace("http://", "https://")
        return {"Origin": address, "Referer": address + "/"}

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A request of a script of the page, with its CSRF token."""
        token = self.client.cookies.get("csrftoken") or ""
        return self.client.request(method, path, json=body, headers={"X-CSRFToken": token, **self.origin()})


class Load:
    """Everybody who uses the site. `samples` has what was measured."""

    def __init__(self, site: str, people: list[str], reviewers: list[str], secret: str) -> None:
        self.samples: list[Sample] = []
        self.faults: Counter[str] = Counter()  # what was answered with an error, by kind and status
        self.visitors = [Person(site, number) for number in range(40)]
        self.people = [Person(site, 300 + number, email) for number, email in enumerate(people)]
        self.reviewers = [Person(site, 600 + number, email) for number, email in enumerate(reviewers)]
        self.program = Person(site, 900)
        self.program.client.headers["Authorization"] = f"Bearer {secret}"
        self.writers = leaning_writers(len(people))
        self.picture = _picture()
        self._writing = threading.Lock()
        self._random = random.Random(1)  # noqa: S311 - a load that is the same each time
        self._begun = 0.0
        actions = {
            "sheet, visitor": (1.2, self.sheet),
            "sheet, signed in": (0.6, self.own_sheet),
            "predict, visitor": (1.4, self.predict),
            "predict, key": (1.0, self.keyed_predict),
            "predict, picture": (0.2, self.predict_picture),
            "predict, 20 at once": (0.05, self.batch),
            "save": (1.0, self.save),
            "correct": (0.9, self.correct),
            "delete": (0.05, self.delete),
            "review": (0.4, self.review),
            "My drawings": (0.4, self.drawings),
            "API, drawings": (0.2, self.api_drawings),
            "other pages": (0.35, self.page),
            "staff pages": (0.1, self.staff_page),
            "sign in and out": (0.1, self.sign_in_and_out),
            "export": (0.01, self.export),
        }
        self.kinds = {kind: action for kind, (_weight, action) in actions.items()}
        self.weights = {kind: weight for kind, (weight, _action) in actions.items()}

    def sign_in_all(self) -> None:
        """Raises SystemExit if somebody cannot sign in."""
        for person in self.people + self.reviewers:
            response = person.sign_in(person.client)
            if response.status_code != httpx.codes.FOUND:
                raise SystemExit(f"{person.email} cannot sign in: {response.status_code} {response.text[:300]}")
            person.client.get("/")

    def run(self, seconds: float, rate: float) -> None:
        """Start actions at this rate for so long; returns when the last one has ended."""
        self._begun = time.monotonic()
        kinds, weights = zip(*self.weights.items(), strict=True)
        with ThreadPoolExecutor(THREADS) as pool:
            for at in range(int(seconds * rate)):
                due = at / rate
                time.sleep(max(0.0, self._begun + due - time.monotonic()))
                pool.submit(self._act, self._random.choices(kinds, weights)[0], due)

    def _act(self, kind: str, due: float) -> None:
        try:
            response = self.kinds[kind]()
            status = response.status_code
            if status >= httpx.codes.BAD_REQUEST:
                self.faults[f"{kind}: {status} {response.request.url.path} {response.text[:200]}"] += 1
        except Exception as error:  # a benchmark of hours goes on, and says what failed
            status = 0
            self.faults[f"{kind}: {type(error).__name__}: {error}"] += 1
        self.samples.append(Sample(due, kind, status, time.monotonic() - self._begun - due))

    # --- Actions; each returns the response that counts ---

    def sheet(self) -> httpx.Response:
        return self._one(self.visitors).client.get("/")

    def own_sheet(self) -> httpx.Response:
        return self._one(self.people).client.get("/")

    def predict(self) -> httpx.Response:
        _label, ink = self._ink(self._one(self.people))
        body = {"recognizer": self._random.choice(RECOGNIZERS), "ink": ink}
        return self._one(self.visitors).client.post("/api/v1/predict", json=body)

    def keyed_predict(self) -> httpx.Response:
        _label, ink = self._ink(self._one(self.people))
        return self.program.client.post("/api/v1/predict", json={"recognizer": "digits", "ink": ink})

    def predict_picture(self) -> httpx.Response:
        headers = {"Content-Type": "image/png"}
        address = "/api/v1/predict/picture?recognizer=digits"
        return self._one(self.visitors).client.post(address, content=self.picture, headers=headers)

    def batch(self) -> httpx.Response:
        items = [{"ink": self._ink(self._one(self.people))[1]} for _ in range(20)]
        return self.program.client.post("/api/v1/predict/batch", json={"recognizer": "digits", "items": items})

    def save(self) -> httpx.Response:
        person = self._one(self.people)
        label, ink = self._ink(person)
        response = person.send("POST", "/api/v1/drawings", {"recognizer": "digits", "ink": ink})
        if response.status_code == httpx.codes.CREATED:
            person.saved.append((response.json()["id"], label))
        return response

    def correct(self) -> httpx.Response:
        return self._with_a_drawing(
            lambda person, uuid, label: person.send("PUT", f"/api/v1/drawings/{uuid}/correction", {"label": label})
        )

    def delete(self) -> httpx.Response:
        return self._with_a_drawing(lambda person, uuid, _label: person.send("DELETE", f"/api/v1/drawings/{uuid}"))

    def _with_a_drawing(self, act: Callable[[Person, str, str], httpx.Response]) -> httpx.Response:
        """Do this with a drawing without a label; if nobody has one, save one."""
        for person in self._random.sample(self.people, len(self.people)):
            try:
                uuid, label = person.saved.popleft()
            except IndexError:
                continue
            return act(person, uuid, label)
        return self.save()

    def review(self) -> httpx.Response:
        reviewer = self._one(self.reviewers)
        with reviewer.lock:
            page = reviewer.client.get("/review/")
            card, token = CARD.search(page.text), FORM_TOKEN.search(page.text)
            if page.status_code != httpx.codes.OK or not card or not token:
                return page
            form = {"accept": "yes", "csrfmiddlewaretoken": token[1]}
            return reviewer.client.post(f"/review/{card[1]}/", data=form, headers=reviewer.origin())

    def drawings(self) -> httpx.Response:
        return self._one(self.people).client.get(f"/drawings/?page={self._random.randint(1, 5)}")

    def api_drawings(self) -> httpx.Response:
        return self._one(self.people).client.get("/api/v1/drawings")

    def page(self) -> httpx.Response:
        return self._one(self.people).client.get(self._random.choice(PAGES))

    def staff_page(self) -> httpx.Response:
        return self._one(self.reviewers).client.get(self._random.choice(STAFF_PAGES))

    def sign_in_and_out(self) -> httpx.Response:
        person = self._one(self.people)
        with person.new_client() as client:
            response = person.sign_in(client)
            if response.status_code != httpx.codes.FOUND:
                return response
            page = client.get("/accounts/logout/")
            token = FORM_TOKEN.search(page.text)
            form = {"csrfmiddlewaretoken": token[1] if token else ""}
            return client.post("/accounts/logout/", data=form, headers=person.origin())

    def export(self) -> httpx.Response:
        """Request an export, wait for it, download it, delete it. The site writes one at a time for a person."""
        with self.program.lock:
            client = self.program.client
            response = client.post("/api/v1/exports", json={"format": "ndjson", "recognizer": "digits"})
            if response.status_code != httpx.codes.CREATED:
                return response
            address = response.headers["Location"]
            for _ in range(60):
                response = client.get(address)
                if response.status_code != httpx.codes.OK or response.json()["file"]:
                    break
                time.sleep(1)
            else:
                raise RuntimeError(f"an export is not ready after a minute: {response.text}")
            downloaded = client.get(f"{address}/file")
            deleted = client.delete(address)
        # Somebody may have deleted a drawing meanwhile. Then the file is not given out.
        return deleted if downloaded.status_code == httpx.codes.GONE else downloaded

    def _one(self, people: list[Person]) -> Person:
        return self._random.choice(people)

    def _ink(self, person: Person) -> LabelledInk:
        with self._writing:
            writer: Iterator[LabelledInk] = self.writers[self.people.index(person)]
            return next(writer)


def _send_secure_cookies(client: httpx.Client, request: httpx.Request) -> None:
    """Also by HTTP: there is no proxy between."""
    if cookies := "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar):
        request.headers["Cookie"] = cookies


def _picture() -> bytes:
    """A photograph-like PNG of a seven, 1,200 x 900."""
    image = Image.new("RGB", (1200, 900), "#f4f1e8")
    pen = ImageDraw.Draw(image)
    pen.line([(420, 220), (800, 220), (560, 720)], fill="#20242c", width=34, joint="curve")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
