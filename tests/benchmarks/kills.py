"""`python -m tests.benchmarks.kills`: kill a process at each step of a training run and check that nothing is lost.

In each case a person draws and confirms over HTTP, and the drawings are accepted; at the named moment one process is
killed, and nobody does anything more. A case passes if a training run is evaluated on a snapshot with every approved
drawing, no run stays open, each run has at most one version, every saved drawing is still there, and the site predicts
with the newest version. Uses the processes of docker-compose.yml if DATABASE_URL and REDIS_URL are set, else those of
`make run`. `--only` takes the beginning of a case, such as "trainer".
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from recognizer.management.demo.handwriting import leaning_writers
from recognizer.management.demo.http_user import HttpUser, RefusedError
from tests.processes.installations import composed, embedded
from tests.processes.site import RunningSite, wait_until

QUICK = {"TRAINING_HEARTBEAT_SECONDS": "1", "TRAINING_DEAD_SECONDS": "4", "LOG_LEVEL": "WARNING"}
DRAWINGS = 30  # drawings of each case, as many as the policy asks for
TIMEOUT = 180  # seconds


@dataclass(frozen=True)
class Case:
    """Which process is killed, and when."""

    victim: str
    moment: str

    def __str__(self) -> str:
        return f"{self.victim}, {self.moment}"


CASES = [
    Case("trainer", "waiting"),
    Case("trainer", "0.0 s into the run"),
    Case("trainer", "0.3 s into the run"),
    Case("trainer", "0.6 s into the run"),
    Case("trainer", "0.9 s into the run"),
    Case("trainer", "judged"),
    Case("worker", "approving"),
    Case("worker", "waiting"),
    Case("worker", "0.3 s into the run"),
    Case("beat", "approving"),
    Case("beat", "0.3 s into the run"),
    Case("web", "drawing"),
    Case("web", "0.3 s into the run"),
    Case("web", "judged"),
]


def main() -> None:
    """Run all cases; ends with status 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    cases = [case for case in CASES if str(case).startswith(parser.parse_args().only)]
    with tempfile.TemporaryDirectory(prefix="inkling-kills-") as name:
        folder = Path(name)
        database, broker = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
        started = composed(folder, database, broker, **QUICK) if database and broker else embedded(folder, **QUICK)
        with started as site:
            community = Community(site)
            failed = [case for case in cases if not _passes(case, site, community)]
            community.close()
    _say(f"{len(cases) - len(failed)} of {len(cases)} cases passed.")
    raise SystemExit(bool(failed))


class Community:
    """A person who draws, a reviewer, and questions about the training runs."""

    def __init__(self, site: RunningSite) -> None:
        os.environ.update(site.environment, DJANGO_SETTINGS_MODULE="config.settings")
        import django

        django.setup()
        from recognizer.management.demo import users
        from recognizer.models import Recognizer

        guest = users.create_user("Ada")
        self.reviewer = users.create_reviewer()
        self.visitor = HttpUser(site.url)
        self.visitor.sign_in(guest.person.email, guest.password)
        self.recognizer = Recognizer.objects.get(slug="digits")
        self.hand = leaning_writers(1)[0]
        self.saved: set[str] = set()

    def draw(self, then: Callable[[int], None]) -> int:
        """Draw and confirm, and call `then` after each drawing. Failed requests are repeated; returns their number."""
        failed = 0
        for number in range(DRAWINGS):
            label, ink = next(self.hand)
            sent = {"recognizer": "digits", "ink": ink, "id": str(uuid4())}
            failed += self._send_until_accepted("/api/v1/drawings", sent, "POST")
            failed += self._send_until_accepted(f"/api/v1/drawings/{sent['id']}/correction", {"label": label}, "PUT")
            self.saved.add(str(sent["id"]))
            then(number)
        return failed

    def _send_until_accepted(self, path: str, data: object, method: str) -> int:
        for failed in range(50):
            try:
                self.visitor.send(path, data, method)
            except RefusedError as error:
                if "does not answer" not in str(error):
                    raise
                time.sleep(0.2)
            else:
                return failed
        raise AssertionError(f"{path} failed fifty times")

    def approve(self) -> None:
        """Accept all corrections in the queue."""
        from recognizer.review import decisions

        for correction in decisions.waiting_for(reviewer=self.reviewer):
            decisions.accept(correction=correction, reviewer=self.reviewer)

    def has_come_to(self, states: tuple[str, ...], before: int) -> bool:
        """Whether the first run after `before` is in one of these states, or finished."""
        from recognizer.models import TrainingRun

        run = TrainingRun.objects.filter(id__gt=before).order_by("id").first()
        return bool(run and (run.finished or run.state in states))

    def where(self, before: int) -> str:
        """The state and step of the first run after `before`."""
        from recognizer.models import TrainingRun

        run = TrainingRun.objects.filter(id__gt=before).order_by("id").first()
        return f"{run.state}, {run.progress.get('step', 'starting')}" if run else "no run yet"

    def last_run(self) -> int:
        """The id of the newest run, or 0."""
        from recognizer.models import TrainingRun

        return TrainingRun.objects.order_by("-id").values_list("id", flat=True).first() or 0

    def was_judged(self, before: int) -> str:
        """The states of the runs after `before`, once the last one has a verdict and no run is open; "" until then."""
        from recognizer.models import Review, TrainingRun

        runs = list(TrainingRun.objects.filter(id__gt=before).order_by("id"))
        if not runs or any(run.finished is None for run in runs) or not runs[-1].verdict:
            return ""
        approved = Review.objects.approving().count()
        taken = runs[-1].items.count()
        assert taken == approved, f"run {runs[-1].pk} took {taken} of {approved} approved drawings"
        return ", then ".join(str(run.get_state_display()) for run in runs)

    def check_nothing_is_lost(self) -> None:
        """Raises AssertionError if a saved drawing is gone, or something is there twice."""
        from recognizer.models import Correction, Drawing, ModelVersion, TrainingRun

        assert {str(uuid) for uuid in Drawing.objects.values_list("uuid", flat=True)} == self.saved
        assert Correction.objects.current().count() == len(self.saved)
        passed = TrainingRun.objects.filter(state="passed").count()
        versions = ModelVersion.objects.filter(recognizer=self.recognizer).count()
        assert versions == 1 + passed, f"{versions} versions for the first one and {passed} passed runs"

    def answers_with_the_newest(self) -> bool:
        """Whether the site predicts with the version that was promoted last."""
        from recognizer.registry import promotions

        newest = promotions.current_promotion(self.recognizer.pk)
        _, ink = next(self.hand)
        try:
            said = self.visitor.predict("digits", ink)["model_version"]
        except RefusedError:
            return False
        return bool(newest and newest.model_version.number == said)

    def close(self) -> None:
        """Close the connection to the database, which will be dropped."""
        from django.db import connection

        connection.close()


def _passes(case: Case, site: RunningSite, community: Community) -> bool:
    before, begun = community.last_run(), time.monotonic()
    try:
        words = _run_case(case, site, community, before)
    except AssertionError as error:
        _say(f"FAILED {case!s:27} {error}")
        return False
    _say(f"passed {case!s:27} {time.monotonic() - begun:4.0f} s   {words}")
    return True


def _run_case(case: Case, site: RunningSite, community: Community, before: int) -> str:
    def while_drawing(number: int) -> None:
        if case.moment == "drawing" and number == DRAWINGS // 2:
            site.kill(case.victim)

    failed = community.draw(while_drawing)
    community.approve()
    _await(case.moment, community, before)
    if case.moment != "drawing":
        site.kill(case.victim)
    hit = community.where(before)
    words = wait_until(lambda: community.was_judged(before), "a run with all drawings has a verdict", TIMEOUT)
    community.check_nothing_is_lost()
    wait_until(community.answers_with_the_newest, "the site answers with the newest version", 10)
    wait_until(
        lambda: all(site.processes(name) for name in ("web", "worker", "trainer", "beat")),
        "all processes are running again",
        20,
    )
    return f"killed during: {hit}; runs: {words}; {failed} requests repeated"


def _await(moment: str, community: Community, before: int) -> None:
    """Steps of a run take fractions of a second, its heartbeat one second: so the moment is a time."""
    states = {"waiting": ("waiting", "running"), "judged": ()}.get(moment, ("running",))
    if moment not in ("drawing", "approving"):
        wait_until(lambda: community.has_come_to(states, before), f"a run is {moment}", TIMEOUT, every=0.02)
    if moment.endswith("into the run"):
        time.sleep(float(moment.split()[0]))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
