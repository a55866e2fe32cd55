"""The app of drawings and what is learned from them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecognizerConfig(AppConfig):
    """Recognizers: what people do here."""

    name = "recognizer"
    verbose_name = _("Recognizers")

    def ready(self) -> None:
        """Register the start-up checks."""
        from recognizer import checks  # noqa: F401
