"""Mails to owners of webhooks."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from recognizer.models import Webhook

logger = logging.getLogger(__name__)

SIGNATURE = "-- \nInkling\n"


def mail_about_pause(hook: Webhook, reason: str) -> None:
    """Tell the owner that the webhook was paused, and why. If the mail cannot be sent, that is only logged.

    The worker does not know which language they read, so the mail is in all of them.
    """
    subjects, texts = [], []
    for code, _name in settings.LANGUAGES:
        with override(code):
            subjects.append(_("Your webhook is paused"))
            texts.append(render_to_string("recognizer/email/webhook_paused.txt", {"hook": hook, "reason": reason}))
    try:
        send_mail(" · ".join(subjects), "\n".join([*texts, SIGNATURE]), None, [hook.person.email])
    except (OSError, SMTPException) as error:
        logger.warning("webhook %s: the mail to its owner could not be sent: %s", hook.uuid, error)
