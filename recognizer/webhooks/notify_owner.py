"""Mails to owners of webhooks."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from recognizer.models import Webhook

logger = logging.getLogger(__name__)


def mail_about_pause(hook: Webhook, reason: str) -> None:
    """Tell the owner that the webhook was paused, and why. If the mail cannot be sent, that is only logged."""
    text = render_to_string("recognizer/email/webhook_paused.txt", {"hook": hook, "reason": reason})
    try:
        send_mail(_("Your webhook is paused"), text, None, [hook.person.email])
    except (OSError, SMTPException) as error:
        logger.warning("webhook %s: the mail to its owner could not be sent: %s", hook.uuid, error)
