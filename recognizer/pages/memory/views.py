"""Personal memory: show it, remove some or all drawings, turn it off and on."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import acting
from accounts.models import User
from accounts.requests import PersonRequest
from recognizer import memory as personal_memory
from recognizer.models import Drawing, Recognizer
from recognizer.pages.draw import chosen_recognizer
from recognizer.pages.memory import memory_page
from recognizer.pages.query import read_uuid
from recognizer.registry import promotions
from recognizer.registry.serving import NoModelError, live_version


@require_safe
@never_cache
@login_required
def memory(request: PersonRequest) -> HttpResponse:
    """A person's memory for one recognizer."""
    recognizers = list(promotions.live_recognizers())
    recognizer = chosen_recognizer.choose_recognizer(request, recognizers)
    context: dict[str, object] = {"recognizers": recognizers, "recognizer": recognizer}
    if recognizer:
        label = request.GET.get("label", "")
        shown = memory_page.memory_page(person=request.user, recognizer=recognizer, label=label)
        context |= {"label": label, "memory": shown}
    return render(request, "recognizer/memory/memory.html", context)


@require_safe
@never_cache
def device_copy(request: HttpRequest, slug: str) -> HttpResponse:
    """The person's memory for the scripts of the draw page; 204 if they `have` it, 403 if nobody is signed in."""
    if not isinstance(request.user, User):
        return HttpResponse(status=403)
    recognizer = get_object_or_404(Recognizer, slug=slug)
    try:
        live = live_version(slug)
    except NoModelError:
        return HttpResponse(status=503)
    if request.GET.get("have") == personal_memory.copy_revision(request.user, live):
        return HttpResponse(status=204)
    copy = personal_memory.copy_for_device(person=request.user, recognizer=recognizer, live=live)
    return JsonResponse({"account": acting.account_id(request.user), **copy})


@require_POST
@login_required
def forget(request: PersonRequest, slug: str) -> HttpResponse:
    """Remove the selected drawings from the memory; they stay in My drawings."""
    recognizer = get_object_or_404(Recognizer, slug=slug)
    chosen = [uuid for text in request.POST.getlist("drawing") if (uuid := read_uuid(text))]
    own = Drawing.objects.filter(author=request.user, recognizer=recognizer, remembered__isnull=False)
    found = own.filter(uuid__in=chosen).defer("ink", "image")
    _report(request, len([personal_memory.forget_drawing(drawing=drawing) for drawing in found]))
    return _back(recognizer, request.POST.get("label", ""))


@require_POST
@login_required
def forget_all(request: PersonRequest, slug: str) -> HttpResponse:
    """Remove all drawings of one recognizer from the memory."""
    recognizer = get_object_or_404(Recognizer, slug=slug)
    count = personal_memory.remembered_drawings(request.user).filter(memory__recognizer=recognizer).count()
    personal_memory.forget_all_drawings(person=request.user, recognizer=recognizer)
    _report(request, count)
    return _back(recognizer)


def _report(request: PersonRequest, count: int) -> None:
    if count:
        text = ngettext("%d drawing was removed.", "%d drawings were removed.", count) % count
        messages.success(request, " ".join([text, _("Your drawings stay in My drawings.")]))


@require_POST
@login_required
def switch(request: PersonRequest, slug: str) -> HttpResponse:
    """Turn the memory off or on."""
    recognizer = get_object_or_404(Recognizer, slug=slug)
    enabled = request.POST.get("enabled") == "true"
    personal_memory.set_enabled(person=request.user, recognizer=recognizer, enabled=enabled)
    on, off = _("Your personal memory is on."), _("Your personal memory is off. You get the model's normal answers.")
    messages.success(request, on if enabled else off)
    return _back(recognizer)


def _back(recognizer: Recognizer, label: str = "") -> HttpResponse:
    query = urlencode({"recognizer": recognizer.slug} | ({"label": label} if label else {}))
    return redirect(f"{reverse('memory')}?{query}{f'#of-{label}' if label else ''}")
