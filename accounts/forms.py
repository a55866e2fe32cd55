"""allauth's forms with this site's labels, and sign-up with consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.account import forms as account
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import people
from accounts.models import User

EMAIL = _("E-mail address")
NEW_PASSWORD = _("New password")
REPEAT_PASSWORD = _("New password (again)")
PASSWORD_HELP = _("At least 10 characters. Not a common password, not only digits, not similar to your e-mail address.")


class _Texts:
    """Sets labels and help texts of fields that a form inherits from allauth."""

    labels: Mapping[str, Any] = {}
    help_texts: Mapping[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Mapping[str, forms.Field] = self.fields  # type: ignore[attr-defined]
        for name, label in self.labels.items():
            fields[name].label = label
        for name, text in self.help_texts.items():
            fields[name].help_text = text


class SignUpForm(_Texts, account.SignupForm):
    """E-mail address, password and consent."""

    consent = forms.BooleanField(
        label=_("I agree that my drawings are saved and used as described here."),
        error_messages={
            "required": _("To create an account you have to agree. You can draw and get answers without an account.")
        },
    )
    field_order = ["email", "password1", "password2", "consent"]
    labels = {"email": EMAIL}
    help_texts = {"password1": PASSWORD_HELP}

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Save. If the same address signed up at the same moment (a double click), answer as for a known address."""
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)

    def signup(self, request: HttpRequest, user: User) -> None:
        """Save the consent. allauth calls this after it created the user."""
        people.give_consent(person=user)


class SignInForm(_Texts, account.LoginForm):
    """E-mail address and password."""

    labels = {"login": EMAIL, "remember": _("Stay signed in on this device")}


class ChangeEmailForm(_Texts, account.AddEmailForm):
    """A new e-mail address."""

    labels = {"email": _("New e-mail address")}


class ResetPasswordForm(_Texts, account.ResetPasswordForm):
    """The address to which the reset link is sent."""

    labels = {"email": EMAIL}


class ResetPasswordKeyForm(_Texts, account.ResetPasswordKeyForm):
    """A new password, with the link from the mail."""

    labels = {"password1": NEW_PASSWORD, "password2": REPEAT_PASSWORD}
    help_texts = {"password1": PASSWORD_HELP}


class ChangePasswordForm(_Texts, account.ChangePasswordForm):
    """The current password and a new one."""

    labels = {"oldpassword": _("Current password"), "password1": NEW_PASSWORD, "password2": REPEAT_PASSWORD}
    help_texts = {"password1": PASSWORD_HELP}


class SetPasswordForm(_Texts, account.SetPasswordForm):
    """The first password of an account that has none."""

    help_texts = {"password1": PASSWORD_HELP}


class AddPasskeyForm(_Texts, webauthn.AddWebAuthnForm):
    """A name for a passkey; the browser fills in the rest."""

    labels = {"passwordless": _("Sign in with this passkey alone, without a password")}
    help_texts = {
        "passwordless": _(
            "Your device asks for your fingerprint, face or PIN. Clear this box for a simple security key that you "
            "use after your password."
        )
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
