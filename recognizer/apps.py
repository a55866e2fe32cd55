"""The Django app of drawings, recognizers, review and training."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecognizerConfig(AppConfig):
    """Registers the app and its deployment checks."""

    name = "recognizer"
    verbose_name = _("Recognizers")

    def ready(self) -> None:
        """Register the start-up checks."""
        from recognizer import checks  # noqa: F401
