"""The history of a drawing, as exports write it and imports read it."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

LabelT = TypeVar("LabelT", str, int)  # a slug in a file, an id in the database


class ReviewRecord(NamedTuple, Generic[LabelT]):
    """A review, or the undoing of one. `by` is a pseudonym."""

    decision: str
    label: LabelT | None
    reason: str
    by: str | None
    automatic: bool
    created: datetime


class CorrectionRecord(NamedTuple, Generic[LabelT]):
    """What the author said, and the reviews of it in the order in which they were made."""

    label: LabelT | None
    created: datetime
    reviews: list[ReviewRecord[LabelT]]
    none_of_these: bool = False
    origin: str = ""
