"""Who is asking."""

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class SiteSession(SessionAuthentication):
    """The site's own session with CSRF; without one the answer is 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        """Tells DRF that a person could authenticate."""
        return "Session"
