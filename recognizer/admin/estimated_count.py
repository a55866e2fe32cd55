"""A paginator for lists with millions of rows: it estimates the number of rows and limits the number of pages."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet

MAX_EXACT = 10_000  # rows; counting more takes longer than reading a page
MAX_PAGES = 100  # use filters to find other rows


class EstimatingPaginator(Paginator):
    """Counts few rows exactly. For many rows it uses the estimate of PostgreSQL from its last ANALYZE."""

    @cached_property
    def is_rough(self) -> bool:
        """Whether `count` is an estimate."""
        return self._expected > MAX_EXACT

    @cached_property
    def count(self) -> int:
        """The number of rows, exact or estimated."""
        return self._expected if self.is_rough else super().count

    @cached_property
    def num_pages(self) -> int:
        """The number of pages, at most MAX_PAGES."""
        return min(super().num_pages, MAX_PAGES)

    @cached_property
    def _expected(self) -> int:
        found: Any = self.object_list
        if not isinstance(found, QuerySet) or connections[found.db].vendor != "postgresql":
            return 0
        plan = found.order_by().explain(format="json")  # empty if Django sees that there can be no rows
        return int(json.loads(plan)[0]["Plan"]["Plan Rows"]) if plan else 0
