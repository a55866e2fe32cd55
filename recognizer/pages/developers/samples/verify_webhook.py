# Needs Python 3.9 or newer, and nothing else.
import base64
import hmac
import json
import time


def verify(secret: str, headers: dict[str, str], body: bytes) -> dict:
    """Return the event, or raise ValueError. `body` is the raw body of the request."""
    event, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        raise ValueError("too old: it may be a replayed request")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{event}.{sent}.".encode() + body, "sha256")
    expected = "v1," + base64.b64encode(digest).decode()
    if not any(hmac.compare_digest(expected, each) for each in headers["webhook-signature"].split()):
        raise ValueError("not signed with this secret")
    return json.loads(body)
