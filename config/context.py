"""The template context processor."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.encoding import escape_uri_path
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from accounts import acting
from config.languages import QUERY, languages_of
from recognizer.pages.discovery import site_address
from recognizer.request_ids import current_request_id


def site(request: HttpRequest) -> dict[str, object]:
    """What all templates can use.

    `embedded`: started by `make run`; `mail_on_console`: no mail server is configured; `acting_for`: the account that
    the page is made for, see `accounts.acting`; `request_id`: for error pages; `languages`: the page in each
    language, see `config.languages`; `site_url`: the address of the site; `canonical`: the one address of this page in
    its language.
    """
    site_url = site_address(request)
    return {
        "site_url": site_url,
        "canonical": f"{site_url}{escape_uri_path(request.path)}?{QUERY}={get_language()}",
        "embedded": settings.EMBEDDED,
        "mail_on_console": settings.EMAIL_BACKEND.endswith("console.EmailBackend"),
        "request_id": current_request_id(),
        "languages": languages_of(request),
        "acting_for": SimpleLazyObject(lambda: acting.account_id(request.user)),
    }
