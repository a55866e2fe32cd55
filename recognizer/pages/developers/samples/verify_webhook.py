import base64
import hmac
import json
import time


def verify(secret: str, headers: dict[str, str], body: bytes) -> dict:
    """What happened, or ValueError. `body` is the request as it came, before anything parsed it."""
    event, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        raise ValueError("too old: somebody may be repeating it")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{event}.{sent}.".encode() + body, "sha256")
    expected = "v1," + base64.b64encode(digest).decode()
    if not any(hmac.compare_digest(expected, each) for each in headers["webhook-signature"].split()):
        raise ValueError("not signed with this secret")
    return json.loads(body)
