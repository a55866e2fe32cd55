"""Counts the related rows that a deletion in the admin removes.

Django's own page loads and lists every related row, and one person may have a hundred thousand. It also requires a
permission for each table; here the permission to delete the object is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

MOST_SHOWN = 50


def count_deleted(rows: Iterable[models.Model]) -> tuple[list[str], dict[str, int], set[str], list[str]]:
    """The result of `ModelAdmin.get_deleted_objects`: names, counts by model, missing permissions, protected rows."""
    chosen = list(rows)
    counts: dict[str, int] = {}
    if chosen:
        kind = chosen[0]._meta
        counts[str(kind.verbose_name_plural)] = len(chosen)
        for relation in kind.related_objects:
            if getattr(relation, "on_delete", None) is models.CASCADE:
                found = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": chosen})
                name = str(relation.related_model._meta.verbose_name_plural)
                counts[name] = counts.get(name, 0) + found.count()
    shown: list[Any] = [str(row) for row in chosen[:MOST_SHOWN]]
    return shown, {name: count for name, count in counts.items() if count}, set(), []
