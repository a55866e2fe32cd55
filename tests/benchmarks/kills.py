"""Kill a process at each step of a training run and check that nothing is lost. `python -m tests.benchmarks.kills`

For each case a person draws and confirms over HTTP, and their drawings are accepted; at the moment named one process is
killed. Nobody does anything then. The case holds when, by itself, a run judges a snapshot with every approved drawing,
no run is left open, each run has one version at most, everything that the site said it kept is kept, and the site
answers with the newest version. Runs on what `make run` starts, and, where DATABASE_URL and REDIS_URL are set, on what
docker-compose.yml starts. `--only` takes the beginning of a case, such as "trainer".
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

from recognizer.management.demo.handwriting import digit_writers
from recognizer.management.demo.http_user import HttpUser, RefusedError
from recognizer.registry import promotions
from tests.processes.installations import composed, embedded
from tests.processes.site import RunningSite, wait_until

QUICK = {"TRAINING_HEARTBEAT_SECONDS": "1", "TRAINING_DEAD_SECONDS": "4", "LOG_LEVEL": "WARNING"}
DRAWN = 30  # drawings of each case, as many as the policy asks for
PATIENCE = 180  # seconds


@dataclass(frozen=True)
class Case:
    """Who is killed, and when."""

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
    """All cases; ends with 1 when one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    cases = [case for case in CASES if str(case).startswith(parser.parse_args().only)]
    with tempfile.TemporaryDirectory(prefix="inkling-kills-") as name:
        folder = Path(name)
        database, broker = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
        started = composed(folder, database, broker, **QUICK) if database and broker else embedded(folder, **QUICK)
        with started as site:
            town = Town(site)
            failed = [case for case in cases if not _holds(case, site, town)]
            town.leave()
    _say(f"{len(cases) - len(failed)} of {len(cases)} cases hold.")
    raise SystemExit(bool(failed))


class Town:
    """People who draw and a reviewer, and what is known of the runs."""

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
        self.hand = digit_writers(1)[0]
        self.kept: set[str] = set()

    def draw(self, then: Callable[[int], None]) -> int:
        """Draw, confirm, and call `then` after each; a request that fails is tried again. How many failed."""
        failed = 0
        for number in range(DRAWN):
            label, ink = next(self.hand)
            sent = {"recognizer": "digits", "ink": ink, "id": str(uuid4())}
            failed += self._insist("/api/v1/drawings", sent, "POST")
            failed += self._insist(f"/api/v1/drawings/{sent['id']}/correction", {"label": label}, "PUT")
            self.kept.add(str(sent["id"]))
            then(number)
        return failed

    def _insist(self, path: str, data: object, method: str) -> int:
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
        """Accept everything."""
        from recognizer.review import decisions

        for correction in decisions.queue(reviewer=self.reviewer):
            decisions.accept(correction=correction, reviewer=self.reviewer)

    def has_come_to(self, states: tuple[str, ...], before: int) -> bool:
        """Is the first run after `before` in one of these states, or beyond?"""
        from recognizer.models import TrainingRun

        run = TrainingRun.objects.filter(id__gt=before).order_by("id").first()
        return bool(run and (run.finished or run.state in states))

    def where(self, before: int) -> str:
        """How far the first run after `before` is, in words."""
        from recognizer.models import TrainingRun

        run = TrainingRun.objects.filter(id__gt=before).order_by("id").first()
        return f"{run.state}, {run.progress.get('step', 'starting')}" if run else "no run yet"

    def last_run(self) -> int:
        """The id of the newest run; 0 when there is none."""
        from recognizer.models import TrainingRun

        return TrainingRun.objects.order_by("-id").values_list("id", flat=True).first() or 0

    def was_judged(self, before: int) -> str:
        """In words, once a run after `before` has judged every approved drawing and no run is open; "" until then."""
        from recognizer.models import Review, TrainingRun

        runs = list(TrainingRun.objects.filter(id__gt=before).order_by("id"))
        if not runs or any(run.finished is None for run in runs) or not runs[-1].verdict:
            return ""
        approved = Review.objects.approving().count()
        taken = runs[-1].items.count()
        assert taken == approved, f"run {runs[-1].pk} took {taken} of {approved} approved drawings"
        return ", then ".join(str(run.get_state_display()) for run in runs)

    def check_nothing_is_lost(self) -> None:
        """AssertionError where something that the site said it kept is gone, or something is there twice."""
        from recognizer.models import Correction, Drawing, ModelVersion, TrainingRun

        assert {str(uuid) for uuid in Drawing.objects.values_list("uuid", flat=True)} == self.kept
        assert Correction.objects.current().count() == len(self.kept)
        passed = TrainingRun.objects.filter(state="passed").count()
        assert ModelVersion.objects.count() == 1 + passed, "not one version for each passed run"

    def answers_with_the_newest(self) -> bool:
        """Does the site answer with the version that was promoted last?"""

        newest = promotions.current_promotion(self.recognizer.pk)
        _, ink = next(self.hand)
        try:
            said = self.visitor.predict("digits", ink)["model_version"]
        except RefusedError:
            return False
        return bool(newest and newest.model_version.number == said)

    def leave(self) -> None:
        """Let go of the database, which is about to be dropped."""
        from django.db import connection

        connection.close()


def _holds(case: Case, site: RunningSite, town: Town) -> bool:
    before, begun = town.last_run(), time.monotonic()
    try:
        words = _play(case, site, town, before)
    except AssertionError as error:
        _say(f"FAILS  {case!s:27} {error}")
        return False
    _say(f"holds  {case!s:27} {time.monotonic() - begun:4.0f} s   {words}")
    return True


def _play(case: Case, site: RunningSite, town: Town, before: int) -> str:
    def while_drawing(number: int) -> None:
        if case.moment == "drawing" and number == DRAWN // 2:
            site.kill(case.victim)

    failed = town.draw(while_drawing)
    town.approve()
    _await(case.moment, town, before)
    if case.moment != "drawing":
        site.kill(case.victim)
    hit = town.where(before)
    words = wait_until(lambda: town.was_judged(before), "a run has judged everything", PATIENCE)
    town.check_nothing_is_lost()
    wait_until(town.answers_with_the_newest, "the site answers with the newest version", 10)
    wait_until(lambda: all(site.processes(name) for name in ("web", "worker", "trainer", "beat")), "all are back", 20)
    return f"hit: {hit}; runs: {words}; {failed} requests sent again"


def _await(moment: str, town: Town, before: int) -> None:
    """Steps of a run last fractions of a second, and its pulse comes once a second: so killing goes by the clock."""
    states = {"waiting": ("waiting", "running"), "judged": ()}.get(moment, ("running",))
    if moment not in ("drawing", "approving"):
        wait_until(lambda: town.has_come_to(states, before), f"a run is {moment}", PATIENCE, every=0.02)
    if moment.endswith("into the run"):
        time.sleep(float(moment.split()[0]))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
