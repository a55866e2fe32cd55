"""What the pages show of a training run: its progress, its data, the verdict of the gate, and changed answers."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.insights.examples import DrawingExample
from recognizer.models import SnapshotItem, TrainingRun
from recognizer.models.model_version import heavy_fields
from recognizer.templatetags.percent import exact

PAGE_SIZE = 24
MAX_FLIPS = 24  # drawings shown of each kind
LOG_TAIL = 20_000  # characters
STEPS = {  # by the name in `TrainingRun.progress`; a name that is missing here is shown as it is
    "": gettext_lazy("Starting"),
    "gathering": gettext_lazy("Collecting the approved drawings"),
    "training": gettext_lazy("Starting the training"),
    "starting TensorFlow": gettext_lazy("Starting TensorFlow"),
    "reading the base data": gettext_lazy("Reading the training data of the base version"),
    "reading the drawings": gettext_lazy("Reading the drawings"),
    "making drawings": gettext_lazy("Making variations of the drawings"),
    "choosing the settings": gettext_lazy("Choosing the settings"),
    "all layers": gettext_lazy("Training all layers"),
    "last layer": gettext_lazy("Training the last layer"),
    "export": gettext_lazy("Converting the model"),
    "rehearsal pack": gettext_lazy("Writing the replay pack"),
    "judging": gettext_lazy("Comparing it with the live version"),
    "deciding": gettext_lazy("Writing the verdict"),
}


def training_runs() -> QuerySet[TrainingRun]:
    """The newest runs first, with what the pages show of them, and without the weights of model versions."""
    related = ("version", "base", "champion")
    return TrainingRun.objects.select_related("recognizer", "by", *related).defer(*heavy_fields(*related))


def run_status(run: TrainingRun) -> dict[str, Any]:
    """The values that change while a run goes on, as texts. The script of the page asks for them every second."""
    progress = run.progress or {}
    epoch, epochs, step = progress.get("epoch", 0), progress.get("epochs"), progress.get("step", "")
    waiting = run.state == TrainingRun.State.WAITING
    return {
        "state": run.state,
        "stateName": run.get_result_display(),
        "final": run.finished is not None,
        "cancelling": run.cancelling,
        "chosen": "digest" in run.snapshot,
        "step": _("Waiting for the trainer") if waiting else str(STEPS.get(step, step)),
        "epoch": _("%(number)d of %(all)d") % {"number": epoch, "all": epochs} if epochs else "",
        "loss": f"{progress['loss']:.4f}" if progress.get("loss") is not None else "",
        "left": _duration(progress.get("seconds_left")),
        "share": min(1.0, epoch / epochs) if epochs else None,
        "log": run.log[-LOG_TAIL:],
    }


def duration_of(run: TrainingRun) -> str:
    """How long an ended run took, in words; empty for a run that never started."""
    return _duration((run.finished - run.started).total_seconds()) if run.started and run.finished else ""


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    # Translators: seconds; minutes.
    return _("%d s") % whole if whole < 90 else _("%d min") % round(whole / 60)


class Flips(NamedTuple):
    """The drawings of the exam whose answer changed in one way: how many there are, and the first few."""

    name: str
    kind: str
    total: int
    shown: list[tuple[SnapshotItem, DrawingExample]]


def flips_of(run: TrainingRun) -> list[Flips]:
    """The drawings whose answer became correct, and those whose answer became wrong. Four queries."""
    exam = run.items.filter(part=SnapshotItem.Part.EXAM)
    right_before, right_after = Q(before=F("label")), Q(after=F("label"))
    found = exam.select_related("drawing", "label", "before", "after").defer("drawing__image").order_by("pk")
    kinds = [
        (_("Now correct"), "right", found.filter(right_after).exclude(right_before)),
        (_("Now wrong"), "wrong", found.filter(right_before).exclude(right_after)),
    ]
    return [
        Flips(name, kind, items.count(), [(item, DrawingExample(item.drawing)) for item in items[:MAX_FLIPS]])
        for name, kind, items in kinds
    ]


class FigureRow(NamedTuple):
    """A row of the table beside a verdict, as texts."""

    name: str
    before: str
    after: str
    drawings: str


def figure_rows(run: TrainingRun) -> list[FigureRow]:
    """What the gate measured. Figures that it could not measure are left out."""
    found = dict(run.verdict.get("figures", {}))
    base = found.get("base", {})
    if "mean" in base:  # not in the verdicts of earlier releases
        found["mean"] = {**base["mean"], "count": base["count"]}
    names = {
        "mean": _("Base test: correct, mean over labels"),
        "base": _("Base test: correct, all drawings"),
        "field": _("Field test: correct"),
        "junk": _("Negative examples: “not sure”"),
        "unsure": _("Base test: “not sure”"),
        "ece": _("Base test: calibration error"),
    }
    rows = []
    for key, name in names.items():
        figure = found.get(key, {})
        if figure.get("after") is not None:
            count = figure.get("count", 10_000)
            before = exact(figure["before"], count) if figure["before"] is not None else "–"
            rows.append(FigureRow(name, before, exact(figure["after"], count), intcomma(figure.get("count", ""))))
    if speed := found.get("latency_ms"):
        rows.append(FigureRow(_("Time of a prediction, ms"), f"{speed['before']:.2f}", f"{speed['after']:.2f}", ""))
    return rows
