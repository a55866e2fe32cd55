"""Write drawings with their labels, as data for other programs, without names."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit
from recognizer.datasets import formats, import_job
from recognizer.datasets.filters import STATUSES, DrawingFilter, FilterError
from recognizer.datasets.formats_png import FolderTarget

CARRIED = "\n".join(f"  {each.slug:<8}{each.carries}" for each in formats.FORMATS.values())


class Command(BaseCommand):
    """Export drawings. People are pseudonyms, the same in each export of this site."""

    help = f"""{__doc__}

Formats, and what they carry:
{CARRIED}

Only ndjson and csv, imported again, give the same data. People who no longer agree are left out."""

    def create_parser(self, *args: Any, **options: Any) -> CommandParser:
        """With the lines of the help as they are."""
        return super().create_parser(*args, **options, formatter_class=RawDescriptionHelpFormatter)

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, and which."""
        parser.add_argument(
            "file", help="where to; - is the standard output; with png, a name without .zip is a folder"
        )
        parser.add_argument("--format", choices=list(formats.FORMATS), help="default: by the name of the file")
        parser.add_argument("--recognizer", default="", help="a slug")
        parser.add_argument("--label", default="", help="a slug; a reviewer's label goes before the author's")
        parser.add_argument("--status", action="append", choices=STATUSES, help="may be given several times")
        parser.add_argument("--since", default="", help="the first day, like 2026-11-21")
        parser.add_argument("--until", default="", help="the last day")
        parser.add_argument("--version-number", default="", help="of the model version that answered first")
        parser.add_argument("--licence", default="", help="of what was drawn here; what was imported keeps its own")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        """Write, and say what was written."""
        try:
            wanted = DrawingFilter.read(options | {"version": options["version_number"]})
            form = options["format"] or import_job.guess_format(Path(file))
            self._write(file, wanted, form, options["licence"])
            detail = {"format": form, "licence": options["licence"], "which": wanted.as_json()}
            audit.note(by=None, what="export.made", subject="export_drawings", detail=detail)
        except (FilterError, import_job.ImportRefusedError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error

    def _write(self, file: str, wanted: DrawingFilter, form: str, licence: str) -> None:
        if file == "-":
            written = formats.write_export(wanted=wanted, form=form, licence=licence, sink=sys.stdout.buffer)
            self.stderr.write(f"{written.drawings:,} drawings, sha256 {written.sha256}")
        elif form == "png" and not file.lower().endswith(".zip"):
            count = self._write_folder(Path(file), wanted, licence)
            self.stdout.write(self.style.SUCCESS(f"{file}: {count:,} drawings."))
        else:
            written = self._write_file(Path(file), wanted, form, licence)
            self.stdout.write(self.style.SUCCESS(f"{file}: {written.drawings:,} drawings, sha256 {written.sha256}"))

    def _write_folder(self, folder: Path, wanted: DrawingFilter, licence: str) -> int:
        if folder.exists():
            raise CommandError(f"{folder} is there already. Take it away, or name another.")
        return formats.write_png_folder(wanted=wanted, licence=licence, box=FolderTarget(folder), told=lambda ids: None)

    def _write_file(self, file: Path, wanted: DrawingFilter, form: str, licence: str) -> formats.ExportSummary:
        """Beside it first: a file that is there is whole."""
        part = file.with_name(f"{file.name}.part")
        try:
            with part.open("wb") as sink:
                written = formats.write_export(wanted=wanted, form=form, licence=licence, sink=sink)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        return written
