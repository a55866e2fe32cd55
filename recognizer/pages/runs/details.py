"""A training run as people read it: how far it is, what it learned from, what the gate said, which answers changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from recognizer.drawings import thumbnails
from recognizer.models import Drawing, SnapshotItem, TrainingRun
from recognizer.models.model_version import heavy_fields
from recognizer.templatetags.percent import exact

PAGE_SIZE = 24
MOST_FLIPS = 24  # drawings shown of each kind
LOG_TAIL = 20_000  # letters
_VERSIONS = ("version", "base", "champion")


def runs() -> QuerySet[TrainingRun]:
    """All, the newest first, with what a list or a page shows of them and without the weights of any version."""
    heavy = heavy_fields(*_VERSIONS)
    return TrainingRun.objects.select_related("recognizer", "by", *_VERSIONS).defer(*heavy)


def status(run: TrainingRun) -> dict[str, Any]:
    """What changes while one watches, as words; the script on the page puts them in place."""
    progress = run.progress or {}
    return {
        "state": run.state,
        "stateName": run.get_state_display(),
        "final": run.finished is not None,
        "cancelling": run.cancelling,
        "chosen": "digest" in run.snapshot,
        "step": _step(run),
        "epoch": _epoch(progress),
        "loss": f"{progress['loss']:.4f}" if progress.get("loss") is not None else "",
        "left": _duration(progress.get("seconds_left")),
        "share": _share(progress),
        "log": run.log[-LOG_TAIL:],
    }


def _step(run: TrainingRun) -> str:
    """Where it is, in words; a step that has none is shown as it is written."""
    if run.state == TrainingRun.State.WAITING:
        return _("Waits for the trainer")
    step = run.progress.get("step", "")
    known = {
        "": _("Begins"),
        "gathering": _("Gathers the approved drawings"),
        "training": _("Begins to learn"),
        "reading the base data": _("Reads what the base was taught with"),
        "reading the drawings": _("Reads the drawings"),
        "making drawings": _("Varies the drawings"),
        "all layers": _("Learns with all layers"),
        "last layer": _("Learns with the last layer"),
        "export": _("Is made into the file that serves"),
        "rehearsal pack": _("Packs its rehearsals"),
        "judging": _("Is examined against the version that answers"),
        "deciding": _("The verdict is written down"),
    }
    return known.get(step, step)


def _epoch(progress: dict[str, Any]) -> str:
    if not progress.get("epochs"):
        return ""
    return _("%(number)d of %(all)d") % {"number": progress.get("epoch", 0), "all": progress["epochs"]}


def took(run: TrainingRun) -> str:
    """How long a run that has ended worked; nothing for one that never began."""
    return _duration((run.finished - run.started).total_seconds()) if run.started and run.finished else ""


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    # Translators: seconds; minutes.
    return _("%d s") % whole if whole < 90 else _("%d min") % round(whole / 60)


def _share(progress: dict[str, Any]) -> float | None:
    """How much of the learning is done, 0 to 1; None while nobody knows."""
    return min(1.0, progress.get("epoch", 0) / progress["epochs"]) if progress.get("epochs") else None


@dataclass(frozen=True)
class Flip:
    """A drawing of the exam that the challenger answers otherwise than the champion."""

    item: SnapshotItem

    @property
    def drawing(self) -> Drawing:
        """What was drawn."""
        return self.item.drawing

    @cached_property
    def path(self) -> str:
        """The strokes as an SVG path; empty for a picture. Its template asks several times."""
        return thumbnails.svg_path_of(self.drawing)


@dataclass(frozen=True)
class Flips:
    """Those of one kind: how many, and the first few."""

    name: str
    kind: str
    count: int
    shown: list[Flip]


def flips(run: TrainingRun) -> list[Flips]:
    """Which drawings of the exam turned right, and which turned wrong. Four queries."""
    exam = run.items.filter(part=SnapshotItem.Part.EXAM)
    right_before, right_after = Q(before=F("label")), Q(after=F("label"))
    found = exam.select_related("drawing", "label", "before", "after").defer("drawing__image").order_by("pk")
    better = found.filter(right_after).exclude(right_before)
    worse = found.filter(right_before).exclude(right_after)
    return [_flips(_("Now right"), "right", better), _flips(_("Now wrong"), "wrong", worse)]


def _flips(name: str, kind: str, items: QuerySet[SnapshotItem]) -> Flips:
    return Flips(name, kind, items.count(), [Flip(item) for item in items[:MOST_FLIPS]])


class Row(NamedTuple):
    """One line of the table behind a verdict, as words."""

    name: str
    before: str
    after: str
    drawings: str


def figures(run: TrainingRun) -> list[Row]:
    """What the gate measured; what it could not measure is left out."""
    found = run.verdict.get("figures", {})
    shares = [
        (_("Base test, right"), "base"),
        (_("Field test, right"), "field"),
        (_("Junk, “not sure”"), "junk"),
        (_("Base test, “not sure”"), "unsure"),
        (_("Base test, off in calibration"), "ece"),
    ]
    rows = [_row(name, found[key]) for name, key in shares if found.get(key, {}).get("after") is not None]
    if speed := found.get("latency_ms"):
        rows.append(Row(_("An answer, ms"), f"{speed['before']:.2f}", f"{speed['after']:.2f}", ""))
    return rows


def _row(name: str, figure: dict[str, Any]) -> Row:
    count = figure.get("count", 10_000)
    before = exact(figure["before"], count) if figure["before"] is not None else "–"
    return Row(name, before, exact(figure["after"], count), intcomma(figure.get("count", "")))


def outcome(run: TrainingRun) -> str:
    """The verdict in a word or three."""
    words = {"passed": _("passed"), "refused": _("refused"), "not-enough-evidence": _("not enough evidence")}
    said = run.verdict.get("outcome", "")
    return words.get(said, said)
