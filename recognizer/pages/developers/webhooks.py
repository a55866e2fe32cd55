"""Webhooks of one's own: make one, see what was sent and what came back, send it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import PersonRequest
from recognizer.models import Delivery, Event, Recognizer, Webhook
from recognizer.pages.developers import samples
from recognizer.registry import promotions
from recognizer.webhooks import manage, signing

PAGE_SIZE = 20
SHOWN = "shown_secret"  # in the session: the webhook whose secret the next page shows, not the secret


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def webhooks(request: PersonRequest) -> HttpResponse:
    """One's webhooks and the form for one more; a POST makes it."""
    said, problem = request.POST, ""
    if request.method == "POST":
        try:
            return _to(request, manage.create_webhook(person=request.user, **_read(said)), shown=True)
        except manage.RefusedWebhookError as error:
            problem = str(error)
    waiting = Count("deliveries", filter=Q(deliveries__state=Delivery.State.WAITING))
    context = {
        "hooks": request.user.webhooks.select_related("recognizer").annotate(waiting=waiting),
        "problem": problem,
        **_form(said.get("url", ""), said.getlist("events"), said.get("recognizer", "")),
    }
    return render(request, "recognizer/developers/webhooks.html", context, status=400 if problem else 200)


def _read(said: QueryDict) -> dict[str, Any]:
    slug = said.get("recognizer", "")
    recognizer = get_object_or_404(Recognizer, slug=slug) if slug else None
    return {"url": said.get("url", ""), "events": said.getlist("events"), "recognizer": recognizer}


def _form(url: str, chosen: list[str], recognizer: str) -> dict[str, Any]:
    """What the fields of the form show."""
    events = [(value, name, value in chosen) for value, name in Event.choices]
    return {"url": url, "events": events, "chosen": recognizer, "recognizers": list(promotions.live_recognizers())}


def _to(request: PersonRequest, hook: Webhook, *, shown: bool = False) -> HttpResponse:
    if shown:
        request.session[SHOWN] = str(hook.uuid)
    return redirect("webhook", hook.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def webhook(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """One of them with its log; a POST changes it. Its secret is shown once, after it was made or renewed."""
    hook, problem = _own(request, uuid), ""
    said = (hook.url, hook.events, hook.recognizer.slug if hook.recognizer else "")
    if request.method == "POST":
        said = (request.POST.get("url", ""), request.POST.getlist("events"), request.POST.get("recognizer", ""))
        try:
            manage.update_webhook(hook=hook, **_read(request.POST))
            messages.success(request, _("Changed."))
            return _to(request, hook)
        except manage.RefusedWebhookError as error:
            problem = str(error)
    context = {
        "hook": hook,
        "page": Paginator(hook.deliveries.select_related("replays"), PAGE_SIZE).get_page(request.GET.get("page")),
        "secret": signing.secret_of(hook) if request.session.pop(SHOWN, "") == str(hook.uuid) else "",
        "samples": samples.VERIFYING,
        "problem": problem,
        **_form(*said),
    }
    return render(request, "recognizer/developers/webhook.html", context, status=400 if problem else 200)


def _own(request: PersonRequest, uuid: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.select_related("recognizer", "person"), uuid=uuid, person=request.user)


@require_POST
@login_required
def pause(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Let it rest, or go on."""
    hook = _own(request, uuid)
    (manage.resume_webhook if hook.paused else manage.pause_webhook)(hook=hook)
    return _to(request, hook)


@require_POST
@login_required
def renew(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Another secret."""
    hook = _own(request, uuid)
    manage.renew_secret(hook=hook)
    return _to(request, hook, shown=True)


@require_POST
@login_required
def test(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Send something harmless."""
    hook = _own(request, uuid)
    try:
        manage.send_test(hook=hook)
        messages.success(request, _("A test is on its way. Reload the page to see how it went."))
    except manage.RefusedWebhookError as error:
        messages.warning(request, str(error))
    return _to(request, hook)


@require_POST
@login_required
def replay(request: PersonRequest, uuid: UUID, pk: int) -> HttpResponse:
    """Send a delivery once more."""
    hook = _own(request, uuid)
    delivery = get_object_or_404(Delivery.objects.select_related("webhook"), pk=pk, webhook=hook)
    try:
        manage.replay_delivery(delivery=delivery)
        messages.success(request, _("It is on its way once more, under the same id."))
    except manage.RefusedWebhookError as error:
        messages.warning(request, str(error))
    return _to(request, hook)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def delete(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Delete it with its log, after one more look."""
    hook = _own(request, uuid)
    if request.method != "POST":
        return render(request, "recognizer/developers/webhook_delete.html", {"hook": hook})
    manage.delete_webhook(hook=hook)
    messages.success(request, _("The webhook is deleted, with its log."))
    return redirect("webhooks")
