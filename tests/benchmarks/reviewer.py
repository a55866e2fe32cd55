"""`python -m tests.benchmarks.reviewer`: how fast the review page is for a reviewer who decides at once.

The site as in `make run` (one process of eight threads) with drawings to review, and Chromium, in which single
keys decide. Measures in the page the time from a key to the frame with the next drawing, and from the first decision
until the server has the last one. Uses DATABASE_URL; CHROMIUM names the browser.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from itertools import cycle
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.benchmarks.server import ROOT
from tests.programs import find_chromium
from tests.smoke import free_port, wait_until

DECISIONS = 200
UNHURRIED = 20  # decisions with half a second between them; the others are as fast as the page allows
START_TIMEOUT = 60  # seconds
KEYS = "aaaasaa1kaan"
WATCH = """key => new Promise((done) => {
    const id = () => document.querySelector("[data-card]")?.dataset.card;
    const before = id(), pressed = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const is_there = () => requestAnimationFrame(() => done(performance.now() - pressed));
    const look = () => (id() && id() !== before ? is_there() : setTimeout(look));
    look();
})"""
SENT = "() => !Object.keys(sessionStorage).some((key) => key.startsWith('inkling.review'))"


def main() -> None:
    """Start the site, fill its queue, decide, print the times."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"INKLING_ENV": "embedded", "INKLING_VAR": folder, "SECRET_KEY": "only for benchmarks"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        for command in (["migrate", "-v0"], ["install_models"], ["collectstatic", "--noinput", "-v0"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        session = _fill(DECISIONS + 2 * UNHURRIED)
        port = free_port()
        serving = f"-m config.server --bind 127.0.0.1:{port} --threads 8"
        server = subprocess.Popen([sys.executable, *serving.split()], cwd=ROOT)
        try:
            wait_until(lambda: _answers(port), "the site answers", START_TIMEOUT)
            _report(*_decide(f"http://127.0.0.1:{port}", session))
        finally:
            server.terminate()
            server.wait()


def _answers(port: int) -> bool:
    try:
        urlopen(f"http://127.0.0.1:{port}/healthz", timeout=START_TIMEOUT).close()
    except URLError:
        return False
    return True


def _fill(count: int) -> str:
    """Save drawings of ten people; returns the session of a reviewer."""
    import django

    django.setup()
    from django.test import Client

    from accounts.models import User
    from tests.recognizer.training import community

    User.objects.filter(email__endswith="@example.org").delete()
    for number in range(10):
        community.draw(community.person(f"author{number}"), -(-count // 10), seed=number)
    client = Client()
    client.force_login(community.reviewer("reviewer"))
    return client.cookies["sessionid"].value


def _decide(site: str, session: str) -> tuple[list[float], float, int]:
    """Milliseconds to each next drawing, seconds until all decisions were sent, and the number that arrived."""
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
        page.goto(f"{site}/review/")
        page.wait_for_selector("[data-review][data-ready]")
        waits, seconds = _press(page)
        browser.close()
    from recognizer.models import Review

    return waits, seconds, Review.objects.filter(by__email="reviewer@example.org").count()


def _press(page: Any) -> tuple[list[float], float]:
    keys = cycle(KEYS)
    for _ in range(UNHURRIED):
        page.wait_for_timeout(500)
        page.evaluate(WATCH, next(keys))
    began = page.evaluate("performance.now()")
    waits = []
    for _ in range(DECISIONS - UNHURRIED):
        page.wait_for_timeout(130)  # a sooner key press would be ignored
        waits.append(page.evaluate(WATCH, next(keys)))
    page.wait_for_function(SENT, timeout=60_000)
    return waits, (page.evaluate("performance.now()") - began) / 1000


def _report(waits: list[float], seconds: float, arrived: int) -> None:
    skipped = [key for key, _ in zip(cycle(KEYS), range(DECISIONS), strict=False)].count("k")
    ranked = sorted(waits)
    sys.stdout.write(f"decisions a minute, served: {len(waits) / seconds * 60:.0f}\n")
    sys.stdout.write(f"next drawing on screen: median {statistics.median(waits):.0f} ms, ")
    sys.stdout.write(f"95th percentile {ranked[int(0.95 * len(ranked))]:.0f} ms, worst {ranked[-1]:.0f} ms\n")
    sys.stdout.write(f"decisions stored: {arrived} of {DECISIONS - skipped}\n")


if __name__ == "__main__":
    main()
