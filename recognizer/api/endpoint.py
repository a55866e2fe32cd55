"""What every address of the API does, whatever else it does."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.views import APIView

from recognizer.api.scopes import InScope


class Endpoint(APIView):
    """A view of the API. It names the scope that a key needs, method by method: `scopes = {"GET": "drawings"}`."""

    scopes: ClassVar[dict[str, str | None]] = {}

    def get_permissions(self) -> list[Any]:
        """The view's own, and what its keys may do."""
        return [*super().get_permissions(), InScope()]
