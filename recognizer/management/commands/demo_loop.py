"""Demonstrate the whole learning loop on a running site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognizer.management.demo import users
from recognizer.management.demo.http_user import RefusedError
from recognizer.management.demo.scenario import DemoPlan, StoppedError, run_scenario
from recognizer.models import Recognizer
from recognizer.registry.promotions import StalePromotionError

RECOGNIZER = "digits"  # demo users can draw only digits


class Command(BaseCommand):
    """Demo users draw and correct over HTTP, a reviewer accepts, and training runs follow.

    First one person draws digits that the model reads: the run ends as "no better", and her personal memory helps her
    with other digits at once. Then a community draws digits that the model misreads: the new version is promoted.
    The site, its workers and beat must be running (`make run`, or docker compose). Demo users have addresses at
    demo.invalid. The model is trained on their drawings until `--clean` removes them.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Site, size and clean-up."""
        add = parser.add_argument
        add("--url", default="http://localhost:8000", help="address of the site (%(default)s)")
        add("--people", type=int, default=10, help="size of the community, at most 12 (%(default)s)")
        add("--drawings", type=int, default=20, help="drawings of each, at most 50 (%(default)s)")
        add("--start", action="store_true", help="start the training run at once, do not wait for the scheduler")
        add("--patience", type=float, default=300, help="seconds to wait for the scheduler, and for the run")
        add("--yes", action="store_true", help="also on a site with real users")
        add("--clean", action="store_true", help="remove the demo users and their drawings")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demonstration, or clean up."""
        if options["clean"]:
            self._clean()
            return
        try:
            run_scenario(self._plan(options))
        except (StoppedError, RefusedError, StalePromotionError) as error:
            raise CommandError(f"The demonstration failed: {error}") from error
        self.stdout.write(
            self.style.SUCCESS("The demonstration is complete. `manage.py demo_loop --clean` removes the demo users.")
        )

    def _plan(self, options: dict[str, Any]) -> DemoPlan:
        if not (settings.EMBEDDED or options["yes"]):
            raise CommandError(
                "This site has real users, and its model would be trained on demo drawings until you run "
                "`manage.py demo_loop --clean`. Add --yes if you want this."
            )
        for name, most in (("people", len(users.NAMES)), ("drawings", 50)):
            if not 1 <= options[name] <= most:
                raise CommandError(f"--{name} is {options[name]}. It must be 1 to {most}.")
        recognizer = Recognizer.objects.filter(slug=RECOGNIZER).first()
        if recognizer is None:
            raise CommandError(f"The recognizer {RECOGNIZER} is not installed. Run `manage.py install_models` first.")
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
                f"{promotion.recognizer}: version {number}, which was not trained on their drawings, is live again."
            )
        self.stdout.write(f"Removed {count} demo users and their drawings.")
