"""Delete a person's account with everything they own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit, deletion_log, sessions
from accounts.models import AuditEntry, User, lock_person


class LastSuperuserError(PermissionError):
    """The person is the only superuser, so the account cannot be deleted."""

    def __str__(self) -> str:
        return str(
            _(
                "This account is the only superuser of the site, so it cannot be deleted. "
                "First make somebody else a superuser (in the admin, or with the command createsuperuser)."
            )
        )


def is_never_used(person: User) -> bool:
    """Whether nobody ever signed in to this account or confirmed its address, and staff gave it no rights."""
    is_confirmed = EmailAddress.objects.filter(user=person, verified=True).exists()
    has_rights = person.is_staff or person.is_superuser or person.groups.exists()
    return not (is_confirmed or has_rights or person.last_login)


@transaction.atomic
def delete_person(*, person: User, by: User | None = None) -> None:
    """Delete a person with everything they own, and end their sessions. `by` is set if somebody else does it.

    Raises LastSuperuserError and DeletionLogError.
    """
    # These rows are locked, so that the last two superusers cannot be deleted at the same time.
    superusers = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    if {user.pk for user in superusers} == {person.pk}:
        raise LastSuperuserError
    erase_person(person, by=by)
    deletion_log.append([person.uuid])


def erase_person(person: User, *, by: User | None = None) -> None:
    """What `delete_person` does, without its check and without the log of deletions."""
    lock_person(person.pk)
    audit.note(by=by or person, what="person.deleted" if by else "person.left", subject=audit.name_of(person))
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(person.pk)).delete()
    sessions.end_sessions(person)
    addresses = {person.email, *EmailAddress.objects.filter(user=person).values_list("email", flat=True)}
    for address in addresses:
        _forget_address(person, address)
    person.delete()


def _forget_address(person: User, address: str) -> None:
    """Take an address out of all that stays when its owner leaves."""
    sessions.forget_address(address)
    EmailAddress.objects.filter(email__iexact=address, verified=False).delete()  # others who wanted to change to it
    _replace(LogEntry.objects.all(), ("object_repr", "change_message"), address, audit.name_of(person))
    relations = (each for each in User._meta.get_fields(include_hidden=True) if isinstance(each, models.ManyToOneRel))
    for relation in relations:  # what they wrote themselves in rows that stay
        if relation.on_delete is models.SET_NULL and relation.related_model is not AuditEntry:
            rows = relation.related_model._default_manager.filter(**{relation.field.name: person})
            _replace(rows, _names_of_texts(relation.related_model), address, audit.name_of(person))


def _names_of_texts(model: type[models.Model]) -> list[str]:
    """The fields of a table in which people write."""
    fields = model._meta.concrete_fields
    return [each.name for each in fields if isinstance(each, models.CharField | models.TextField) and not each.choices]


def _replace(rows: models.QuerySet[Any], fields: Iterable[str], address: str, name: str) -> None:
    """Write `name` instead of an address into texts."""
    pattern = sessions.address_pattern(address)
    for field in fields:
        for pk, text in rows.filter(**{f"{field}__icontains": address}).values_list("pk", field):
            rows.filter(pk=pk).update(**{field: pattern.sub(name, text)})
