"""Configuration of the accounts app."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users, sign-in, consent, API keys and the audit log. Does not depend on recognizer."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Clear the key cache when a key or a user changes."""
        from accounts import key_cache
        from accounts.models import ApiKey, User

        for model in (ApiKey, User):
            post_save.connect(key_cache.clear_cache, sender=model)
            post_delete.connect(key_cache.clear_cache, sender=model)
