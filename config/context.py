"""The template context processor."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """`embedded`: started by `make run`; `mail_on_console`: no mail server is configured."""
    return {"embedded": settings.EMBEDDED, "mail_on_console": settings.EMAIL_BACKEND.endswith("console.EmailBackend")}
