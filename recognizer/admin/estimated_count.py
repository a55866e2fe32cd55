"""Lists of millions of rows: about how many there are, and no further than somebody would look page by page."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet

MAX_EXACT = 10_000  # rows; counting more takes longer than reading a page of them
MAX_PAGES = 100  # the rest is found by the filters


class EstimatingPaginator(Paginator):
    """Counts few rows exactly; of many it says what PostgreSQL expects, which it knows from its last ANALYZE."""

    @cached_property
    def is_rough(self) -> bool:
        """Whether `count` is no more than about right."""
        return self._expected > MAX_EXACT

    @cached_property
    def count(self) -> int:
        """How many rows, exactly or about."""
        return self._expected if self.is_rough else super().count

    @cached_property
    def num_pages(self) -> int:
        """As many as can be turned to."""
        return min(super().num_pages, MAX_PAGES)

    @cached_property
    def _expected(self) -> int:
        found: Any = self.object_list
        if not isinstance(found, QuerySet) or connections[found.db].vendor != "postgresql":
            return 0
        said = found.order_by().explain(format="json")  # nothing, where Django sees that no row can be found
        return int(json.loads(said)[0]["Plan"]["Plan Rows"]) if said else 0
