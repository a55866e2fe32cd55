"""Rebuild the label checks, on which the pages about confusions, label errors and coverage are based."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from recognizer.insights import label_checks


class Command(BaseCommand):
    """The background does the same gradually. Use this after an upgrade or a large import."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild them and print the number of rows."""
        read = label_checks.rebuild_label_checks()
        self.stdout.write(f"Read {read:,} rows and updated the counts.")
