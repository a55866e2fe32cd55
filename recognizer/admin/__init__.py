"""The Django admin of the recognizers. Most rows are read-only."""

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
