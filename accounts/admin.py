"""People in the admin."""

from __future__ import annotations

from typing import Any, cast

import allauth.mfa.admin  # noqa: F401 - registers what is replaced below
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit, keys, people
from accounts.models import ApiKey, ApiKeyQuerySet, User


class PersonCreationForm(AdminUserCreationForm):
    """A new person, known by an address. They confirm it when they first sign in."""

    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        """Addresses are kept in small letters, as allauth looks for them."""
        return self.cleaned_data["email"].lower()


class HasConsented(admin.SimpleListFilter):
    """Those who agreed, or did not."""

    title = _("consent")
    parameter_name = "consent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The two choices."""
        return [("yes", _("Given")), ("no", _("Not given"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Filter by the choice."""
        if self.value() is None:
            return queryset
        return queryset.filter(consented_at__isnull=self.value() == "no")


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People: who they are and what they may do. What they agreed to, only they can say."""

    add_form = PersonCreationForm
    ordering = ("-date_joined",)
    list_display = ("email", "is_staff", "is_active", "consented_at", "last_login", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active", HasConsented, "groups", "date_joined")
    search_fields = ("email", "first_name", "last_name")
    date_hierarchy = "date_joined"
    readonly_fields = ("consented_at", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Important dates"), {"fields": ("consented_at", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """The address of somebody who is there is theirs to change: a new one has to be confirmed by mail."""
        return (*self.readonly_fields, "email") if obj else self.readonly_fields

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Forget one person as they could do themselves."""
        people.forget(person=obj, by=cast(User, request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Forget many; the site's last superuser stays."""
        for person in queryset:
            try:
                people.forget(person=person, by=cast(User, request.user))
            except people.LastSuperuserError as error:
                self.message_user(request, str(error), messages.ERROR)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody deletes themselves here: the account page asks for the password first."""
        return super().has_delete_permission(request, obj) and obj != request.user


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(admin.ModelAdmin):
    """Who has which second factor; it can be taken away from somebody who lost it, never read."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type", "created_at", "last_used_at")
    search_fields = ("user__email",)
    fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only people themselves can."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        """A fact of its owner."""
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    """Which keys there are. They can be revoked here and given another rate; made they are by their people alone."""

    list_display = ("prefix", "person", "name", "scopes", "rate", "last_used", "expires", "revoked", "created")
    list_filter = ("revoked", "expires", "last_used", "created")
    list_select_related = ("person",)
    search_fields = ("prefix", "name", "person__email")
    actions = ("revoke",)
    fields = (
        *("person", "name", "prefix", "scopes", "origins", "pins", "rate"),
        *("created", "expires", "revoked", "last_used", "last_address"),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """All but the rate; one above the site's stands instead of the person's."""
        return tuple(name for name in self.fields if name != "rate")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Another rate, of which the audit log tells."""
        before: dict[str, Any] = {"rate": ApiKey.objects.values_list("rate", flat=True).get(pk=obj.pk)}
        obj.save(update_fields=["rate"])
        if detail := audit.changes(before, {"rate": obj.rate}):
            by = cast(User, request.user)
            audit.note(by=by, what="key.rate-changed", subject=keys.name_of(obj), detail=detail)

    @admin.action(description=_("Revoke these keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: ApiKeyQuerySet) -> HttpResponse | None:
        """After one more look at which they are."""
        live = queryset.live().select_related("person")
        if "sure" not in request.POST:
            context = {**self.admin_site.each_context(request), "title": _("Revoke keys"), "keys": live}
            return render(request, "admin/accounts/apikey/revoke.html", context)
        count = sum(keys.revoke(key=key, by=cast(User, request.user)) for key in live)
        self.message_user(
            request, ngettext("%d key is revoked.", "%d keys are revoked.", count) % count, messages.SUCCESS
        )
        return None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only people themselves can."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A revoked key stays, so that its person sees that it was."""
        return False
