"""Pages of a list without counting its rows: one row more than a page shows tells whether there is another page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet

from recognizer.pages.query import QueryForm

MAX_PAGES = 100_000


class PageForm(QueryForm):
    """The query string of a list with pages."""

    page = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGES)


@dataclass(frozen=True)
class ListPage:
    """One page, with the attributes of a Paginator's page that the template `pager.html` uses."""

    object_list: Sequence[Any]
    number: int
    size: int
    has_next: bool

    @property
    def count(self) -> int | None:
        """The number of rows on all pages, known on the last page only."""
        return None if self.has_next else (self.number - 1) * self.size + len(self.object_list)

    @property
    def has_previous(self) -> bool:
        """Whether there is a page before it."""
        return self.number > 1

    @property
    def previous_page_number(self) -> int:
        """The number of the page before it."""
        return self.number - 1

    @property
    def next_page_number(self) -> int:
        """The number of the page after it."""
        return self.number + 1


def paginate(rows: QuerySet[Any], query: Any, size: int) -> ListPage:
    """The page that the query string asks for, or the first if there is no such page. One query, else two."""
    number = PageForm(query).values["page"] or 1
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    if not found and number > 1:
        return paginate(rows, {}, size)
    return ListPage(found[:size], number, size, len(found) > size)
