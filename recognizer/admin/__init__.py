"""What staff may look at and do. Facts are read-only here as everywhere."""

from recognizer.admin import (
    authors,
    datasets,
    facts,
    memories,
    opinions,
    recognizers,
    runs,
    safety,
    summaries,
    webhooks,
)

__all__ = [
    "authors",
    "datasets",
    "facts",
    "memories",
    "opinions",
    "recognizers",
    "runs",
    "safety",
    "summaries",
    "webhooks",
]
