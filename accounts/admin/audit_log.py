"""The audit log in the admin, read-only. The page `/audit/` shows the same in words."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin.read_only import ReadOnlyMixin
from accounts.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """Audit entries; nobody adds, changes or deletes one."""

    list_display = ["when", "what", "subject", "by", "actor", "undone"]
    list_filter = ["what", "when"]
    list_select_related = ["by", "undone_by"]
    search_fields = ["=subject", "=actor"]
    ordering = ["-id"]
    show_full_result_count = False

    @admin.display(boolean=True)
    def undone(self, entry: AuditEntry) -> bool:
        """Whether a later entry undid this one."""
        return hasattr(entry, "undone_by")
