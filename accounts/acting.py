"""For whom a page acts: with each request, a page says for which account it was made.

A page can stay open while somebody else signs in, in another tab. The cookies of its requests are then those of the
other person, so what the first person drew or decided would be saved in the wrong account.
"""

from __future__ import annotations

import hashlib

from django.contrib.auth.models import AnonymousUser

from accounts.models import User

META = "HTTP_X_INKLING_ACTING_FOR"  # the header X-Inkling-Acting-For in `request.META`
FIELD = "acting_for"  # the same in a form
GUEST = "guest"  # nobody was signed in when the page was made
CODE = "account_changed"


def account_id(person: User | AnonymousUser) -> str:
    """An opaque id of the account, or GUEST.

    It stays the same when SECRET_KEY changes, so that drawings that wait in a browser find their author. The time of
    sign-up keeps apart accounts with one number of two databases, as when a trial installation starts anew.
    """
    if not isinstance(person, User) or not person.is_authenticated:
        return GUEST
    return hashlib.sha256(f"inkling account {person.pk} {person.date_joined.timestamp()}".encode()).hexdigest()[:24]
