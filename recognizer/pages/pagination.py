"""Pages of a list that nobody counts: there is another one if one row more is there than a page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

MOST = 100_000  # pages; a larger number is no page of anything


@dataclass(frozen=True)
class Page:
    """One page, to be shown by the template `pager.html` like those of a Paginator."""

    object_list: Sequence[Any]
    number: int
    size: int
    has_next: bool

    @property
    def count(self) -> int | None:
        """How many rows there are on all pages, where the last one tells: all before it are full."""
        return None if self.has_next else (self.number - 1) * self.size + len(self.object_list)

    @property
    def has_previous(self) -> bool:
        """Whether there is a page before it."""
        return self.number > 1

    @property
    def previous_page_number(self) -> int:
        """Of the page before it."""
        return self.number - 1

    @property
    def next_page_number(self) -> int:
        """Of the page after it."""
        return self.number + 1


def page(rows: QuerySet[Any], said: str | None, size: int) -> Page:
    """The page that the address names; the first where it names none that there is. One query, two for the latter."""
    number = int(said) if said and said.isascii() and said.isdecimal() and 0 < int(said[:9]) <= MOST else 1
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    if not found and number > 1:
        return page(rows, None, size)
    return Page(found[:size], number, size, len(found) > size)
