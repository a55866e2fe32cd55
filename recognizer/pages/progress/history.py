"""How a recognizer got better: its versions, what each learned, how it was judged, and since when it answered."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.formats import localize
from django.utils.translation import gettext as _

from recognizer.models import ModelVersion, Promotion, Recognizer, TrainingRun
from recognizer.pages import svg_plot
from recognizer.templatetags.percent import percentage
from recognizer.training import monitoring, snapshots

PAGE_SIZE = 24  # versions on a page and in the plot
MOST_COUNTED = 1_000  # drawings that wait to teach
MOST_MOVES = 120  # promotions that a page tells of, the newest
MOST_REFUSED = 24  # runs that made nothing, between the versions of a page
REFUSED = TrainingRun.State.REFUSED


class Exam(NamedTuple):
    """Shares of right answers to the same drawings: of the version that served before, and of this one."""

    before: float | None
    after: float
    drawings: int


@dataclass(frozen=True)
class Entry:
    """One line of the history: a version, or a run that was refused."""

    run: TrainingRun | None
    version: ModelVersion | None = None
    promotions: list[Promotion] = dataclasses.field(default_factory=list)
    active: bool = False
    metrics: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def when(self) -> Any:
        """When it came about."""
        return self.version.created if self.version else self.run and self.run.finished

    @property
    def number(self) -> int:
        """Of the version; 0 for a run that made none."""
        return self.version.number if self.version else 0

    @property
    def learned(self) -> dict[str, int] | None:
        """How many drawings it learned from, and by how many people; None for a starter."""
        snapshot = self.run.snapshot if self.run else {}
        if "study" not in snapshot:
            return None
        return {"drawings": snapshot["study"], "people": snapshot.get("study_authors", 0)}

    @property
    def verdict(self) -> dict[str, Any]:
        """What the gate said: outcome, sentences, figures. Empty for a starter."""
        return self.run.verdict if self.run else {}

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """The verdict, rule by rule: what it is about, and what was found."""
        return read_sentences(self.verdict)

    @property
    def refusal(self) -> str:
        """Why the gate did not let it through; nothing for a version."""
        return self.run.reason if self.run and not self.version else ""

    @property
    def base_test(self) -> Exam | None:
        """On the test that every version takes; of a starter what its bundle says of itself."""
        return self._exam("base") or self._shipped()

    @property
    def field_test(self) -> Exam | None:
        """On drawings that people made here and that no version had studied."""
        return self._exam("field")

    @property
    def shipped(self) -> list[tuple[str, float, bool]]:
        """Of a starter: test, share, and whether it is the share of junk that was called "not sure"."""
        return [
            (name, found.get("accuracy", found.get("junk_unsure", 0.0)), "accuracy" not in found)
            for name, found in self.metrics.items()
            if "accuracy" in found or "junk_unsure" in found
        ]

    def _exam(self, name: str) -> Exam | None:
        figures = self.verdict.get("figures", {}).get(name)
        return Exam(figures["before"], figures["after"], figures["count"]) if figures and figures["count"] else None

    def _shipped(self) -> Exam | None:
        first = next((found for found in self.metrics.values() if "accuracy" in found), None)
        return Exam(None, first["accuracy"], first["count"]) if first and not self.run else None


def read_sentences(verdict: dict[str, Any]) -> list[tuple[str, str]]:
    """What each sentence of a verdict is about, and the rest of it."""
    halves = [sentence.partition(": ") for sentence in verdict.get("sentences", [])]
    return [(about, said) if said else ("", about) for about, _colon, said in halves]


def versions(recognizer: Recognizer) -> QuerySet[ModelVersion]:
    """Without their weights, the newest first; what their bundles say of themselves as `metrics`, and `answered`."""
    answered = Exists(Promotion.objects.filter(model_version=OuterRef("pk")))
    found = recognizer.versions.light().annotate(metrics=F("manifest__metrics"), answered=answered)
    return found.order_by("-number")


def entries(page: list[Any], *, active: Promotion | None, newest: bool) -> list[Entry]:
    """The history of these versions with the runs that were refused meanwhile, the newest first. Three queries.

    `newest`: no version is newer than those of the page.
    """
    if not page:
        return []
    runs = {run.version_id: run for run in _runs().filter(version__in=page)}
    promoted: dict[int, list[Promotion]] = {version.pk: [] for version in page}
    made = Promotion.objects.filter(model_version__in=page).annotate(instead_of=F("replaces__model_version__number"))
    for promotion in reversed(made.order_by("-pk")[:MOST_MOVES]):
        promoted[promotion.model_version_id].append(promotion)
    serving = active.model_version_id if active else None
    versions = [
        Entry(runs.get(each.pk), each, promoted[each.pk], each.pk == serving, each.metrics or {}) for each in page
    ]
    return sorted([*versions, *_refused(page, newest)], key=lambda entry: entry.when, reverse=True)


def _runs() -> QuerySet[TrainingRun]:
    return TrainingRun.objects.defer("log", "progress")


def _refused(page: list[ModelVersion], newest: bool) -> list[Entry]:
    """Runs that were judged and made no version, between the versions of a page."""
    found = _runs().filter(recognizer=page[0].recognizer_id, state=REFUSED, version=None, created__gte=page[-1].created)
    if not newest:
        found = found.filter(created__lt=page[0].created)
    return [Entry(run) for run in found.exclude(verdict={})[:MOST_REFUSED]]


@dataclass(frozen=True)
class Dot:
    """One version in one series of the plot."""

    x: str
    y: float
    number: int
    share: float
    count: int


@dataclass(frozen=True)
class Series:
    """The dots of one test, and the lines between them."""

    kind: str
    name: str
    dots: list[Dot]

    @property
    def lines(self) -> list[tuple[Dot, Dot]]:
        """From each dot to the next."""
        return list(zip(self.dots, self.dots[1:], strict=False))


@dataclass(frozen=True)
class Plot:
    """Accuracy over the versions of a page, the oldest on the left."""

    ticks: list[tuple[float, str]]  # pixels down, share in words
    names: list[tuple[str, Entry]]  # per cent across, whose number is written there
    series: list[Series]
    moves: list[tuple[Dot, Dot]]  # the field test of each version: the version before on the same drawings, and itself
    height: int = svg_plot.HEIGHT


def plot(history: list[Entry]) -> Plot | None:
    """The plot of these entries; None where there are no two versions to compare."""
    shown = sorted((entry for entry in history if entry.version), key=lambda entry: entry.number)
    if len(shown) < 2:
        return None
    exams = [exam for entry in shown for exam in (entry.base_test, entry.field_test) if exam]
    before = [exam.before for exam in exams if exam.before is not None]
    scale = svg_plot.Scale.of([exam.after for exam in exams] + before)
    across = [svg_plot.across(number, len(shown)) for number in range(len(shown))]

    def dot(place: int, exam: Exam, share: float) -> Dot:
        return Dot(across[place], scale.down(share), shown[place].number, share, exam.drawings)

    base = [dot(place, exam, exam.after) for place, entry in enumerate(shown) if (exam := entry.base_test)]
    moves = [
        (dot(place, exam, exam.before), dot(place, exam, exam.after))
        for place, entry in enumerate(shown)
        if (exam := entry.field_test) and exam.before is not None
    ]
    return Plot(
        ticks=[(scale.down(share), percentage(share, 0 if scale.step >= 0.01 else 1)) for share in scale.ticks],
        names=[(across[place], shown[place]) for place in svg_plot.named(len(shown))],
        series=[Series("base", _("Base test"), base), Series("field", _("Field test"), [move[1] for move in moves])],
        moves=moves,
    )


def judged(recognizer: Recognizer, page: list[Any]) -> list[tuple[int, monitoring.LiveAccuracy]]:
    """What people said to the live answers of these versions, where they said anything; by number. One query."""
    rates = monitoring.live_accuracy(recognizer)
    return [(version.number, rates[version.number]) for version in page if version.number in rates]


def waiting_to_teach(recognizer: Recognizer) -> int:
    """How many drawings were approved since the last run looked; a run that failed does not count.

    Past `MOST_COUNTED` nobody counts on: one more means many more.
    """
    looked = recognizer.training_runs.exclude(state=TrainingRun.State.FAILED)
    last = looked.values_list("snapshot__last_review", flat=True).first()
    new = snapshots.approved_reviews(recognizer).filter(pk__gt=last or 0).order_by("pk")
    return new[: MOST_COUNTED + 1].count()


def how_many(waiting: int) -> str:
    """What `waiting_to_teach` gave, in words."""
    if waiting > MOST_COUNTED:
        return _("More than %(number)s") % {"number": localize(MOST_COUNTED)}
    return localize(waiting)
