"""The app of people."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Accounts: who you are. Knows nothing of drawings."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """What changes a key or a person empties the keyring."""
        from accounts import key_cache
        from accounts.models import ApiKey, User

        for model in (ApiKey, User):
            post_save.connect(key_cache.clear_cache, sender=model)
            post_delete.connect(key_cache.clear_cache, sender=model)
