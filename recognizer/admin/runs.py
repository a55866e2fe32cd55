"""Training runs. They are watched and cancelled on pages of their own."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from recognizer.admin.read_only import ReadOnlyAdmin
from recognizer.models import TrainingRun
from recognizer.models.model_version import heavy_fields

_VERSIONS = ("version", "base", "champion")


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """Training runs and how they ended. They cannot be deleted, because they document how a version was trained."""

    list_display = ["id", "recognizer", "result", "mode", "trigger", "number", "by", "created", "finished"]
    list_filter = ["recognizer", "state", "mode"]
    exclude = ["lease", "progress"]
    related = ("recognizer", "by", *_VERSIONS)
    deferred = tuple(heavy_fields(*_VERSIONS))
    can_delete = False

    def view_on_site(self, run: TrainingRun) -> str:
        """The page that shows it live."""
        return reverse("run", args=[run.pk])

    @admin.display(ordering="state", description=_("state"))
    def result(self, run: TrainingRun) -> str:
        """How far it is, or how it ended."""
        return run.get_result_display()

    @admin.display(ordering="version__number", description=_("version"))
    def number(self, run: TrainingRun) -> int | None:
        """The number of the version that it made."""
        return run.version.number if run.version else None
