"""Changes to allauth's default behaviour and messages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from smtplib import SMTPException
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import deletion
from accounts.models import User

logger = logging.getLogger(__name__)

MAIL_WAIT = 1.0  # seconds in which a request may wait until others have sent their mail
_sending = BoundedSemaphore(max(1, settings.WEB_THREADS // 2))  # or a hanging mail server would stop the site
MAIL_SENT = "account/messages/email_confirmation_sent.txt"


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up, sign-in, e-mail addresses and passwords."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "duplicate_email": _("This is already your e-mail address."),
        "email_password_mismatch": _("Wrong e-mail or password."),
        "email_taken": _("There is already an account with this e-mail address. Sign in, or reset the password."),
        "enter_current_password": _("Wrong current password."),
        "incorrect_code": _("Wrong code. Codes change every 30 seconds: enter the newest one."),
        "incorrect_password": _("Wrong password."),
        "too_many_login_attempts": _("Too many failed attempts. Try again in a few minutes."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail. Its links begin with SITE_URL, not with the host that the request names.

        A mail that cannot be sent is logged and reported to the visitor, for known and unknown addresses alike.
        """
        site = settings.SITE_URL or self.request.build_absolute_uri("/").rstrip("/")
        links = {
            name: urlsplit(url)._replace(scheme="", netloc="").geturl()
            for name, url in context.items()
            if name.endswith("_url")
        }
        links = {name: f"{site}{path}" for name, path in links.items()}
        try:
            with _one_of_few():
                super().send_mail(template_prefix, email, context | links | {"site_url": site})
        except (SMTPException, OSError) as error:
            logger.error("a mail was not sent by %s, port %s: %r", settings.EMAIL_HOST, settings.EMAIL_PORT, error)
            text = gettext(
                "The e-mail was not sent: the mail server of this site does not answer. Try again in a few minutes."
            )
            messages.error(self.request, text, extra_tags="mail-not-sent")
            self.request.mail_not_sent = True

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **more: Any
    ) -> None:
        """Add a message, but not that a mail was sent if it was not."""
        if message_template != MAIL_SENT or not hasattr(request, "mail_not_sent"):
            super().add_message(request, level, message_template, *args, **more)

    def is_safe_url(self, url: str | None) -> bool:
        """Whether a redirect to this URL is safe. A malformed URL is not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # http://[
            return False

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """The ways to confirm one's identity, with our descriptions."""
        words = {"mfa_reauthenticate": _("Use a code"), "mfa_reauthenticate:webauthn": _("Use a passkey")}
        methods = super().get_reauthentication_methods(user)
        return [method | {"description": words.get(method["id"], method["description"])} for method in methods]

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return to the account page, where the change started."""
        return reverse("account")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """Go to the account page, or to sign-in."""
        return reverse("account" if self.request.user.is_authenticated else "account_login")

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Refuse an address that another account uses but has not confirmed. An account that nobody used is deleted.

        allauth checks confirmed addresses only; without this check the unique constraint on User.email would fail.
        """
        others = User.objects.exclude(pk=email_address.user_id).filter(email__iexact=email_address.email)
        for other in others.all():
            if deletion.is_never_used(other):
                deletion.delete_person(person=other)
        if others.exists():
            template = "account/messages/email_confirmation_failed.txt"
            self.add_message(request, messages.ERROR, template, {"email": email_address.email})
            return False
        return bool(super().confirm_email(request, email_address))


@contextmanager
def _one_of_few() -> Iterator[None]:
    """Let half of the threads of this process send mails, the others answer requests. Raises TimeoutError."""
    if not _sending.acquire(timeout=MAIL_WAIT):
        raise TimeoutError("other requests wait for the mail server already")
    try:
        yield
    finally:
        _sending.release()


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors: the site name and the names of passkeys."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The site name that the browser shows when it asks for a passkey."""
        return super().get_public_key_credential_rp_entity() | {"name": "Inkling"}

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name
        """The suggested name of the next passkey."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return gettext("Passkey %(number)d") % {"number": count + 1}
