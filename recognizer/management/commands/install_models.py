"""Install the bundles that ship with the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import ml
from ml.bundles.bundle import BundleError, load_bundle
from recognizer.management.commands.install_recognizer import describe_result
from recognizer.registry import install, promotions
from recognizer.registry.install import InstallError, PromoteWhen
from recognizer.registry.promotions import StalePromotionError

FOLDER = Path(ml.__file__).parent / "models"
FIRST = ("digits", "bangla-digits", "sketches")  # the order on the page; others follow by name


class Command(BaseCommand):
    """Each shipped bundle becomes a version of its recognizer, which is made where it is not there yet.

    A newer bundle than the one installed is promoted unless something else answers by now: a version that was taught
    here, or that somebody chose. A bundle that cannot be installed is passed over where something answers already.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the bundles are."""
        parser.add_argument("--from", dest="folder", type=Path, default=FOLDER, help="a folder of bundles")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        """Install what is not there yet."""
        bundles = sorted((path.parent for path in folder.glob("*/manifest.json")), key=_place)
        if not bundles:
            raise CommandError(f"There are no bundles in {folder}. Train one with `python -m ml train digits`.")
        refused = [problem for path in bundles if (problem := self._install(path))]
        if refused and not promotions.live_recognizers().exists():
            raise CommandError("\n".join(refused))
        for problem in refused:  # what answers goes on answering: no reason to stop the start of a site
            self.stderr.write(problem)

    def _install(self, path: Path) -> str:
        """What is wrong with this bundle, if anything."""
        try:
            done = install.install(bundle=load_bundle(path), promote=PromoteWhen.IF_SHIPPED, reason=install.SHIPPED)
        except (BundleError, InstallError, StalePromotionError) as error:
            return f"{path.name} cannot be installed: {error}"
        self.stdout.write(f"{path.name}: {describe_result(done)}")
        return ""


def _place(path: Path) -> tuple[int, str]:
    return FIRST.index(path.name) if path.name in FIRST else len(FIRST), path.name
