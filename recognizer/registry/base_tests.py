"""Install the base test of a recognizer, and read it for a training run."""

from __future__ import annotations

from typing import NamedTuple

from ml.bundles.bundle import Bundle, BundleError, sha256_hex
from ml.evaluation.base_test import BaseTest, read_base_test
from recognizer.models import BaseTest as BaseTestRow
from recognizer.models import Recognizer


class InstalledTest(NamedTuple):
    """A base test, and the checksum by which a run names it."""

    test: BaseTest
    sha256: str


def install_base_test(*, recognizer: Recognizer, content: bytes) -> bool:
    """Save the base test of a recognizer. Returns whether it is another one than before. Raises BundleError."""
    sha256 = sha256_hex(content)
    if BaseTestRow.objects.filter(recognizer=recognizer, sha256=sha256).exists():
        return False
    slugs = set(recognizer.labels.values_list("slug", flat=True))
    if unknown := [slug for slug in read_base_test(content).slugs if slug not in slugs]:
        raise BundleError(f"The base test has labels that {recognizer} lacks: {', '.join(unknown)}.")
    BaseTestRow.objects.update_or_create(recognizer=recognizer, defaults={"content": content, "sha256": sha256})
    return True


def base_test_of(recognizer: Recognizer, bundle: Bundle) -> InstalledTest | None:
    """The base test that versions made from this bundle can answer; None if there is none. Raises BundleError."""
    row = BaseTestRow.objects.filter(recognizer=recognizer).first()
    if row is None:
        return None
    content = bytes(row.content)
    if sha256_hex(content) != row.sha256:
        raise BundleError(f"The base test of {recognizer} is damaged. Run `manage.py install_models` again.")
    test = read_base_test(content)
    return InstalledTest(test, row.sha256) if test.fits(bundle) else None
