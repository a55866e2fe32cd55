"""Counts for the pages of insights: coverage and confusions, computed in the background."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count, F, Q, Sum
from django.utils import timezone

from accounts import people
from recognizer.models import (
    Bookmark,
    Confusion,
    Coverage,
    Label,
    LabelCheck,
)
from recognizer.training import monitoring

COUNTED_EVERY = timedelta(minutes=1)  # for each so many rows, as counting them takes its time
ROWS = 100_000
COUNTED_ANYWAY = timedelta(hours=1)  # also without anything new: what was deleted leaves no row behind
COUNT = "count"  # the bookmark of the last count: the sum of the others at that time


def is_recount_due() -> bool:
    now, last = timezone.now(), Bookmark.objects.filter(of=COUNT).first()
    if last is None or now - last.moved > COUNTED_ANYWAY:
        return True
    return last.at != _read_so_far() and now - last.moved > COUNTED_EVERY * max(1.0, _counted_rows() / ROWS)


def request_recount() -> None:
    """Let the next tick count, whatever is new: what may be counted has changed."""
    Bookmark.objects.filter(of=COUNT).delete()


def _counted_rows() -> int:
    return Coverage.objects.aggregate(all=Sum(F("drawings") + F("waiting")))["all"] or 0


def _read_so_far() -> int:
    return Bookmark.objects.exclude(of=COUNT).aggregate(all=Sum("at"))["all"] or 0


@transaction.atomic
def recount() -> None:
    """Count the rows: how much there is of each label, and which version took what for which. Five queries."""
    now = timezone.now()
    so_far = _read_so_far()
    _count_coverage(now)
    _count_confusions(now)
    Bookmark.objects.update_or_create(of=COUNT, defaults={"at": so_far})


def _count_coverage(now: datetime) -> None:
    counted = LabelCheck.objects.filter(people.may_train("drawing__author")).values("label").order_by()
    found = counted.annotate(
        drawings=Count("pk", filter=Q(approved=True)),
        people=Count("drawing__author", filter=Q(approved=True), distinct=True),
        waiting=Count("pk", filter=Q(approved=False)),
        confidence=Avg("share", filter=Q(approved=True)),
    )
    nothing = {"drawings": 0, "people": 0, "waiting": 0, "confidence": None}
    by_label = {each.pop("label"): each for each in map(dict[str, Any], found)}
    labels = Label.objects.order_by("pk").values_list("pk", flat=True)
    rows = [Coverage(label_id=pk, counted=now, **by_label.get(pk, nothing)) for pk in labels]
    _replace(Coverage, rows, "label", [*nothing, "counted"])


def _count_confusions(now: datetime) -> None:
    taught = people.may_train("drawing__author")
    answered = LabelCheck.objects.filter(taught, version__isnull=False, answered__isnull=False)
    counted = answered.values_list("version", "label", "answered").annotate(times=Count("pk")).order_by()
    slugs = dict(Label.objects.order_by().values_list("pk", "slug"))
    by_version: dict[int, list[Any]] = {pk: [] for pk in Confusion.objects.values_list("pk", flat=True)}
    for version, label, answer, times in counted:
        by_version.setdefault(version, []).append([slugs[label], slugs[answer], times])
    rates = monitoring.count_live_accuracy()
    for pk in rates:
        by_version.setdefault(pk, [])
    rows = [
        Confusion(version_id=pk, counted=now, counts=by_version[pk], **_rate(rates.get(pk)))
        for pk in sorted(by_version)
    ]
    _replace(Confusion, rows, "version", ["counts", "judged", "right_alone", "right_personal", "counted"])


def _rate(judged: monitoring.LiveAccuracy | None) -> dict[str, int]:
    answers, alone, personal = judged or (0, 0, 0)
    return {"judged": answers, "right_alone": alone, "right_personal": personal}


def _replace(model: Any, rows: list[Any], key: str, fields: list[str]) -> None:
    """In the order of their keys, so that two counts at once do not wait for each other for ever."""
    model.objects.bulk_create(rows, update_conflicts=True, unique_fields=[key], update_fields=fields)
