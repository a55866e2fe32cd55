"""Export drawings and their labels as data for other programs, without names."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit
from recognizer.datasets import formats, import_job
from recognizer.datasets.filters import STATUSES, DrawingFilter, FilterError
from recognizer.datasets.write_png import FolderTarget

CONTENTS = "\n".join(f"  {each.slug:<8}{each.carries}" for each in formats.FORMATS.values())


class Command(BaseCommand):
    """Write drawings to a file or folder. People are pseudonyms, the same in every export of this site."""

    help = f"""{__doc__}

Formats, and what they contain:
{CONTENTS}

Only ndjson and csv give the same data when they are imported again. Drawings of people who withdrew their consent are
left out."""

    def create_parser(self, *args: Any, **options: Any) -> CommandParser:
        """Keep the line breaks of the help text."""
        return super().create_parser(*args, **options, formatter_class=RawDescriptionHelpFormatter)

    def add_arguments(self, parser: CommandParser) -> None:
        """Target, format and filters."""
        parser.add_argument(
            "file", help="target file, or - for standard output; for png, a name without .zip is a folder"
        )
        parser.add_argument("--format", choices=list(formats.FORMATS), help="default: from the name of the file")
        parser.add_argument("--recognizer", default="", help="a slug")
        parser.add_argument("--label", default="", help="a slug; the reviewer's label, otherwise the author's")
        parser.add_argument("--status", action="append", choices=STATUSES, help="may be given several times")
        parser.add_argument("--since", default="", help="first day, as 2026-11-21, or moment, as 2026-11-21T10:30:00Z")
        parser.add_argument(
            "--until", default="", help="last day, included, or the moment before which they were drawn"
        )
        parser.add_argument("--version-number", default="", help="number of the model version that answered first")
        parser.add_argument("--licence", default="", help="licence of drawings that were not imported")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        """Write the drawings and print a summary."""
        try:
            chosen = DrawingFilter.parse(options | {"version": options["version_number"]})
            form = options["format"] or import_job.guess_format(Path(file))
            self._write(file, chosen, form, options["licence"])
            detail = {"format": form, "licence": options["licence"], "which": chosen.as_json()}
            audit.note(by=None, what="export.made", subject="export_drawings", detail=detail)
        except (FilterError, import_job.ImportRefusedError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{file} could not be written: {error.strerror}.") from error

    def _write(self, file: str, chosen: DrawingFilter, form: str, licence: str) -> None:
        if file == "-":
            written = formats.write_export(chosen=chosen, form=form, licence=licence, sink=sys.stdout.buffer)
            self.stderr.write(f"{written.drawings:,} drawings, sha256 {written.sha256}")
        elif form == "png" and not file.lower().endswith(".zip"):
            folder = Path(file)
            if folder.exists():
                raise CommandError(f"{folder} exists already. Remove it or choose another name.")
            count = formats.write_png_folder(chosen=chosen, licence=licence, target=FolderTarget(folder))
            self.stdout.write(self.style.SUCCESS(f"{file}: {count:,} drawings."))
        else:
            written = self._write_file(Path(file), chosen, form, licence)
            self.stdout.write(self.style.SUCCESS(f"{file}: {written.drawings:,} drawings, sha256 {written.sha256}"))

    def _write_file(self, file: Path, chosen: DrawingFilter, form: str, licence: str) -> formats.ExportSummary:
        """Write to a temporary file first, so that an existing file is always complete."""
        part = file.with_name(f"{file.name}.part")
        try:
            with part.open("wb") as sink:
                written = formats.write_export(chosen=chosen, form=form, licence=licence, sink=sink)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        return written
