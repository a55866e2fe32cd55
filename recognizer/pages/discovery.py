"""What other programs ask a site for: robots.txt, a site map, security.txt and an icon."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from recognizer.registry import promotions

# Pages of one person or of reviewers, and addresses for programs: nothing to find there.
_PRIVATE = ("/accounts/", "/admin/", "/api/", "/drawings/", "/memory/", "/offline/", "/report/", "/review/", "/runs/")
_PUBLIC = ("draw", "rounds", "models", "progress", "developers", "reference", "privacy", "attribution")
_DAY = 24 * 3600  # seconds


def site_address(request: HttpRequest) -> str:
    """The address of this site, without a slash at its end."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"


@require_safe
@cache_control(public=True, max_age=_DAY)
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read, and where the site map is."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in _PRIVATE),
        "",
        f"Sitemap: {_absolute(request, 'sitemap')}",
    ]
    return _text(lines)


@require_safe
@cache_control(public=True, max_age=_DAY)
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every public page in each language."""
    paths = [reverse(name) for name in _PUBLIC]
    for recognizer in promotions.offered_recognizers():
        paths += [reverse(name, args=[recognizer.slug]) for name in ("draw-for", "rounds-for", "model", "reading")]
    codes = [code for code, _name in settings.LANGUAGES]
    context = {"site": site_address(request), "paths": paths, "codes": codes}
    return render(request, "recognizer/sitemap.xml", context, content_type="application/xml; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=_DAY)
def security(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a vulnerability (RFC 9116). A 404 where the site does not say."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = (timezone.now() + timedelta(days=180)).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires.isoformat()}",
        f"Preferred-Languages: {', '.join(code for code, _name in settings.LANGUAGES)}",
        f"Canonical: {_absolute(request, 'security')}",
    ]
    return _text(lines)


@require_safe
@cache_control(public=True, no_cache=True)
def favicon(request: HttpRequest) -> HttpResponse:
    """The icon for programs that do not read the page. Where it is changes with the release."""
    return redirect(static("icons/icon-32.png"))


def _absolute(request: HttpRequest, name: str) -> str:
    return f"{site_address(request)}{reverse(name)}"


def _text(lines: list[str]) -> HttpResponse:
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")
