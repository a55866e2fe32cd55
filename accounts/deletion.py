"""Delete a person's account with everything they own."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User, lock_person


class LastSuperuserError(PermissionError):
    """The person is the only superuser, so the account cannot be deleted."""

    def __str__(self) -> str:
        return str(
            _(
                "This account is the only superuser of the site, so it cannot be deleted. "
                "First make somebody else a superuser (in the admin, or with the command createsuperuser)."
            )
        )


@transaction.atomic
def delete_person(*, person: User, by: User | None = None) -> None:
    """Delete a person with everything they own, and end their sessions. `by` is set if somebody else does it.

    Raises LastSuperuserError.
    """
    # These rows are locked, so that the last two superusers cannot be deleted at the same time.
    superusers = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    if {user.pk for user in superusers} == {person.pk}:
        raise LastSuperuserError
    lock_person(person.pk)
    audit.note(by=by or person, what="person.deleted" if by else "person.left", subject=audit.name_of(person))
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(person.pk)).delete()  # its text contains their address
    # The user id is inside the signed session data, so every session has to be decoded (about 30 µs each).
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for session in store.get_model_class().objects.iterator(chunk_size=1000):
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            store(session.session_key).delete()
    person.delete()
