"""Start a training run by hand, in a worker or in this process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognizer import training
from recognizer.models import Recognizer, TrainingRun

TRIGGER = "By hand, with manage.py finetune."


class Command(BaseCommand):
    """Train a recognizer on its approved drawings. A worker does it, unless --here is given."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Recognizer and place."""
        parser.add_argument("recognizer", nargs="?", default="digits", help="a slug (default: digits)")
        parser.add_argument("--here", action="store_true", help="train in this process; needs TensorFlow")

    def handle(self, *args: Any, recognizer: str, here: bool, **options: Any) -> None:
        """Open a run, and execute it with --here."""
        found = Recognizer.objects.filter(slug=recognizer).first()
        if found is None:
            known = ", ".join(Recognizer.objects.values_list("slug", flat=True)) or "none; run install_models"
            raise CommandError(f"Unknown recognizer {recognizer!r}. Use one of: {known}.")
        begin = training.open_run if here else training.start_run
        try:
            run = begin(recognizer=found, trigger=TRIGGER)
        except training.OpenRunError as error:
            raise CommandError(str(error)) from error
        if here:
            self._execute(run)
        else:
            self.stdout.write(f"Training run {run.pk} is waiting for a worker. Watch it at /runs/{run.pk}/.")

    def _execute(self, run: TrainingRun) -> None:
        training.execute_run(run_id=run.pk)
        run.refresh_from_db()
        for line in run.log.splitlines():
            self.stdout.write(f"  {line}")
        result = f"Training run {run.pk}: {run.get_result_display()}. {run.reason}"
        if run.state == TrainingRun.State.FAILED:
            raise CommandError(result)
        self.stdout.write(self.style.SUCCESS(result) if run.state == TrainingRun.State.PASSED else result)
