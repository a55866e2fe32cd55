"""A person's webhooks: create and change them, see their deliveries, send a delivery again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from allauth.core import ratelimit
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
from recognizer.models import Delivery, Event, Recognizer, Webhook, permissions
from recognizer.pages.developers import samples
from recognizer.registry import promotions
from recognizer.webhooks import manage, signing

PAGE_SIZE = 20
SHOWN = "shown_secret"  # in the session: the UUID of the webhook whose secret the next page shows


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def webhooks(request: PersonRequest) -> HttpResponse:
    """The person's webhooks and the form for a new one. A POST creates it."""
    given, problem = request.POST, ""
    if request.method == "POST":
        if not ratelimit.consume(request, action="webhook", user=request.user):
            return _too_many(request)
        try:
            return _to_webhook(request, manage.create_webhook(person=request.user, **_read(given)), shown=True)
        except manage.RefusedWebhookError as error:
            problem = str(error)
    waiting = Count("deliveries", filter=Q(deliveries__state=Delivery.State.WAITING))
    context = {
        "hooks": request.user.webhooks.select_related("recognizer").annotate(waiting=waiting),
        "problem": problem,
        **_form(request, given.get("url", ""), given.getlist("events"), given.get("recognizer", "")),
    }
    return render(request, "recognizer/developers/webhooks.html", context, status=400 if problem else 200)


def _too_many(request: PersonRequest) -> HttpResponse:
    """Saving a webhook looks up the name in its address, so it is limited."""
    response = render(request, "429.html", status=429)
    response["Retry-After"] = "3600"
    return response


def _read(given: QueryDict) -> dict[str, Any]:
    slug = given.get("recognizer", "")
    recognizer = get_object_or_404(Recognizer, slug=slug) if slug else None
    return {"url": given.get("url", ""), "events": given.getlist("events"), "recognizer": recognizer}


def _form(request: PersonRequest, url: str, chosen: list[str], recognizer: str) -> dict[str, Any]:
    """The context of the form. Only reviewers export, so others see the event of exports only if it is chosen."""
    hides_exports = not permissions.may_review(request.user) and Event.EXPORTED not in chosen
    offered = [each for each in Event.choices if not (hides_exports and each[0] == Event.EXPORTED)]
    events = [(value, name, value in chosen) for value, name in offered]
    return {"url": url, "events": events, "chosen": recognizer, "recognizers": list(promotions.live_recognizers())}


def _to_webhook(request: PersonRequest, hook: Webhook, *, shown: bool = False) -> HttpResponse:
    if shown:
        request.session[SHOWN] = str(hook.uuid)
    return redirect("webhook", hook.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def webhook(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """One webhook and its deliveries. A POST changes it. A new secret is shown once."""
    hook, problem = _own(request, uuid), ""
    values = (hook.url, hook.events, hook.recognizer.slug if hook.recognizer else "")
    if request.method == "POST":
        values = (request.POST.get("url", ""), request.POST.getlist("events"), request.POST.get("recognizer", ""))
        if not ratelimit.consume(request, action="webhook", user=request.user):
            return _too_many(request)
        try:
            manage.update_webhook(hook=hook, **_read(request.POST))
            messages.success(request, _("Saved."))
            return _to_webhook(request, hook)
        except manage.RefusedWebhookError as error:
            problem = str(error)
    context = {
        "hook": hook,
        "page": Paginator(hook.deliveries.select_related("replays"), PAGE_SIZE).get_page(request.GET.get("page")),
        "secret": signing.secret_of(hook) if request.session.pop(SHOWN, "") == str(hook.uuid) else "",
        "samples": samples.VERIFYING,
        "problem": problem,
        **_form(request, *values),
    }
    return render(request, "recognizer/developers/webhook.html", context, status=400 if problem else 200)


def _own(request: PersonRequest, uuid: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.select_related("recognizer", "person"), uuid=uuid, person=request.user)


@require_POST
@login_required
def pause_webhook(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Pause a webhook, or resume a paused one."""
    hook = _own(request, uuid)
    (manage.resume_webhook if hook.paused else manage.pause_webhook)(hook=hook)
    return _to_webhook(request, hook)


@require_POST
@login_required
def renew_secret(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Create a new secret."""
    hook = _own(request, uuid)
    manage.renew_secret(hook=hook)
    return _to_webhook(request, hook, shown=True)


@require_POST
@login_required
def send_test(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Send a test event."""
    hook = _own(request, uuid)
    text = _("The test is being sent. Reload the page to see the result.")
    return _send(request, hook, partial(manage.send_test, hook=hook), text)


@require_POST
@login_required
def replay_delivery(request: PersonRequest, uuid: UUID, pk: int) -> HttpResponse:
    """Send a delivery again."""
    hook = _own(request, uuid)
    delivery = get_object_or_404(Delivery.objects.select_related("webhook"), pk=pk, webhook=hook)
    text = _("The delivery is being sent again, with the same id.")
    return _send(request, hook, partial(manage.replay_delivery, delivery=delivery), text)


def _send(request: PersonRequest, hook: Webhook, send: Callable[[], Any], text: str) -> HttpResponse:
    try:
        send()
        messages.success(request, text, extra_tags="sent")
    except manage.RefusedWebhookError as error:
        messages.warning(request, str(error), extra_tags="refused")
    return _to_webhook(request, hook)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def delete_webhook(request: PersonRequest, uuid: UUID) -> HttpResponse:
    """Ask for confirmation; a POST deletes the webhook and its deliveries."""
    hook = _own(request, uuid)
    if request.method != "POST":
        return render(request, "recognizer/developers/webhook_delete.html", {"hook": hook})
    manage.delete_webhook(hook=hook)
    messages.success(request, _("The webhook and its deliveries are deleted."))
    return redirect("webhooks")
