"""People without their names: pseudonyms for those who leave as data, people for pseudonyms that come as data.

A pseudonym is a keyed hash of who somebody is here: the same person has the same one in every export of this site, and
without the site's secret key nobody can go from it to the person, or from a person to it. Whoever was imported keeps
the pseudonym that they came with; they are people who cannot sign in, with an address that no mail ever reaches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User

DOMAIN = "imported.invalid"  # no mail ever gets there (RFC 2606)
LETTERS = 20  # of a pseudonym; 80 bits, so no two people share one
PSEUDONYM = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def pseudonym_of_user(pk: int) -> str:
    """Of somebody who has an account here."""
    return salted_hmac("recognizer.dataset.names", str(pk), algorithm="sha256").hexdigest()[:LETTERS]


def pseudonym_of_name(name: str) -> str:
    """Of somebody that a file calls `name`: that itself where it looks like a pseudonym, else a keyed hash of it.

    So a file that names its writers brings no names in, and the same file brings the same pseudonyms.
    """
    if PSEUDONYM.fullmatch(name):
        return name
    return salted_hmac("recognizer.dataset.writers", name, algorithm="sha256").hexdigest()[:LETTERS]


class Pseudonyms:
    """By the id of a person; each is looked up once."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def learn(self, people: Iterable[int | None]) -> None:
        """Look up those of a page in one query."""
        unknown = {pk for pk in people if pk is not None and pk not in self._known}
        if not unknown:
            return
        for pk, email, active in User.objects.filter(pk__in=unknown).values_list("pk", "email", "is_active"):
            name, _at, domain = email.rpartition("@")
            self._known[pk] = name if domain == DOMAIN and not active else pseudonym_of_user(pk)

    def of(self, pk: int | None) -> str | None:
        """Somebody's; None of nobody, or of somebody who left a moment ago."""
        return self._known.get(pk) if pk is not None else None


class ImportedAuthors:
    """By pseudonym: who is here already, and who has to be made."""

    def __init__(self) -> None:
        everybody = User.objects.exclude(email__endswith=f"@{DOMAIN}").values_list("pk", flat=True)
        self._own = {pseudonym_of_user(pk): pk for pk in everybody.iterator()}
        self._imported: dict[str, int] = {}

    def refusing(self, names: Iterable[str]) -> set[str]:
        """Which of them are people of this site who did not agree, or no longer do."""
        own = {self._own[name]: name for name in names if name in self._own}
        agreeing = User.objects.filter(pk__in=own, consented_at__isnull=False).values_list("pk", flat=True)
        return {own[pk] for pk in own.keys() - set(agreeing)}

    def find(self, name: str) -> int:
        """The person of a pseudonym; an imported one is made where there is none."""
        if own := self._own.get(name):
            return own
        if name not in self._imported:
            self._imported[name] = self._make(name)
        return self._imported[name]

    def forget_made(self) -> None:
        """After a transaction that made some was rolled back."""
        self._imported.clear()

    def _make(self, name: str) -> int:
        """Consent is what the operator states with the import; the address is nobody's, and nobody can sign in."""
        email = f"{name}@{DOMAIN}"
        person = User.objects.filter(email=email, is_active=False).first()
        if person is None:
            person = User.objects.create_user(email, is_active=False, consented_at=timezone.now())
        return person.pk
