"""How allauth is bent to this site."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """The site's own choices where allauth asks for some."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "duplicate_email": _("This is your address already."),
        "email_password_mismatch": _("Address and password do not belong together. Check both and try again."),
        "email_taken": _("There is an account with this address already. Sign in, or reset its password."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_code": _("This code is not right. Codes change every half minute: try the newest one."),
        "incorrect_password": _("This is not your password."),
        "too_many_login_attempts": _("Too many attempts with a wrong password. Try again in a few minutes."),
    }

    def is_safe_url(self, url: str | None) -> bool:
        """Whether one may be sent on to this address; one that cannot even be read is not safe."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # http://[
            return False

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """The ways to show that it is oneself, in the words of our pages."""
        words = {"mfa_reauthenticate": _("Use a code"), "mfa_reauthenticate:webauthn": _("Use a passkey")}
        methods = super().get_reauthentication_methods(user)
        return [method | {"description": words.get(method["id"], method["description"])} for method in methods]

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to where the change began."""
        return reverse("account")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """To the page that shows the address, or to the sign-in."""
        return reverse("account" if self.request.user.is_authenticated else "account_login")

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Refuse an address that another account signed up with but never confirmed.

        allauth looks at confirmed addresses only, and would run into the unique address of our users.
        """
        others = User.objects.exclude(pk=email_address.user_id).filter(email__iexact=email_address.email)
        if others.exists():
            template = "account/messages/email_confirmation_failed.txt"
            self.add_message(request, messages.ERROR, template, {"email": email_address.email})
            return False
        return bool(super().confirm_email(request, email_address))


class SecondFactorAdapter(DefaultMFAAdapter):
    """The names of this site and of its passkeys."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """What the browser shows when it asks for a passkey."""
        return super().get_public_key_credential_rp_entity() | {"name": "Inkling"}

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name
        """The name proposed for the next passkey."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey %(number)d") % {"number": count + 1}
