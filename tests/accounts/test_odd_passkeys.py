"""What no passkey sends is refused by every form that takes one, and never stored."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import activate_totp, is_in, sign_in

pytestmark = pytest.mark.django_db


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


CLIENT = _text(b'{"type": "webauthn.create", "challenge": "AAAA", "origin": "http://localhost"}')
DEVICE = _text(b"\0" * 37)
ATTESTED = _text(b"\xa3cfmtdnonegattStmt\xa0hauthDataX%" + b"\0" * 37)


def _credential(**response: Any) -> dict[str, Any]:
    complete = {"clientDataJSON": CLIENT, "attestationObject": ATTESTED, "authenticatorData": DEVICE, "signature": "AA"}
    complete["userHandle"] = _text(b"1")
    return {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": complete | response}


FIELDS = ("clientDataJSON", "attestationObject", "userHandle")
NO_CREDENTIALS: tuple[Any, ...] = (0, False, 1, 1.5, "x", [1], {"id": "A"}, {"id": "!", "rawId": "!"})
NO_RESPONSES: tuple[Any, ...] = (0, [], "x", {})
ATTESTATIONS = (b"", b"\1", b"\xa0", b"\xa3cf")  # the last one is cut off

ODD: dict[str, Any] = {
    **{repr(value): value for value in NO_CREDENTIALS},
    **{f"response {value!r}": {"id": "AAAA", "rawId": "AAAA", "response": value} for value in NO_RESPONSES},
    "nothing but well-formed": _credential(),
    "another type": _credential() | {"type": "x"},
    "extensions in a list": _credential() | {"clientExtensionResults": []},
    **{f"attestation {value!r}": _credential(attestationObject=_text(value)) for value in ATTESTATIONS},
    **{
        f"client data {value!r}": _credential(clientDataJSON=_text(value))
        for value in (b"", b"x", b"[]", b"{}", b"\xff", b'{"type": 1, "challenge": 1, "origin": 1}')
    },
    **{f"data {value!r}": _credential(authenticatorData=_text(value)) for value in (b"", b"\0", b"\xff" * 37)},
    **{
        f"numbers for {name}": _credential(**{name: 5})
        for name in ("clientDataJSON", "attestationObject", "userHandle")
    },
    **{f"person {value!r}": _credential(userHandle=_text(value)) for value in (b"9" * 40, b"x", b"\xff", b"\0", b"-1")},
    "no person": _credential(userHandle=None),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_none_is_added(as_ada: Client, ada: User, odd: Any) -> None:
    as_ada.get("/accounts/2fa/webauthn/add/")
    response = as_ada.post("/accounts/2fa/webauthn/add/", {"name": "Phone", "credential": json.dumps(odd)})
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Authenticator.objects.filter(user=ada, type=Authenticator.Type.WEBAUTHN).exists()


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_none_signs_anybody_in(client: Client, ada: User, odd: Any) -> None:
    client.get("/accounts/2fa/webauthn/login/")
    assert client.post("/accounts/2fa/webauthn/login/", {"credential": json.dumps(odd)}).status_code < 500
    assert not is_in(client)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_none_is_a_second_step(as_ada: Client, ada: User, client: Client, odd: Any) -> None:
    activate_totp(as_ada)
    sign_in(client, ada.email)
    assert client.post("/accounts/2fa/authenticate/", {"credential": json.dumps(odd)}).status_code < 500
    assert not is_in(client)
