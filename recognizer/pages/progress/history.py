"""The history of a recognizer: its versions, their training data and test results, and when they were live."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.formats import localize
from django.utils.translation import gettext as _

from recognizer.models import ModelVersion, Promotion, Recognizer, TrainingRun
from recognizer.pages import svg_plot
from recognizer.templatetags.percent import percentage
from recognizer.training import monitoring, snapshots

PAGE_SIZE = 24  # versions on a page and in the plot
MAX_COUNTED = 1_000  # approved drawings; beyond it the page says "more than"
MAX_PROMOTIONS = 120  # the newest promotions of the versions of a page
MAX_REFUSED = 24  # refused runs between the versions of a page


class ExamResult(NamedTuple):
    """Accuracy (0 to 1) of the previous version and of this one on the same drawings."""

    before: float | None
    after: float
    drawings: int


@dataclass(frozen=True)
class HistoryEntry:
    """A version, or a training run that was refused."""

    run: TrainingRun | None
    version: ModelVersion | None = None
    promotions: list[Promotion] = field(default_factory=list)
    active: bool = False
    metrics: dict[str, Any] = field(default_factory=dict)

    @property
    def when(self) -> Any:
        """When the version was made or the run ended."""
        return self.version.created if self.version else self.run and self.run.finished

    @property
    def number(self) -> int:
        """The version number; 0 for a refused run."""
        return self.version.number if self.version else 0

    @property
    def trained_on(self) -> dict[str, int] | None:
        """Number of drawings and of people in the training data; None for an installed model."""
        snapshot = self.run.snapshot if self.run else {}
        if "study" not in snapshot:
            return None
        return {"drawings": snapshot["study"], "people": snapshot.get("study_authors", 0)}

    @property
    def verdict(self) -> dict[str, Any]:
        """The verdict of the gate: outcome, sentences, figures. Empty for an installed model."""
        return self.run.verdict if self.run else {}

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """The sentences of the verdict as (rule, result)."""
        return split_sentences(self.verdict)

    @property
    def refusal(self) -> str:
        """Why the gate refused the run; empty for a version."""
        return self.run.reason if self.run and not self.version else ""

    @property
    def base_test(self) -> ExamResult | None:
        """Result of the base test, as the gate judged it; from the bundle for an installed model."""
        first = next((found for found in self.metrics.values() if "accuracy" in found), None)
        shipped = ExamResult(None, first["accuracy"], first["count"]) if first and not self.run else None
        return self._exam("base") or shipped

    @property
    def field_test(self) -> ExamResult | None:
        """Result on drawings from this site that neither version was trained on."""
        return self._exam("field")

    @property
    def shipped(self) -> list[tuple[str, float, bool]]:
        """Results from the bundle: test, share, and whether it is the share of negatives answered "not sure"."""
        return [
            (name, found.get("accuracy", found.get("junk_unsure", 0.0)), "accuracy" not in found)
            for name, found in self.metrics.items()
            if "accuracy" in found or "junk_unsure" in found
        ]

    def _exam(self, name: str) -> ExamResult | None:
        found = self.verdict.get("figures", {}).get(name)
        if not found or not found["count"]:
            return None
        judged = found.get("mean", found)  # the mean over labels; verdicts of earlier releases have none
        return ExamResult(judged["before"], judged["after"], found["count"])


def split_sentences(verdict: dict[str, Any]) -> list[tuple[str, str]]:
    """The sentences of a verdict, each split at the first colon into (rule, result)."""
    halves = [sentence.partition(": ") for sentence in verdict.get("sentences", [])]
    return [(about, said) if said else ("", about) for about, _colon, said in halves]


def versions_with_metrics(recognizer: Recognizer) -> QuerySet[ModelVersion]:
    """Versions without weights, newest first, with the `metrics` of their bundles and whether they ever `answered`."""
    answered = Exists(Promotion.objects.filter(model_version=OuterRef("pk")))
    found = recognizer.versions.light().annotate(metrics=F("manifest__metrics"), answered=answered)
    return found.order_by("-number")


def history_entries(page: list[Any], *, active: Promotion | None, newest: bool) -> list[HistoryEntry]:
    """These versions and the runs that were refused in between, newest first. Three queries.

    `newest`: the page contains the newest version.
    """
    if not page:
        return []
    all_runs = TrainingRun.objects.defer("log", "progress")
    runs = {run.version_id: run for run in all_runs.filter(version__in=page)}
    promoted: dict[int, list[Promotion]] = {version.pk: [] for version in page}
    made = Promotion.objects.filter(model_version__in=page).annotate(instead_of=F("replaces__model_version__number"))
    for promotion in reversed(made.order_by("-pk")[:MAX_PROMOTIONS]):
        promoted[promotion.model_version_id].append(promotion)
    serving = active.model_version_id if active else None
    versions = [
        HistoryEntry(runs.get(each.pk), each, promoted[each.pk], each.pk == serving, each.metrics or {})
        for each in page
    ]
    refused = all_runs.filter(recognizer=page[0].recognizer_id, state=TrainingRun.State.REFUSED, version=None)
    refused = refused.filter(created__gte=page[-1].created).exclude(verdict={})
    if not newest:
        refused = refused.filter(created__lt=page[0].created)
    entries = [*versions, *(HistoryEntry(run) for run in refused[:MAX_REFUSED])]
    return sorted(entries, key=lambda entry: entry.when, reverse=True)


@dataclass(frozen=True)
class PlotDot:
    """One version in one series."""

    x: str
    y: float
    number: int
    share: float
    count: int


@dataclass(frozen=True)
class PlotSeries:
    """The dots of one test."""

    kind: str
    name: str
    dots: list[PlotDot]

    @property
    def lines(self) -> list[tuple[PlotDot, PlotDot]]:
        """Lines from each dot to the next."""
        return list(zip(self.dots, self.dots[1:], strict=False))


@dataclass(frozen=True)
class ProgressPlot:
    """Accuracy by version, oldest on the left. x in per cent of the width, y in pixels."""

    ticks: list[tuple[float, str]]  # y and its text
    names: list[tuple[str, HistoryEntry]]  # x, and the version whose number is shown
    series: list[PlotSeries]
    moves: list[tuple[PlotDot, PlotDot]]  # the field test of the previous version and of this one
    height: int = svg_plot.HEIGHT


def progress_plot(history: list[HistoryEntry]) -> ProgressPlot | None:
    """The plot of these entries; None if there are fewer than two versions."""
    shown = sorted((entry for entry in history if entry.version), key=lambda entry: entry.number)
    if len(shown) < 2:
        return None
    exams = [exam for entry in shown for exam in (entry.base_test, entry.field_test) if exam]
    before = [exam.before for exam in exams if exam.before is not None]
    scale = svg_plot.Scale.of([exam.after for exam in exams] + before)
    across = [svg_plot.position_of_index(number, len(shown)) for number in range(len(shown))]

    def dot(index: int, exam: ExamResult, share: float) -> PlotDot:
        return PlotDot(across[index], scale.down(share), shown[index].number, share, exam.drawings)

    base = [dot(index, exam, exam.after) for index, entry in enumerate(shown) if (exam := entry.base_test)]
    moves = [
        (dot(index, exam, exam.before), dot(index, exam, exam.after))
        for index, entry in enumerate(shown)
        if (exam := entry.field_test) and exam.before is not None
    ]
    return ProgressPlot(
        ticks=[(scale.down(share), percentage(share, 0 if scale.step >= 0.01 else 1)) for share in scale.ticks],
        names=[(across[index], shown[index]) for index in svg_plot.labelled_indexes(len(shown))],
        series=[
            PlotSeries("base", _("Base test"), base),
            PlotSeries("field", _("Field test"), [move[1] for move in moves]),
        ],
        moves=moves,
    )


def live_accuracies(recognizer: Recognizer, page: list[Any]) -> list[tuple[int, monitoring.LiveAccuracy]]:
    """Live accuracy of these versions, by number, where people confirmed or corrected answers. One query."""
    rates = monitoring.live_accuracy(recognizer)
    return [(version.number, rates[version.number]) for version in page if version.number in rates]


def count_approved(recognizer: Recognizer) -> int:
    """Number of drawings approved since the last training run that did not fail, at most MAX_COUNTED + 1."""
    finished = recognizer.training_runs.exclude(state=TrainingRun.State.FAILED)
    last = finished.values_list("snapshot__last_review", flat=True).first()
    new = snapshots.approved_reviews(recognizer).filter(pk__gt=last or 0).order_by("pk")
    return new[: MAX_COUNTED + 1].count()


def count_text(count: int) -> str:
    """The result of `count_approved` as text."""
    if count > MAX_COUNTED:
        return _("More than %(number)s") % {"number": localize(MAX_COUNTED)}
    return localize(count)
