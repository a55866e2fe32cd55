"""Install the models that ship with the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import ml
from ml.bundles.bundle import BundleError, load_bundle
from ml.evaluation.base_test import read_base_test_file
from ml.evaluation.examples import read_examples_file
from recognizer.management.commands.install_recognizer import describe_result
from recognizer.models import Recognizer
from recognizer.registry import install, promotions
from recognizer.registry.base_tests import install_base_test
from recognizer.registry.example_sets import install_examples
from recognizer.registry.install import InstallError, PromoteWhen
from recognizer.registry.promotions import StalePromotionError

FOLDER = Path(ml.__file__).parent / "models"
FIRST = ("digits", "bangla-digits", "sketches")  # the order on the site; others follow by name


class Command(BaseCommand):
    """Install each shipped bundle as a version of its recognizer, which is created if necessary.

    A newer bundle is promoted, unless the live version was trained on this site or promoted by somebody. A bundle that
    cannot be installed is an error only if no recognizer has a live version.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """The folder with the bundles."""
        parser.add_argument("--from", dest="folder", type=Path, default=FOLDER, help="folder with bundles")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        """Install what is missing or newer."""
        bundles = sorted((path.parent for path in folder.glob("*/manifest.json")), key=_order)
        if not bundles:
            raise CommandError(f"{folder} contains no bundles. Train one with `python -m ml train digits`.")
        refused = [problem for path in bundles if (problem := self._install(path))]
        if refused and not promotions.live_recognizers().exists():
            raise CommandError("\n".join(refused))
        for problem in refused:  # the live versions stay, so the site can start
            self.stderr.write(problem)

    def _install(self, path: Path) -> str:
        """Returns why the bundle cannot be installed; empty if it was."""
        try:
            done = install.install(bundle=load_bundle(path), promote=PromoteWhen.IF_SHIPPED, reason=install.SHIPPED)
        except (BundleError, InstallError, StalePromotionError) as error:
            return f"{path.name} cannot be installed: {error}"
        self.stdout.write(f"{path.name}: {describe_result(done)}")
        return self._install_files(path, done.version.recognizer)

    def _install_files(self, path: Path, recognizer: Recognizer) -> str:
        """Also where versions of the site's own are live: these files belong to the recognizer."""
        try:
            if (content := read_base_test_file(path)) and install_base_test(recognizer=recognizer, content=content):
                self.stdout.write(f"{path.name}: its base test is installed.")
            if (content := read_examples_file(path)) and install_examples(recognizer=recognizer, content=content):
                self.stdout.write(f"{path.name}: its example drawings are installed.")
        except BundleError as error:
            return f"{path.name} is not installed completely: {error}"
        return ""


def _order(path: Path) -> tuple[int, str]:
    return FIRST.index(path.name) if path.name in FIRST else len(FIRST), path.name
