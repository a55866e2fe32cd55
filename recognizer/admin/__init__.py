"""What staff may look at and do. Facts are read-only here as everywhere."""

from recognizer.admin import (
    authors,
    corrections,
    datasets,
    drawings,
    insights,
    memory,
    moderation,
    recognizers,
    runs,
    webhooks,
)

__all__ = [
    "authors",
    "corrections",
    "datasets",
    "drawings",
    "insights",
    "memory",
    "moderation",
    "recognizers",
    "runs",
    "webhooks",
]
