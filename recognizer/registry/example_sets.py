"""Install the example drawings of a recognizer."""

from __future__ import annotations

from ml.bundles.bundle import BundleError, sha256_hex
from ml.evaluation.examples import read_examples
from recognizer.models import ExampleSet, Recognizer


def install_examples(*, recognizer: Recognizer, content: bytes) -> bool:
    """Save the example drawings of a recognizer. Returns whether they are others than before. Raises BundleError."""
    sha256 = sha256_hex(content)
    if ExampleSet.objects.filter(recognizer=recognizer, sha256=sha256).exists():
        return False
    examples = read_examples(content)
    slugs = set(recognizer.labels.values_list("slug", flat=True))
    if unknown := [slug for slug in examples["labels"] if slug not in slugs]:
        raise BundleError(f"There are examples of labels that {recognizer} lacks: {', '.join(unknown)}.")
    ExampleSet.objects.update_or_create(recognizer=recognizer, defaults={"content": examples, "sha256": sha256})
    return True
