"""Install a bundle as a new recognizer, or as the next version of an existing one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from ml.bundles.bundle import BundleError, load_bundle
from ml.evaluation.base_test import read_base_test_file
from ml.evaluation.examples import read_examples_file
from recognizer.registry import install
from recognizer.registry.base_tests import install_base_test
from recognizer.registry.example_sets import install_examples
from recognizer.registry.install import Installed, InstallError, PromoteWhen
from recognizer.registry.promotions import StalePromotionError


class Command(BaseCommand):
    """Verify a bundle that `python -m ml train` wrote, and install it as a version of its recognizer.

    A new recognizer is created with its labels, and its first version is live at once. A further version waits until
    somebody promotes it (on the page Progress, or with --promote); one that adds labels has to be promoted at once.
    Install only bundles that you or somebody you trust have trained: a Keras file is code that training runs execute.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """The bundle, and whether to promote it."""
        parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the bundle (with manifest.json)")
        parser.add_argument(
            "--promote", action="store_true", help="promote it at once, also if it is not the first version"
        )

    def handle(self, *args: Any, folder: Path, promote: bool, **options: Any) -> None:
        """Install the bundle and print the result."""
        when = PromoteWhen.ALWAYS if promote else PromoteWhen.IF_FIRST
        try:
            with transaction.atomic():
                done = install.install(bundle=load_bundle(folder), promote=when)
                if content := read_base_test_file(folder):
                    install_base_test(recognizer=done.version.recognizer, content=content)
                if content := read_examples_file(folder):
                    install_examples(recognizer=done.version.recognizer, content=content)
        except (BundleError, InstallError, StalePromotionError) as error:
            raise CommandError(f"{folder} cannot be installed: {error}") from error
        self.stdout.write(self.style.SUCCESS(f"{done.version.recognizer}: {describe_result(done)}"))


def describe_result(done: Installed) -> str:
    """The result of an installation, as a sentence."""
    there = f"{done.version} {'is installed' if done.is_new else 'was installed already'}"
    if done.is_live:
        return f"{there} and {'promoted' if done.promoted else 'live'}."
    cure = "on the page Progress, or by `manage.py install_recognizer DIR --promote`"
    return f"{there}; another version stays live until this one is promoted ({cure})."
