"""The app of people."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Accounts: who you are. Knows nothing of drawings."""

    name = "accounts"
    verbose_name = _("Accounts")
