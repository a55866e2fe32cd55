"""allauth's forms with this site's labels, and sign-up with consent."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from allauth.account import forms as account
from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts import people, reset, sessions
from accounts.models import User, lock_person

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


class KeepField(forms.MultipleChoiceField):
    """What of somebody's to keep."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.CheckboxSelectMultiple, **options)


class SignUpForm(_Texts, account.SignupForm):
    """E-mail address, password and consent."""

    account_already_exists: bool  # set by allauth

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
        """Save. If the same address signed up at the same moment (a double click), answer as for a known address.

        For a known address a password is hashed too, so that the time of the answer does not tell that it is known.
        """
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
            return super().try_save(request)
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)

    def signup(self, request: HttpRequest, user: User) -> None:
        """Save the consent. allauth calls this after it created the user.

        The password was chosen just now, so for five minutes nothing asks for it again.
        """
        people.give_consent(person=user)
        record_authentication(request, user, method="password", reauthenticated=True)


class SignInForm(_Texts, account.LoginForm):
    """E-mail address and password."""

    labels = {"login": EMAIL, "remember": _("Stay signed in on this device")}


class ChangeEmailForm(_Texts, account.AddEmailForm):
    """A new e-mail address."""

    labels = {"email": _("New e-mail address")}


class ResetPasswordForm(_Texts, account.ResetPasswordForm):
    """The address to which the reset link is sent."""

    users: list[User]  # set by allauth

    labels = {"email": EMAIL}

    def clean_email(self) -> str:
        """Not for an address to which somebody wants to change: it is nobody's before it is confirmed."""
        email = super().clean_email()
        self.users = [user for user in self.users if user.email.lower() == email]
        return email


class ResetPasswordKeyForm(_Texts, account.ResetPasswordKeyForm):
    """A new password, with the link from the mail, and what may go on acting for the person (`accounts.reset`)."""

    keep_keys = KeepField(label=_("API keys"))
    keep_passkeys = KeepField(
        label=_("Passkeys"), help_text=_("The others need the password as well. To remove one, sign in first.")
    )
    labels = {"password1": NEW_PASSWORD, "password2": REPEAT_PASSWORD}
    help_texts = {"password1": PASSWORD_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.user is None:  # the link is not valid, and the page shows no form
            return
        self.sign_ins = sessions.sign_ins(self.user)
        self.may_keep = reset.owns_address(self.user)
        keys, passkeys = reset.live_keys(self.user), reset.passkeys(self.user)
        self.offer("keep_keys", [(key.pk, f"{key.name} ({key.shown})", key.created) for key in keys])
        self.offer("keep_passkeys", [(each.pk, each.data.get("name", ""), each.created_at) for each in passkeys])

    def offer(self, name: str, rows: Iterable[tuple[int, str, datetime]]) -> None:
        """Let the person keep these rows: id, name and time of creation. Without any, there is no field."""
        choices = [(pk, _("%(name)s, made on %(day)s") % {"name": row, "day": _day(made)}) for pk, row, made in rows]
        if choices and self.may_keep:
            self.fields[name].choices = choices
        else:
            del self.fields[name]

    def kept(self, name: str) -> set[int]:
        """The ids of the rows that the person keeps."""
        return {int(pk) for pk in self.cleaned_data.get(name) or ()}

    @property
    def kept_fields(self) -> list[forms.BoundField]:
        """The fields of what may be kept."""
        return [self[name] for name in self.fields if name.startswith("keep_")]

    def save(self) -> None:
        """Set the password and end the rest."""
        with transaction.atomic():
            lock_person(self.user.pk)
            super().save()
            self.end_access()

    def end_access(self) -> None:
        """End everything that is not kept."""
        reset.end_access(
            person=self.user,
            kept_keys=self.kept("keep_keys"),
            kept_passkeys=self.kept("keep_passkeys"),
            session=context.request.session.session_key,
        )


def _day(when: datetime) -> str:
    return date_format(localtime(when), "DATE_FORMAT")


class ChangePasswordForm(_Texts, account.ChangePasswordForm):
    """The current password and a new one."""

    labels = {"oldpassword": _("Current password"), "password1": NEW_PASSWORD, "password2": REPEAT_PASSWORD}
    help_texts = {"password1": PASSWORD_HELP}


class SetPasswordForm(_Texts, account.SetPasswordForm):
    """The first password of an account that has none."""

    help_texts = {"password1": PASSWORD_HELP}


def _checked(clean: Callable[[], Any]) -> Any:
    """What `clean` returns. allauth and fido2 raise many errors for what no passkey sends: each is a wrong code."""
    try:
        return clean()
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise get_adapter().validation_error("incorrect_code") from error


class PasskeyStepForm(webauthn.AuthenticateWebAuthnForm):
    """The passkey of the person who signs in."""

    def clean_credential(self) -> Authenticator:
        """Raises ValidationError for whatever is not the response of a passkey."""
        return _checked(super().clean_credential)


class PasskeyAgainForm(PasskeyStepForm, webauthn.ReauthenticateWebAuthnForm):
    """The passkey of the person who is signed in."""


class PasskeySignInForm(PasskeyStepForm, webauthn.LoginWebAuthnForm):
    """Sign in with a passkey alone."""

    def clean_credential(self) -> Authenticator:
        """Not with a passkey that was there before a password reset, unless its owner kept it."""
        passkey = super().clean_credential()
        if passkey.data.get(reset.NEEDS_PASSWORD):
            text = _("The password was reset. With this passkey, sign in with the password first.")
            raise forms.ValidationError(text, code="needs_password")
        return passkey


class AddPasskeyForm(_Texts, webauthn.AddWebAuthnForm):
    """A name for a passkey; the browser fills in the rest."""

    labels = {"name": _("Name"), "passwordless": _("Sign in with this passkey alone, without a password")}
    help_texts = {
        "passwordless": _(
            "Your device asks for your fingerprint, face or PIN. Clear this box for a simple security key that you "
            "use after your password."
        )
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True

    def clean_credential(self) -> dict[str, Any]:
        """An object. allauth would store a 0, and could not read the person's passkeys any more."""
        credential = self.cleaned_data["credential"]
        if not isinstance(credential, dict):
            raise get_adapter().validation_error("incorrect_code")
        return credential

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError for whatever is not the response of a passkey."""
        cleaned: dict[str, Any] = _checked(super().clean)
        return cleaned


class _AnyDigits:
    """Takes a code in the digits of any script: a Bangla keyboard types ১২৩৪৫৬ for 123456."""

    cleaned_data: dict[str, Any]

    def clean_code(self) -> Any:
        """Check the code in Latin digits."""
        self.cleaned_data["code"] = "".join(str(unicodedata.decimal(each, each)) for each in self.cleaned_data["code"])
        return super().clean_code()  # type: ignore[misc]


class _CodeOnce(_AnyDigits):
    """Takes a code once. allauth forgets a used one after 30 seconds, and accepts it for 90 (MFA_TOTP_TOLERANCE)."""

    user: User

    def clean_code(self) -> Any:
        """Raises ValidationError, as for a wrong code."""
        code = super().clean_code()
        lifetime = mfa_settings.TOTP_PERIOD * (2 * mfa_settings.TOTP_TOLERANCE + 1)
        if not cache.add(f"allauth.used:{self.user.pk}:{code}", 1, timeout=lifetime):
            raise mfa.get_adapter().validation_error("incorrect_code")
        return code


class SecondStepForm(_CodeOnce, mfa.AuthenticateForm):
    """A code at sign-in."""


class SecondStepAgainForm(_CodeOnce, mfa.ReauthenticateForm):
    """A code before a change that could take over the account."""


class ActivateAppForm(_AnyDigits, totp.ActivateTOTPForm):
    """The first code of an authenticator app."""
