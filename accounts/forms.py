"""allauth's forms in this site's words, and sign-up with consent."""

from __future__ import annotations

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
PASSWORD_HELP = _("At least 10 characters. Not a common password, not only digits, not much like your address.")


class SignUpForm(account.SignupForm):
    """An address, a password, and consent."""

    consent = forms.BooleanField(
        label=_("I agree that my drawings are kept and used like this."),
        error_messages={
            "required": _("An account needs your consent. Without one you can still draw and get answers.")
        },
    )
    field_order = ["email", "password1", "password2", "consent"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = EMAIL
        self.fields["password1"].help_text = PASSWORD_HELP

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Save, unless the same address signed up at this very moment, as by a second click."""
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth once the person exists."""
        people.give_consent(person=user)


class SignInForm(account.LoginForm):
    """An address and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = EMAIL
        self.fields["remember"].label = _("Stay signed in on this device")


class ChangeEmailForm(account.AddEmailForm):
    """A new address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail address")


class ResetPasswordForm(account.ResetPasswordForm):
    """The address a link goes to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = EMAIL


class ResetPasswordKeyForm(account.ResetPasswordKeyForm):
    """A new password by a link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = PASSWORD_HELP
        self.fields["password2"].label = _("New password (again)")


class ChangePasswordForm(account.ChangePasswordForm):
    """A new password for the old one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = PASSWORD_HELP
        self.fields["password2"].label = _("New password (again)")


class SetPasswordForm(account.SetPasswordForm):
    """A first password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP


class AddPasskeyForm(webauthn.AddWebAuthnForm):
    """A name for a passkey; the browser fills in the rest."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].label = _("Sign in with it alone, without a password")
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].help_text = _(
            "It then asks for your fingerprint, face or PIN. Untick it for a plain security key, which is used "
            "after the password."
        )
