"""Read all drawings' labels anew: what the pages about confusions, doubtful labels and coverage are made of."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from recognizer.insights import label_checks


class Command(BaseCommand):
    """The background does the same bit by bit; this does it at once, after an upgrade or a large import."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, count, and say how much."""
        read = label_checks.rebuild_label_checks()
        self.stdout.write(f"Read {read:,} rows, and counted the labels.")
