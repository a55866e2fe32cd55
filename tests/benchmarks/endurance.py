"""`python -m tests.benchmarks.endurance [MINUTES]`: does the site of `make run` hold under load without a restart?

The processes of the Procfile, on SQLite and with the broker in a folder. Four people draw and confirm without a pause,
each drawing sends tasks to the worker, and the scheduler sends its own; after each minute another training run is
requested. Prints the requests, the errors, the training runs and the restarts. Ends with status 1 after an error or a
restart.
"""

from __future__ import annotations

import re
import sys
import tempfile
import threading
import time
from pathlib import Path

from recognizer.management.demo.handwriting import leaning_writers
from recognizer.management.demo.http_user import HttpUser, RefusedError
from tests.processes.installations import embedded
from tests.processes.site import RunningSite

MINUTES = 30.0
PEOPLE = 4
PASSWORD = "a long enough word"


class Person(threading.Thread):
    """Signs up, then draws and confirms until `end`."""

    def __init__(self, site: str, number: int, end: float) -> None:
        super().__init__(daemon=True)
        self.user, self.number, self.end = HttpUser(site), number, end
        self.saved = 0
        self.errors: list[str] = []

    def run(self) -> None:
        address = f"person{self.number}@example.org"
        self.user.submit("/accounts/signup/", email=address, password1=PASSWORD, password2=PASSWORD, consent="on")
        for label, ink in leaning_writers(PEOPLE)[self.number]:
            if time.monotonic() > self.end:
                return
            try:
                self.user.draw("digits", ink, label)
                self.saved += 1
            except RefusedError as error:
                self.errors.append(str(error))


def main() -> None:
    """Load the site, print the results."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    with tempfile.TemporaryDirectory(prefix="inkling-endurance-") as name:
        folder = Path(name)
        with embedded(folder, LOG_LEVEL="WARNING", DRAWINGS_PER_DAY="100000000") as site:
            people = _load(site, minutes)
            restarts = re.findall(r"keep-running: .*", site.log("procfile"))
            damaged = site.log("procfile").count("damaged message")
            runs = site.manage("shell", "-v0", "-c", RUNS).stdout.strip()
    errors = [error for person in people for error in person.errors]
    saved = sum(person.saved for person in people)
    sys.stdout.write(
        f"{minutes:g} minutes: {saved:,} drawings saved and confirmed, {len(errors)} errors, {runs} training runs, "
        f"{damaged} damaged messages, {len(restarts)} restarts\n"
    )
    sys.stdout.writelines(f"{line}\n" for line in [*errors[:5], *restarts[:5]])
    if errors or restarts or damaged:
        raise SystemExit(1)


RUNS = "from recognizer.models import TrainingRun; print(TrainingRun.objects.count())"


def _load(site: RunningSite, minutes: float) -> list[Person]:
    end = time.monotonic() + 60 * minutes
    people = [Person(site.url, number, end) for number in range(PEOPLE)]
    for person in people:
        person.start()
    while time.monotonic() < end:
        time.sleep(min(60, max(0, end - time.monotonic())))
        site.manage("finetune", "digits", check=False)
    for person in people:
        person.join(60)
    return people


if __name__ == "__main__":
    main()
