"""What goes along when something is deleted in the admin: as counts.

Django would load and list every row that goes along, of which one person may have a hundred thousand, and would ask
for a permission on each of their tables; whoever may delete the one may delete what belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

MOST_SHOWN = 50


def count_deleted(rows: Iterable[models.Model]) -> tuple[list[str], dict[str, int], set[str], list[str]]:
    """As `ModelAdmin.get_deleted_objects`: what is shown, how many of each kind, missing permissions, protected."""
    chosen = list(rows)
    counts: dict[str, int] = {}
    if chosen:
        kind = chosen[0]._meta
        counts[str(kind.verbose_name_plural)] = len(chosen)
        for way in kind.related_objects:
            if getattr(way, "on_delete", None) is models.CASCADE:
                found = way.related_model._base_manager.filter(**{f"{way.field.name}__in": chosen})
                name = str(way.related_model._meta.verbose_name_plural)
                counts[name] = counts.get(name, 0) + found.count()
    shown: list[Any] = [str(row) for row in chosen[:MOST_SHOWN]]
    return shown, {name: count for name, count in counts.items() if count}, set(), []
