"""List the data sets that the bases were trained on, as they are on this machine, and download what is missing."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.data.inventory import describe_source, download_missing, list_files, report_source
from ml.data.loaders import DatasetError, data_folder
from ml.progress import progress_bars
from recognizer.models import Recognizer
from recognizer.registry import promotions
from recognizer.training import base_data

COMPLETE = "All data is here: a training run on this machine trains all layers."
INCOMPLETE = "Data is missing: a training run on this machine trains the last layer, on the replay pack."


class Command(BaseCommand):
    """List the base data of each recognizer: what it is, its licence, size and checksums, and whether it is here.

    The folder is the one that INKLING_DATA names, else a cache folder. Run it where the trainer runs. Without --fetch
    nothing is downloaded.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """What to download."""
        parser.add_argument(
            "--fetch",
            nargs="*",
            metavar="RECOGNIZER",
            help="download what is missing or wrong for these recognizers (default: all); continues where it stopped",
        )

    def handle(self, *args: Any, fetch: list[str] | None, verbosity: int, **options: Any) -> None:
        """Download with --fetch, then list."""
        recognizers = self._recognizers(fetch or [])
        wanted = {recognizer: base_data.base_data_of(recognizer) for recognizer in recognizers}
        names = list(dict.fromkeys(name for each in wanted.values() if not each.obstacle for name in each.names))
        errors = [] if fetch is None else [*filter(None, map(_fetch, names))]
        if fetch is not None:
            base_data.request_reports(names, older_than=timedelta(0))  # the page shows what the trainer says
        self.stdout.write(f"Base data in {data_folder()}")
        for recognizer, found in wanted.items():
            self._list(recognizer, found, details=verbosity > 1)
        if errors:
            raise CommandError("\n".join(errors))

    def _recognizers(self, slugs: list[str]) -> list[Recognizer]:
        found = list(promotions.live_recognizers())
        known = [recognizer.slug for recognizer in found]
        if unknown := [slug for slug in slugs if slug not in known]:
            raise CommandError(f"There is no recognizer {', '.join(unknown)}. There are: {', '.join(known) or 'none'}.")
        return [recognizer for recognizer in found if not slugs or recognizer.slug in slugs]

    def _list(self, recognizer: Recognizer, found: base_data.BaseData, *, details: bool) -> None:
        self.stdout.write(f"\n{recognizer.slug}")
        if found.obstacle:
            self.stdout.write(f"  A training run trains the last layer, on the replay pack: {found.obstacle}.")
            return
        complete = all(report_source(name).is_available for name in found.names)
        self.stdout.write(f"  {COMPLETE if complete else INCOMPLETE}")
        for name in found.names:
            files = list(list_files(name, check=True))
            lines = describe_source(name, files)
            if details:
                lines += [f"{file.path}  {file.bytes:,} bytes  {file.sha256}  {file.check}" for file in files]
            text = "\n".join(lines)
            self.stdout.write(textwrap.indent(text, "    ").removeprefix("  "))


def _fetch(name: str) -> str:
    """Download a data set. Returns what could not be had and why; empty if all is here."""
    try:
        download_missing(name, progress=progress_bars)
    except DatasetError as error:
        return f"{name}: {error}"
    return ""
