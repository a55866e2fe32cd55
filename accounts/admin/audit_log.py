"""The audit log in the admin, read-only. The page `/audit/` shows the same in words."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """Audit entries; nobody adds, changes or deletes one."""

    list_display = ["when", "what", "subject", "by", "actor", "undone"]
    list_filter = ["what", "when"]
    list_select_related = ["by", "undone_by"]
    search_fields = ["=subject", "=actor"]
    ordering = ["-id"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Always False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Always False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Always False."""
        return False

    @admin.display(boolean=True)
    def undone(self, entry: AuditEntry) -> bool:
        """Whether a later entry undid this one."""
        return hasattr(entry, "undone_by")
