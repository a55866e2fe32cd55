"""Account pages that allauth does not have: overview, consent, deletion."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import deletion, people
from accounts.requests import PersonRequest


@never_cache
@require_safe
@login_required
def account(request: PersonRequest) -> HttpResponse:
    """Overview of the signed-in person's account."""
    factors = list(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    addresses = list(EmailAddress.objects.filter(user=request.user))
    context = {
        "confirmed": any(a.verified for a in addresses if a.email == request.user.email.lower()),
        "pending": next((a for a in addresses if a.email != request.user.email.lower()), None),
        "totp": Authenticator.Type.TOTP in factors,
        "passkeys": factors.count(Authenticator.Type.WEBAUTHN),
        "recovery_codes": Authenticator.Type.RECOVERY_CODES in factors,
    }
    return render(request, "accounts/account.html", context)


@never_cache
@login_required
def consent(request: PersonRequest) -> HttpResponse:
    """Show what happens to drawings, and save the consent."""
    target = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    if not safe or not target.startswith("/"):  # redirect() would take a word without a slash for a URL name
        target = ""
    if request.method == "POST":
        people.give_consent(person=request.user)
        messages.success(request, _("Thank you. From now on your drawings are saved and help to train the models."))
        return redirect(target or "account")
    return render(request, "accounts/consent.html", {"next": target})


@require_POST
@login_required
def withdraw_consent(request: PersonRequest) -> HttpResponse:
    """Withdraw the consent."""
    people.withdraw_consent(person=request.user)
    messages.success(request, _("You have withdrawn your consent. From now on your drawings are not saved."))
    return redirect("account")


@never_cache
@login_required
@reauthentication_required
def delete(request: PersonRequest) -> HttpResponse:
    """Delete the account, after a confirmation and the password."""
    if request.method != "POST":
        return render(request, "accounts/delete.html")
    try:
        deletion.delete_person(person=request.user)
    except deletion.LastSuperuserError as error:
        return render(request, "accounts/delete.html", {"error": error}, status=409)
    logout(request)
    messages.success(request, _("Your account and all your drawings are deleted."))
    return redirect("/")
