"""Play the whole loop against a running installation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognizer.management.demo import users
from recognizer.management.demo.http_user import RefusedError
from recognizer.management.demo.scenario import DemoPlan, StoppedError, run_scenario
from recognizer.models import Recognizer
from recognizer.registry.promotions import StalePromotionError

RECOGNIZER = "digits"  # what the made-up people can write


class Command(BaseCommand):
    """People draw and correct over HTTP, a reviewer accepts, a run teaches the model, and the better one answers.

    Beside the site, its workers and beat have to run (`make run`, or docker compose). The people are made up, with
    addresses at demo.invalid; what they draw teaches this installation's model until `--clean` removes them.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Where, how much, and the way back."""
        parser.add_argument("--url", default="http://localhost:8000", help="where the site answers (%(default)s)")
        parser.add_argument("--people", type=int, default=6, help="how many draw, at most 12 (%(default)s)")
        parser.add_argument("--drawings", type=int, default=12, help="of each of them, at most 50 (%(default)s)")
        parser.add_argument("--start", action="store_true", help="start the run at once, do not wait for the tick")
        parser.add_argument("--patience", type=float, default=300, help="seconds for the tick, and for the run")
        parser.add_argument("--yes", action="store_true", help="also where real people's drawings are kept")
        parser.add_argument("--clean", action="store_true", help="remove the made-up people and what they drew")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play, or clean up."""
        if options["clean"]:
            self._clean()
            return
        try:
            run_scenario(self._plan(options))
        except (StoppedError, RefusedError, StalePromotionError) as error:
            raise CommandError(f"The loop did not close: {error}") from error
        self.stdout.write(self.style.SUCCESS("The loop is closed. `manage.py demo_loop --clean` removes these people."))

    def _plan(self, options: dict[str, Any]) -> DemoPlan:
        if not (settings.EMBEDDED or options["yes"]):
            raise CommandError(
                "This is an installation for real people, and its model would learn from made-up ones until you run "
                "`manage.py demo_loop --clean`. If that is what you want, say --yes."
            )
        for name, most in (("people", len(users.NAMES)), ("drawings", 50)):
            if not 1 <= options[name] <= most:
                raise CommandError(f"--{name} is {options[name]}. Choose 1 to {most}.")
        recognizer = Recognizer.objects.filter(slug=RECOGNIZER).first()
        if recognizer is None:
            raise CommandError(f"There is no recognizer {RECOGNIZER}. Run `manage.py install_models` first.")
        return DemoPlan(
            url=options["url"],
            recognizer=recognizer,
            people=options["people"],
            drawings=options["drawings"],
            at_once=options["start"],
            patience=options["patience"],
            say=self.stdout.write,
        )

    def _clean(self) -> None:
        count, back = users.remove_users()
        for promotion in back:
            number = promotion.model_version.number
            self.stdout.write(
                f"{promotion.recognizer}: version {number}, which did not learn from them, answers again."
            )
        self.stdout.write(f"{count} made-up people and everything they drew are gone.")
