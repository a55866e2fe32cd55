"""Import drawings and their labels: files of export_drawings, ndjson of Quick, Draw!, or folders of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognizer.datasets import formats, import_job

DRY_RUN_LICENCE = "dry run"


class Command(BaseCommand):
    """Import a file or folder. Each refused line is printed with the reason. Running it again imports nothing twice."""

    help = f"""{__doc__} Each refused line is printed with the reason, and the import goes on. Running it again
    imports nothing twice. Drawings belong to people who cannot sign in, one for each pseudonym in the file. From npz
    come strokes, labels and statuses; from png come pictures; from ndjson and csv comes everything."""

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and values for fields that it does not contain."""
        parser.add_argument("file", help="a file, or a folder of pictures: LABEL/[WRITER/]picture.png")
        parser.add_argument("--licence", default="", help="required: why the drawings may be saved and trained on")
        parser.add_argument("--format", choices=list(formats.FORMATS), help="default: from the name of the file")
        parser.add_argument("--recognizer", default="", help="for lines that name none")
        parser.add_argument("--author", default="", help="pseudonym for lines that name none (default: unknown)")
        parser.add_argument("--dry-run", action="store_true", help="save nothing, only report")

    def handle(self, *args: Any, file: str, dry_run: bool, **options: Any) -> None:
        """Import the file and print the counts."""
        path = Path(file)
        if not path.exists():
            raise CommandError(f"{file} does not exist.")
        try:
            report = import_job.import_file(
                file=path,
                form=options["format"] or import_job.guess_format(path),
                licence=options["licence"] or (DRY_RUN_LICENCE if dry_run else ""),
                refused=lambda location, why: self.stderr.write(f"{location}: {why}"),
                recognizer=options["recognizer"],
                author=options["author"],
                dry=dry_run,
            )
        except import_job.ImportRefusedError as error:
            raise CommandError(str(error)) from error
        verb = "Would import" if dry_run else "Imported"
        text = f"{verb} {report.saved:,}, existing {report.existing:,}, refused {report.refused:,}."
        if report.left_out:
            text += f" Left out {report.left_out:,} predictions of versions that are not installed here."
        self.stdout.write(self.style.SUCCESS(text))
