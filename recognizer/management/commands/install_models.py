"""Install the bundles that ship with the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import ml
from ml.artifact import BundleError, load_bundle
from recognizer import registry

SHIPPED = Path(ml.__file__).parent / "models"


class Command(BaseCommand):
    """Each shipped bundle becomes version 1 of its recognizer and is promoted; what is installed stays."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the bundles are."""
        parser.add_argument("--from", dest="folder", type=Path, default=SHIPPED, help="a folder of bundles")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        """Install what is not there yet."""
        bundles = sorted(path.parent for path in folder.glob("*/manifest.json"))
        if not bundles:
            raise CommandError(f"There are no bundles in {folder}. Train one with `python -m ml train digits`.")
        for position, path in enumerate(bundles):
            self._install(path, position)

    def _install(self, path: Path, position: int) -> None:
        try:
            version = registry.install(bundle=load_bundle(path), position=position)
        except BundleError as error:
            raise CommandError(f"{path.name} cannot be installed: {error}") from error
        if version is None:
            self.stdout.write(f"{path.name}: is installed already")
        else:
            self.stdout.write(self.style.SUCCESS(f"{path.name}: {version} installed and promoted"))
