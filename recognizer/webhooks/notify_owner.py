"""Telling a person by mail what became of a webhook of theirs while they were not looking."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from recognizer.models import Webhook

logger = logging.getLogger(__name__)


def mail_about_pause(hook: Webhook, reason: str) -> None:
    """That it was paused, and why. A mail that cannot be sent is noted; the page tells it, too."""
    text = render_to_string("recognizer/email/webhook_paused.txt", {"hook": hook, "reason": reason})
    try:
        send_mail(_("Your webhook is paused"), text, None, [hook.person.email])
    except (OSError, SMTPException) as error:
        logger.warning("webhook %s: its person could not be told by mail: %s", hook.uuid, error)
