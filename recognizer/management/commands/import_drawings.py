"""Bring in drawings with their labels: what export_drawings writes, Quick, Draw!'s ndjson, or folders of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognizer.datasets import formats, import_job

DRY_RUN_LICENCE = "of which nobody was asked"


class Command(BaseCommand):
    """Import drawings; says of each line that is refused why, and goes on. Running it again makes no doubles."""

    help = f"""{__doc__} Each line that is refused is said with the reason, and the import goes on; run again, it makes
    no doubles. Drawings belong to people who cannot sign in, one for each pseudonym in the file. Of npz come strokes,
    labels and statuses; of png come pictures; ndjson and csv bring everything."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which file, and what it does not say itself."""
        parser.add_argument("file", help="a file, or a folder of pictures: LABEL/[WRITER/]picture.png")
        parser.add_argument("--licence", default="", help="on what grounds they may be kept and taught; needed")
        parser.add_argument("--format", choices=list(formats.FORMATS), help="default: by the name of the file")
        parser.add_argument("--recognizer", default="", help="of lines that name none")
        parser.add_argument("--author", default="", help="pseudonym of lines that name none (default: unknown)")
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen")

    def handle(self, *args: Any, file: str, dry_run: bool, **options: Any) -> None:
        """Import, and say what came of it."""
        path = Path(file)
        if not path.exists():
            raise CommandError(f"There is no {file}.")
        try:
            report = import_job.import_file(
                file=path,
                form=options["format"] or import_job.guess_format(path),
                licence=options["licence"] or (DRY_RUN_LICENCE if dry_run else ""),
                refused=lambda place, why: self.stderr.write(f"{place}: {why}"),
                recognizer=options["recognizer"],
                author=options["author"],
                dry=dry_run,
            )
        except import_job.ImportRefusedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(describe_report(report, dry=dry_run)))


def describe_report(report: import_job.ImportReport, *, dry: bool) -> str:
    """What came of it."""
    said = f"{report.kept:,} {'would be' if dry else 'are'} kept, {report.there:,} were here already, "
    said += f"{report.refused:,} {'would be' if dry else 'were'} refused."
    if report.left_out:
        said += f" {report.left_out:,} answers are of versions that are not on this site, and were left out."
    return said
