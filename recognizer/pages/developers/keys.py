"""API keys of one's own: make one, see it once, look after them, revoke them."""

from __future__ import annotations

from uuid import uuid4

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import keys
from accounts.models import ApiKey
from accounts.requests import PersonRequest
from recognizer.pages.developers.key_form import KeyForm

PAGE_SIZE = 30
_SENT = "key_form_sent"  # in the session: the form of which a key was made last


@never_cache
@require_safe
@login_required
def own_keys(request: PersonRequest) -> HttpResponse:
    """One's keys, those that work first."""
    every = sorted(request.user.keys.order_by("-created"), key=lambda key: not key.is_live)
    names = dict(ApiKey.Scope.choices)
    page = Paginator(every, PAGE_SIZE).get_page(request.GET.get("page"))
    for key in page:
        key.may = [names.get(scope, scope) for scope in key.scopes]  # type: ignore[attr-defined]
    return render(request, "recognizer/developers/keys.html", {"page": page})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@sensitive_variables("secret", "sample")
def make_key(request: PersonRequest) -> HttpResponse:
    """The form; sending it makes a key and shows it this once.

    The secret stands in this one answer and is kept nowhere; who loads the page again makes no second key.
    """
    form = KeyForm(request.POST or None, person=request.user)
    problem, sent = "", request.POST.get("form", "")
    if sent and request.session.get(_SENT) == sent:
        messages.info(
            request, _("The key was made and shown once. If you did not copy it, revoke it and make another.")
        )
        return redirect("account_keys")
    if form.is_valid():
        try:
            key, secret = keys.create_key(person=request.user, **form.wanted())
            request.session[_SENT] = sent
            address = request.build_absolute_uri(reverse("api:recognizers"))
            sample = f'curl {address} \\\n  -H "Authorization: Bearer {secret}"'
            return render(
                request, "recognizer/developers/key_made.html", {"key": key, "secret": secret, "sample": sample}
            )
        except keys.TooManyKeysError as error:
            problem = str(error)
    context = {"form": form, "problem": problem, "form_id": uuid4().hex}
    return render(request, "recognizer/developers/key_new.html", context, status=400 if problem or form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke_key(request: PersonRequest, pk: int) -> HttpResponse:
    """Revoke it, after one more look."""
    key = get_object_or_404(ApiKey, pk=pk, person=request.user)
    if request.method != "POST":
        return render(request, "recognizer/developers/key_revoke.html", {"key": key})
    keys.revoke_key(key=key, by=request.user)
    messages.success(request, _("“%s” is revoked. It opens nothing any more.") % key.name)
    return redirect("account_keys")
