"""What every template may know."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """`embedded`: a first try on somebody's own machine; `mail_on_console`: no mail server is set."""
    return {"embedded": settings.EMBEDDED, "mail_on_console": settings.EMAIL_BACKEND.endswith("console.EmailBackend")}
