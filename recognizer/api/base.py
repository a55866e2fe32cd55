"""What every address of the API does, whatever else it does."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import usage
from accounts.models import ApiKey
from recognizer.api import body_parsers, idempotency, throttling
from recognizer.api.permissions import InScope


class Endpoint(APIView):
    """A view of the API. It names the scope that a key needs, method by method: `scopes = {"GET": "drawings"}`.

    `tallies`: how the limits stand that were looked at; each answer tells.
    """

    scopes: ClassVar[dict[str, str | None]] = {}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tallies: list[throttling.Tally] = []

    def get_permissions(self) -> list[Any]:
        """What its keys may do, and then the view's own: a narrow key is told of its scope whoever shows it."""
        return [InScope(), *super().get_permissions()]

    def check_throttles(self, request: Request) -> None:
        """The rate of the key, then the view's own limits. Raises Throttled."""
        throttling.check(throttling.KeyLimit(), request, self)
        super().check_throttles(request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look who asks, whether they may, and how often. What a key was let in for counts as its use.

        A write with a name of its own is done once: this object answers one request alone, so its method may be put
        into another coat.
        """
        super().initial(request, *args, **kwargs)
        body_parsers.check_told(request)
        if isinstance(request.auth, ApiKey):
            usage.count_calls(key=request.auth)
        name = str(request.method).lower()
        if idempotency.asked(request) and hasattr(self, name):
            setattr(self, name, partial(idempotency.once, getattr(self, name), self.writes))

    def writes(self, request: Request) -> bool:
        """Whether a request by a method that writes does so; read after its body."""
        return True

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """The answer, with how the limits stand."""
        for name, value in throttling.headers(self.tallies).items():
            response[name] = value
        return super().finalize_response(request, response, *args, **kwargs)
