"""What makes the site installable and useful without a connection: the service worker, and what it stores."""

from __future__ import annotations

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import conditional_page, require_safe

from accounts import acting
from recognizer.pages.draw import views as draw
from recognizer.pages.offline.release import release
from recognizer.pages.rounds import views as rounds
from recognizer.registry import promotions

RELEASE = "Inkling-Release"  # the header of the pages that the service worker stores
SHORTCUTS = 4  # as many as systems show


@require_safe
@conditional_page
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker. It changes with each release, so that browsers install the new one."""
    config = {
        "release": release(),
        "sheet": reverse("offline-sheet"),
        "sheets": [reverse("draw"), reverse("draw-for", args=["x"]).removesuffix("x/")],
        "rounds": reverse("rounds"),
        "roundsSheet": reverse("offline-rounds"),
        "page": reverse("offline"),
        "share": reverse("share"),
        "statics": settings.STATIC_URL,
        "models": draw.api_root() + "recognizers/",
        "labels": ["/labels/", "/glyphs/"],
    }
    script = static("js/offline/service_worker.js")
    body = f"self.INKLING = {json.dumps(config)};\nimportScripts({json.dumps(script)});\n"
    return HttpResponse(body, content_type="text/javascript")


@require_safe
@cache_control(private=True, no_cache=True)
def offline_sheet(request: HttpRequest) -> HttpResponse:
    """The draw page as the device stores it: made for nobody, so that nobody sees the page of somebody else."""
    response = draw.neutral_sheet(request)
    response.headers[RELEASE] = release()
    return response


@require_safe
@cache_control(private=True, no_cache=True)
def offline_rounds(request: HttpRequest) -> HttpResponse:
    """The page of rounds as the device stores it, made for nobody."""
    response = rounds.neutral_rounds(request)
    response.headers[RELEASE] = release()
    return response


@require_safe
@cache_control(private=True, no_cache=True)
def offline_page(request: HttpRequest) -> HttpResponse:
    """What the service worker shows instead of any other page when there is no connection."""
    context = draw.neutral_context(request) | {"config": {"session": reverse("offline-session")}}
    response = render(request, "recognizer/offline/offline.html", context)
    response.headers[RELEASE] = release()
    return response


@require_safe
@never_cache
@ensure_csrf_cookie
def session(request: HttpRequest) -> JsonResponse:
    """For a page from the device that is online again: who is signed in. Also gives it a token to write with."""
    return JsonResponse({"account": acting.account_id(request.user)})


@csrf_exempt
@never_cache
def share(request: HttpRequest) -> HttpResponse:
    """Where the system sends a picture that is shared with Inkling. The service worker takes it before it gets here.

    Without one nothing is read or stored: the page says what to do. The system can send no CSRF token.
    """
    if request.method != "POST":
        return HttpResponseRedirect(reverse("draw"))
    return render(request, "recognizer/offline/share.html")


@require_safe
@conditional_page
@cache_control(public=True, no_cache=True)
def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest. It names files of this release, so that nobody may use it without asking again."""
    icons = [
        {"src": static("favicon.svg"), "type": "image/svg+xml", "sizes": "any"},
        {"src": static("icons/icon-192.png"), "type": "image/png", "sizes": "192x192"},
        {"src": static("icons/icon-512.png"), "type": "image/png", "sizes": "512x512"},
        {"src": static("icons/maskable-512.png"), "type": "image/png", "sizes": "512x512", "purpose": "maskable"},
    ]
    content = {
        "id": "/",
        "name": "Inkling",
        "short_name": "Inkling",
        "description": _("Draw a symbol, see what the computer makes of it, correct it, watch it learn."),
        "lang": request.LANGUAGE_CODE,
        "start_url": reverse("draw"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#faf8f3",
        "theme_color": "#faf8f3",
        "categories": ["education", "utilities"],
        "icons": icons,
        "screenshots": [
            _screenshot("wide", "1280x800", _("A drawing and the answer to it")),
            _screenshot("narrow", "780x1688", _("The same on a phone")),
        ],
        "shortcuts": [
            {"name": str(each), "url": reverse("draw-for", args=[each.slug]), "icons": icons[1:2]}
            for each in promotions.offered_recognizers()[:SHORTCUTS]
        ],
        "share_target": {
            "action": reverse("share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"files": [{"name": "picture", "accept": ["image/*"]}]},
        },
    }
    return JsonResponse(content, content_type="application/manifest+json")


def _screenshot(form: str, sizes: str, label: str) -> dict[str, str]:
    source = static(f"screenshots/{form}.png")
    return {"src": source, "type": "image/png", "sizes": sizes, "form_factor": form, "label": label}
