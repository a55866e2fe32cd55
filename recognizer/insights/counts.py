"""Counts for the pages of insights: coverage and confusions, computed in the background."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count, F, Q, Sum
from django.utils import timezone

from accounts import people
from recognizer.models import Bookmark, Confusion, Coverage, Label, LabelCheck
from recognizer.training import monitoring

RECOUNT_EVERY = timedelta(minutes=1)  # for each ROWS, because counting them takes time
ROWS = 100_000
RECOUNT_ANYWAY = timedelta(hours=1)  # without new rows too, because a deletion leaves no row behind
COUNT = "count"  # the bookmark of the last count holds the sum of the other bookmarks at that time


def is_recount_due() -> bool:
    """Whether there are new rows, or the last count is old."""
    now, last = timezone.now(), Bookmark.objects.filter(of=COUNT).first()
    if last is None or now - last.moved > RECOUNT_ANYWAY:
        return True
    rows = Coverage.objects.aggregate(all=Sum(F("drawings") + F("waiting")))["all"] or 0
    return last.at != _rows_read() and now - last.moved > RECOUNT_EVERY * max(1.0, rows / ROWS)


def request_recount() -> None:
    """Make the next background run count again, because other drawings may be counted now."""
    Bookmark.objects.filter(of=COUNT).delete()


def _rows_read() -> int:
    return Bookmark.objects.exclude(of=COUNT).aggregate(all=Sum("at"))["all"] or 0


@transaction.atomic
def recount() -> None:
    """Count the coverage of each label and the confusions of each version. Five queries."""
    now = timezone.now()
    read = _rows_read()
    _count_coverage(now)
    _count_confusions(now)
    Bookmark.objects.update_or_create(of=COUNT, defaults={"at": read})


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
    may_train = people.may_train("drawing__author")
    answered = LabelCheck.objects.filter(may_train, version__isnull=False, answered__isnull=False)
    counted = answered.values_list("version", "label", "answered").annotate(times=Count("pk")).order_by()
    slugs = dict(Label.objects.order_by().values_list("pk", "slug"))
    by_version: dict[int, list[Any]] = {pk: [] for pk in Confusion.objects.values_list("pk", flat=True)}
    for version, label, answer, times in counted:
        by_version.setdefault(version, []).append([slugs[label], slugs[answer], times])
    accuracies = monitoring.count_live_accuracy()
    rows = []
    for pk in sorted(by_version.keys() | accuracies.keys()):
        judged, alone, personal = accuracies.get(pk, (0, 0, 0))
        accuracy = {"judged": judged, "right_alone": alone, "right_personal": personal}
        rows.append(Confusion(version_id=pk, counted=now, counts=by_version.get(pk, []), **accuracy))
    _replace(Confusion, rows, "version", ["counts", "judged", "right_alone", "right_personal", "counted"])


def _replace(model: Any, rows: list[Any], key: str, fields: list[str]) -> None:
    """Write the rows in the order of their keys, so that two counts at once do not deadlock."""
    model.objects.bulk_create(rows, update_conflicts=True, unique_fields=[key], update_fields=fields)
