"""Base data: the data sets that the bases were trained on, what the trainer has of them, and their download.

Everything that is said about files comes from the trainer (`recognizer.training.base_data`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import PersonRequest
from ml.data.download import can_download
from ml.data.sources import SOURCES, Source
from recognizer.models import BaseDataSet, Recognizer, TrainingRun
from recognizer.pages.access import for_base_data_managers
from recognizer.pages.numerals import with_page_numerals
from recognizer.pages.runs import details
from recognizer.registry import promotions
from recognizer.training import base_data

State = BaseDataSet.State
ANSWER_WITHIN = timedelta(seconds=30)  # the page waits so long for the trainer's report


class DataSetLine(NamedTuple):
    """One data set on the page."""

    row: BaseDataSet
    source: Source

    @property
    def is_open(self) -> bool:
        """Whether it is downloaded now or soon."""
        return self.row.state != State.IDLE

    @property
    def can_download(self) -> bool:
        """Whether a program can download it."""
        return any(map(can_download, self.source.paths))

    @property
    def is_complete(self) -> bool:
        """Whether all of its files are there and right."""
        report = self.row.report
        return bool(report) and report["here"] == report["files"] and not report["wrong"]

    @property
    def is_available(self) -> bool:
        """Whether it can be trained on; some data sets have files that are not needed."""
        return bool(self.row.report.get("is_available"))

    @property
    def state(self) -> str:
        """What the trainer has of it, or how far its download is, in words."""
        report, progress = self.row.report, self.row.progress
        if self.row.state == State.WAITING:
            return _("Waiting for the trainer")
        if self.row.state == State.RUNNING:
            done, files = progress.get("done", 0), progress.get("files", 0)
            found = {"done": done, "files": files, "size": filesizeformat(progress.get("bytes", 0))}
            return _("Downloading: %(done)d of %(files)d files, %(size)s") % found if files else _("Starting")
        if not report:
            return _("Not known yet")
        if not report["here"]:
            return _("Not here")
        found = {"here": report["here"], "files": report["files"], "size": filesizeformat(report["bytes"])}
        if not self.is_complete:
            return _("%(here)d of %(files)d files are here, %(size)s") % found
        count = report["files"]
        return ngettext("Complete: %(files)d file, %(size)s", "Complete: %(files)d files, %(size)s", count) % found

    @property
    def checksums(self) -> str:
        """What the check of its files found, in words."""
        report = self.row.report
        if not report or not report["here"]:
            return ""
        plain = report["here"] - report["as_published"] - report["as_downloaded"] - len(report["wrong"])
        counts = [
            (report["as_published"], _("%s with the published checksum")),
            (report["as_downloaded"], _("%s unchanged since the download")),
            (plain, _("%s readable, without a checksum")),
            (len(report["wrong"]), _("%s wrong")),
        ]
        return ", ".join(text % intcomma(count) for count, text in counts if count)


class RecognizerData(NamedTuple):
    """The base data of one recognizer on the page."""

    recognizer: Recognizer
    found: base_data.BaseData
    lines: list[DataSetLine]
    last_run: TrainingRun | None
    """The last run that trained all layers."""

    @property
    def obstacle(self) -> str:
        """Why only the last layer can be trained, whatever data is there; empty if all layers can be."""
        return self.found.obstacle

    @property
    def minutes(self) -> int:
        """About how long training all layers with 1,000 drawings takes, in minutes of processor time."""
        return self.found.recipe.full_minutes if self.found.recipe else 0

    @property
    def is_open(self) -> bool:
        """Whether one of its data sets is downloaded now or soon."""
        return any(line.is_open for line in self.lines)

    @property
    def is_known(self) -> bool:
        """Whether the trainer has reported on all of them."""
        return all(line.row.report for line in self.lines)

    @property
    def is_available(self) -> bool:
        """Whether the next run can train all layers."""
        return not self.obstacle and all(line.is_available for line in self.lines)

    @property
    def offers_download(self) -> bool:
        """Whether a download would add something."""
        return not self.obstacle and any(line.can_download and not line.is_complete for line in self.lines)

    @property
    def by_hand(self) -> list[DataSetLine]:
        """Missing data sets that a program cannot download, or whose publisher did not answer."""
        lines = [] if self.obstacle else self.lines
        return [
            line
            for line in lines
            if line.row.report
            and not line.is_available
            and line.source.by_hand
            and not line.is_open
            and (line.row.error or not line.can_download)
        ]

    @property
    def size(self) -> int:
        """The bytes of all of them on the disk of the trainer, about."""
        return sum(line.source.size for line in self.lines)

    @property
    def duration(self) -> str:
        """How long the last run that trained all layers took; empty without one."""
        return details.duration_of(self.last_run) if self.last_run else ""


@require_http_methods(["GET", "HEAD", "POST"])
@for_base_data_managers
def base_data_page(request: PersonRequest) -> HttpResponse:
    """What the trainer has. A POST asks it to download what a recognizer lacks, or without one to look again."""
    if request.method == "POST":
        return _ask(request)
    recognizers = _recognizers()
    names = [line.row.name for each in recognizers for line in each.lines]
    if request.method == "GET" and base_data.request_reports(names):
        recognizers = _recognizers()
    rows = list({line.row.name: line.row for each in recognizers for line in each.lines}.values())
    reports = {row.reported: row.report for row in rows if row.reported}
    reported = max(reports, default=None)
    context = {
        "recognizers": recognizers,
        "status": _status(rows),
        "disk": reports[reported] if reported else None,
        "reported": reported,
        "unanswered": any(_is_unanswered(row) for row in rows),
    }
    return render(request, "recognizer/runs/base_data.html", context)


def _ask(request: PersonRequest) -> HttpResponse:
    slug = request.POST.get("recognizer", "")
    if not slug:
        names = [name for each in promotions.live_recognizers() for name in base_data.base_data_of(each).names]
        base_data.request_reports(names, older_than=timedelta(seconds=1))
        return redirect("base-data")
    found = base_data.base_data_of(get_object_or_404(Recognizer, slug=slug))
    lines = [_line(row) for row in base_data.rows_of(found.names).values()] if not found.obstacle else []
    lacking = [line.row.name for line in lines if line.can_download and not line.is_complete]
    if not lacking:
        messages.info(request, _("Nothing that can be downloaded is missing."), extra_tags="nothing-missing")
    elif not base_data.request_download(lacking, by=request.user):
        messages.warning(request, _("This data is being downloaded already."), extra_tags="already-downloading")
    return redirect("base-data")


def _recognizers() -> list[RecognizerData]:
    recognizers = list(promotions.live_recognizers())
    wanted = [base_data.base_data_of(each) for each in recognizers]
    rows = base_data.rows_of(name for each in wanted for name in each.names)
    full = details.training_runs().filter(mode=TrainingRun.Mode.FULL, finished__isnull=False).exclude(verdict={})
    return [
        RecognizerData(
            recognizer,
            found,
            [_line(rows[name]) for name in found.names],
            full.filter(recognizer=recognizer).first(),
        )
        for recognizer, found in zip(recognizers, wanted, strict=True)
    ]


def _line(row: BaseDataSet) -> DataSetLine:
    return DataSetLine(row, SOURCES[row.name])


@require_safe
@for_base_data_managers
def base_data_status(request: PersonRequest) -> JsonResponse:
    """How far the downloads are. The script of the page asks every second."""
    return JsonResponse(with_page_numerals(_status(list(BaseDataSet.objects.all()))))


def _status(rows: list[BaseDataSet]) -> dict[str, Any]:
    """The values that static/js/runs/run.js shows, and the state of each data set by its name."""
    lines = {row.name: _line(row) for row in rows}
    open_lines = [line for line in lines.values() if line.is_open]
    running = next((line for line in open_lines if line.row.state == State.RUNNING), None)
    files = running.row.progress.get("files", 0) if running else 0
    asking = any(_is_asking(line.row) for line in lines.values())
    step = _("Asking the trainer what it has") if asking else ""
    if open_lines:
        step = f"{running.source.title}. {running.state}" if running else open_lines[0].state
    return {
        "final": not open_lines and not asking,
        "chosen": False,
        "step": step,
        "share": running.row.progress.get("done", 0) / files if running and files else None,
        **{name: line.state for name, line in lines.items()},
    }


def _is_asking(row: BaseDataSet) -> bool:
    """Whether the trainer was asked for a report a moment ago and may still answer."""
    return _lacks_report(row) and row.asked > timezone.now() - ANSWER_WITHIN  # type: ignore[operator]


def _is_unanswered(row: BaseDataSet) -> bool:
    """Whether the trainer was asked for a report a while ago and has not answered."""
    return _lacks_report(row) and not _is_asking(row) and row.state == State.IDLE


def _lacks_report(row: BaseDataSet) -> bool:
    return row.asked is not None and (row.reported is None or row.reported < row.asked)
