"""What an error says, without the id of its request."""

from typing import Any


def said(response: Any) -> dict[str, Any]:
    """The status and the JSON of an error, to compare it with another one."""
    body = dict(response.json())
    assert len(body.pop("request_id")) == 32
    return {"status": response.status_code, **body}
