"""Install a bundle: a new recognizer, or the next version of one that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.bundles.bundle import BundleError, load_bundle
from recognizer.registry import install
from recognizer.registry.install import Installed, InstallError, PromoteWhen
from recognizer.registry.promotions import StalePromotionError


class Command(BaseCommand):
    """Check a bundle that `python -m ml train` wrote, and keep it as a version of its recognizer.

    A recognizer that is not there yet is made, with its labels, and the first version answers at once. A further one
    waits until somebody promotes it (on the page Progress, or with --promote); one that adds labels has to answer at
    once. Install only what you or somebody you trust have trained: a Keras file is code, and further training runs it.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the bundle is."""
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the bundle (with manifest.json)")
        parser.add_argument("--promote", action="store_true", help="let it answer at once, also if it is not the first")

    def handle(self, *args: Any, folder: Path, promote: bool, **options: Any) -> None:
        """Install it, and say what answers now."""
        when = PromoteWhen.ALWAYS if promote else PromoteWhen.IF_FIRST
        try:
            done = install.install(bundle=load_bundle(folder), promote=when)
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
