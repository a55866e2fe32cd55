"""A person's API keys: create a key and show it once, list keys, revoke a key."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import keys
from accounts.models import ApiKey
from accounts.requests import PersonRequest
from recognizer.pages.developers import samples
from recognizer.pages.developers.key_form import KeyForm
from recognizer.pages.draw.views import api_root

PAGE_SIZE = 30
_SENT = "key_form_sent"  # in the session: the id of the last form that created a key


@never_cache
@require_safe
@login_required
def api_keys(request: PersonRequest) -> HttpResponse:
    """The person's keys, those that work first."""
    every = sorted(request.user.keys.order_by("-created"), key=lambda key: not key.is_live)
    names = dict(ApiKey.Scope.choices)
    page = Paginator(every, PAGE_SIZE).get_page(request.GET.get("page"))
    for key in page:
        key.scope_names = [names.get(scope, scope) for scope in key.scopes]  # type: ignore[attr-defined]
    return render(request, "recognizer/developers/keys.html", {"page": page})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@sensitive_variables("secret", "shown")
def create_key(request: PersonRequest) -> HttpResponse:
    """The form for a new key. A POST creates the key and shows it.

    Only this answer contains the secret; it is stored nowhere. Loading the page again creates no second key.
    """
    form = KeyForm(request.POST or None, person=request.user)
    problem, sent = "", request.POST.get("form", "")
    if sent and request.session.get(_SENT) == sent:
        text = _("The key was already created and shown. If you did not copy it, revoke it and create another one.")
        messages.info(request, text, extra_tags="already-created")
        return redirect("account_keys")
    if form.is_valid():
        try:
            key, secret = keys.create_key(person=request.user, **form.key_arguments())
            request.session[_SENT] = sent
            shown = {"key": key, "secret": secret, "samples": _samples(request, key.scopes, secret)}
            return render(request, "recognizer/developers/key_made.html", shown)
        except keys.TooManyKeysError as error:
            problem = str(error)
    context = {"form": form, "problem": problem, "form_id": uuid4().hex}
    return render(request, "recognizer/developers/key_new.html", context, status=400 if problem or form.errors else 200)


@sensitive_variables("secret", "code")
def _samples(request: PersonRequest, scopes: Sequence[str], secret: str) -> list[tuple[str, str]]:
    """Samples that run as they are with this key: those of the quick start that its scopes allow."""
    root = request.build_absolute_uri(api_root())
    if ApiKey.Scope.PREDICT not in scopes:
        return [("curl", f'curl {root}recognizers \\\n  -H "Authorization: Bearer {secret}"')]
    allowed = samples.STARTING if ApiKey.Scope.FEEDBACK in scopes else samples.STARTING[:1]
    return [(name, code.replace(samples.SITE, root).replace(samples.KEY, secret).strip()) for name, code in allowed]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke_key(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask for confirmation; a POST revokes the key."""
    key = get_object_or_404(ApiKey, pk=pk, person=request.user)
    if request.method != "POST":
        return render(request, "recognizer/developers/key_revoke.html", {"key": key})
    keys.revoke_key(key=key, by=request.user)
    messages.success(request, _("“%s” is revoked and no longer works.") % key.name, extra_tags="revoked")
    return redirect("account_keys")
