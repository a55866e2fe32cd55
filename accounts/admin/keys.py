"""API keys in the admin: view, revoke, change the rate."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit, keys
from accounts.admin.read_only import ReadOnlyMixin
from accounts.models import ApiKey, ApiKeyQuerySet, KeyUse, User


class KeyUseInline(ReadOnlyMixin, admin.TabularInline):
    """Calls per day; read-only."""

    model = KeyUse
    extra = 0
    fields = ["day", "calls"]
    ordering = ["-day"]


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    """API keys. Staff can revoke them and change their rate; only their owners create them."""

    list_display = ("prefix", "person", "name", "scopes", "rate", "last_used", "expires", "revoked", "created")
    list_filter = ("revoked", "expires", "last_used", "created")
    list_select_related = ("person",)
    search_fields = ("prefix", "name", "person__email")
    date_hierarchy = "created"
    show_full_result_count = False
    inlines = (KeyUseInline,)
    actions = ("revoke",)
    fields = (
        *("person", "name", "prefix", "scopes", "origins", "pins", "rate"),
        *("created", "expires", "revoked", "last_used", "last_address"),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """Everything but the rate."""
        return tuple(name for name in self.fields if name != "rate")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Save the rate and write an audit entry."""
        before: dict[str, Any] = {"rate": ApiKey.objects.values_list("rate", flat=True).get(pk=obj.pk)}
        obj.save(update_fields=["rate"])
        if detail := audit.changes(before, {"rate": obj.rate}):
            by = cast(User, request.user)
            audit.note(by=by, what="key.rate-changed", subject=keys.name_of(obj), detail=detail)

    @admin.action(description=_("Revoke these keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: ApiKeyQuerySet) -> HttpResponse | None:
        """Revoke keys after a confirmation."""
        live = queryset.live().select_related("person")
        if "sure" not in request.POST:
            context = {**self.admin_site.each_context(request), "title": _("Revoke keys"), "keys": live}
            return render(request, "admin/accounts/apikey/revoke.html", context)
        count = sum(keys.revoke_key(key=key, by=cast(User, request.user)) for key in live)
        text = ngettext("%d key is revoked.", "%d keys are revoked.", count) % count
        self.message_user(request, text, messages.SUCCESS)
        return None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only the owner can create a key."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A revoked key stays visible to its owner."""
        return False
