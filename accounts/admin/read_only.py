"""Base class of the admin for rows that nobody may add, change or delete by hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class ReadOnlyMixin:
    """Refuses to add, change and delete."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Always False."""
        return False

    has_change_permission = has_delete_permission = has_add_permission
