"""People, groups, e-mail addresses and second factors in the admin."""

from __future__ import annotations

from typing import Any, cast

import allauth.account.admin  # registers what is replaced below
import allauth.mfa.admin
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import audit, deletion, permissions
from accounts.admin import confirm_action, delete_counts
from accounts.models import User


class PersonCreationForm(AdminUserCreationForm):
    """A new person with an e-mail address, which they confirm when they first sign in."""

    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        """Lower case, as allauth looks addresses up."""
        return self.cleaned_data["email"].lower()


class HasConsented(admin.SimpleListFilter):
    """Filter by consent."""

    title = _("consent")
    parameter_name = "consent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Given or not given."""
        return [("yes", _("Given")), ("no", _("Not given"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Apply the filter."""
        if self.value() is None:
            return queryset
        return queryset.filter(consented_at__isnull=self.value() == "no")


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People and their permissions. Only the person can give consent."""

    add_form = PersonCreationForm
    ordering = ("-date_joined",)
    list_display = ("email", "is_staff", "is_active", "consented_at", "set_aside", "last_login", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active", HasConsented, "set_aside", "groups", "date_joined")
    search_fields = ("email", "first_name", "last_name")
    date_hierarchy = "date_joined"
    show_full_result_count = False
    readonly_fields = ("consented_at", "set_aside", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Their drawings"), {"fields": ("consented_at", "set_aside")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only the person can change the address, because a new one has to be confirmed by mail."""
        return (*self.readonly_fields, "email") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        """Remember the permissions before the change; `save_related` logs the difference."""
        request.__dict__["before"] = permissions.permissions_of(User.objects.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Save groups and permissions, and log the change."""
        super().save_related(request, form, formsets, change)
        by = cast(User, request.user)
        if change:
            permissions.note_person_changes(person=form.instance, before=request.__dict__["before"], by=by)
        else:
            audit.note(by=by, what="person.added", subject=audit.name_of(form.instance))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Related rows as counts."""
        return delete_counts.count_deleted(objs)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete one person as they could do themselves."""
        deletion.delete_person(person=obj, by=cast(User, request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete many people; the last superuser stays."""
        for person in queryset:
            try:
                deletion.delete_person(person=person, by=cast(User, request.user))
            except deletion.LastSuperuserError as error:
                self.message_user(request, str(error), messages.ERROR)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Staff delete their own account on the account page, which asks for the password."""
        return super().has_delete_permission(request, obj) and obj != request.user


admin.site.unregister(Group)


@admin.register(Group)
class GroupOfPeopleAdmin(GroupAdmin):
    """Groups and their permissions; changes are logged."""

    list_display = ("name",)
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: Group, form: ModelForm, change: bool) -> None:
        """Remember the permissions before the change; `save_related` logs the difference."""
        empty: dict[str, Any] = {"name": None, "permissions": []}
        before = permissions.group_permissions_of(Group.objects.get(pk=obj.pk)) if change else empty
        request.__dict__["before"] = before
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Save the permissions, and log the change."""
        super().save_related(request, form, formsets, change)
        by = cast(User, request.user)
        permissions.note_group_changes(group=form.instance, before=request.__dict__["before"], by=by)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """Log the deletion; the members lose its permissions."""
        detail = {"name": obj.name, "members": obj.user_set.count()}
        audit.note(by=cast(User, request.user), what="group.deleted", subject=f"group {obj.pk}", detail=detail)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """Delete and log each group."""
        for group in queryset:
            self.delete_model(request, group)


admin.site.unregister(EmailAddress)


@admin.register(EmailAddress)
class AddressAdmin(allauth.account.admin.EmailAddressAdmin):
    """E-mail addresses and whether they are confirmed."""

    list_select_related = ("user",)
    show_full_result_count = False

    @admin.action(description=_("Mark selected addresses as confirmed"))
    def make_verified(self, request: HttpRequest, queryset: QuerySet[EmailAddress]) -> HttpResponse | None:
        """Mark as confirmed without a mail, after a confirmation."""
        if confirm_action.is_confirmed(request):
            super().make_verified(request, queryset)
            return None
        return confirm_action.confirmation_page(
            request,
            self,
            action="make_verified",
            title=_now("Mark these addresses as confirmed?"),
            words=_now("The owners can then sign in without confirming by mail. Make sure the addresses are theirs."),
            button=_now("Mark as confirmed"),
            rows=queryset.filter(verified=False),
        )


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(admin.ModelAdmin):
    """Second factors. Staff can remove one that its owner lost; the secret is never shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type", "created_at", "last_used_at")
    search_fields = ("user__email",)
    list_select_related = ("user",)
    date_hierarchy = "created_at"
    show_full_result_count = False
    fields = ("user", "type", "created_at", "last_used_at")

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Log the removal: a password is then enough to sign in."""
        subject, detail = audit.name_of(obj.user), {"type": obj.type}
        audit.note(by=cast(User, request.user), what="second-factor.removed", subject=subject, detail=detail)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        """Remove and log each one."""
        for factor in queryset.select_related("user"):
            self.delete_model(request, factor)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only the owner can add one."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        """Always False."""
        return False
