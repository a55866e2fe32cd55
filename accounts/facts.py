"""Base classes of models whose rows are never changed. Migrations import this module by path."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class ImmutableError(TypeError):
    """Code tried to change or delete a row that may not be changed."""


class AppendOnly:
    """A row that cannot be changed. It can be deleted, because people may delete their data."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert a new row. Raises ImmutableError for an existing one."""
        if not self._state.adding:  # type: ignore[attr-defined]
            raise ImmutableError(f"{self!r} cannot be changed. Insert a new row instead.")
        super().save(*args, **kwargs)  # type: ignore[misc]


class ReplacedQuerySet(models.QuerySet[Row]):
    """Querysets of rows that later rows replace: `replaces` names the earlier row, `replaced_by` the later one."""

    def current(self) -> Self:
        """Those that no later row replaces."""
        return self.filter(replaced_by__replaces__isnull=True)  # PostgreSQL plans this as an anti-join, unlike its id
