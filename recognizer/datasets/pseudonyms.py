"""Pseudonyms for people in exports, and people for pseudonyms in imports.

A pseudonym is a keyed hash of a user's id: a person has the same one in every export of this site, and without the
secret key of the site nobody can find the person for a pseudonym, or the pseudonym for a person. After a change of
SECRET_KEY exports have other pseudonyms; imports find people by those of SECRET_KEY_FALLBACKS as well. People who were
imported keep the pseudonym of the file; they cannot sign in, and their addresses receive no mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User

DOMAIN = "imported.invalid"  # receives no mail (RFC 2606)
LENGTH = 20  # hexadecimal digits: 80 bits, so two people never share a pseudonym
PSEUDONYM = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def pseudonym_of_user(pk: int, secret_key: str | None = None) -> str:
    """The pseudonym of a user of this site. `secret_key`: one of the past; by default SECRET_KEY."""
    return salted_hmac("recognizer.dataset.names", str(pk), secret_key, algorithm="sha256").hexdigest()[:LENGTH]


def pseudonym_of_name(name: str) -> str:
    """The pseudonym of somebody who has this name in a file: the name if it looks like one, otherwise a keyed hash.

    So names of writers are not imported, and the same file gives the same pseudonyms every time, until SECRET_KEY
    changes.
    """
    if PSEUDONYM.fullmatch(name):
        return name
    return salted_hmac("recognizer.dataset.writers", name, algorithm="sha256").hexdigest()[:LENGTH]


class Pseudonyms:
    """Pseudonyms by user id, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def load(self, people: Iterable[int | None]) -> None:
        """Look up these people in one query."""
        unknown = {pk for pk in people if pk is not None and pk not in self._known}
        for pk, email, active in User.objects.filter(pk__in=unknown).values_list("pk", "email", "is_active"):
            name, _at, domain = email.rpartition("@")
            self._known[pk] = name if domain == DOMAIN and not active else pseudonym_of_user(pk)

    def get(self, pk: int | None) -> str | None:
        """The pseudonym; None without a person, or if the account was deleted meanwhile."""
        return self._known.get(pk) if pk is not None else None


class ImportedAuthors:
    """The people of an import, by pseudonym."""

    def __init__(self) -> None:
        users = User.objects.exclude(email__endswith=f"@{DOMAIN}").values_list("pk", flat=True)
        keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        self._users = {pseudonym_of_user(pk, key): pk for pk in users.iterator() for key in keys}
        self._imported: dict[str, int] = {}

    def without_consent(self, names: Iterable[str]) -> set[str]:
        """Which of them are users of this site who have not consented to training."""
        users = {self._users[name]: name for name in names if name in self._users}
        consenting = User.objects.filter(pk__in=users, consented_at__isnull=False).values_list("pk", flat=True)
        return {users[pk] for pk in users.keys() - set(consenting)}

    def get_or_create(self, name: str) -> int:
        """The id of the person of a pseudonym. A new person cannot sign in; the operator states their consent."""
        if user := self._users.get(name):
            return user
        if name not in self._imported:
            email = f"{name}@{DOMAIN}"
            person = User.objects.filter(email=email, is_active=False).first()
            if person is None:
                person = User.objects.create_user(email, is_active=False, consented_at=timezone.now())
            self._imported[name] = person.pk
        return self._imported[name]

    def clear_created(self) -> None:
        """Forget the people that a transaction created which was rolled back."""
        self._imported.clear()
