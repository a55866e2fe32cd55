"""Snapshots: the approved drawings that a training run takes, chosen (see `holdout`), kept on record, and drawn."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from django.db.models import QuerySet

from accounts import people
from ml.data.approved import ApprovedDrawings
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import InkError, RasterSpec
from recognizer.drawings.store import Content
from recognizer.models import Drawing, Label, ModelVersion, Recognizer, Review, SnapshotItem, TrainingRun
from recognizer.training.split import ApprovedDrawing, DrawingSplit, newest_per_author_and_label, split_drawings

logger = logging.getLogger(__name__)

PAGE_SIZE = 200  # drawings in memory at a time


class RasterisedDrawings(NamedTuple):
    """Drawings as arrays, and their ids in the same order."""

    lesson: ApprovedDrawings
    drawings: list[int]


def approved_reviews(recognizer: Recognizer) -> QuerySet[Review]:
    """The decisions that let drawings teach: they stand, their corrections stand, their authors may teach."""
    return Review.objects.approving().filter(
        people.may_train("correction__drawing__author"),
        correction__replaced_by__replaces__isnull=True,
        correction__drawing__recognizer=recognizer,
    )


def newest_approval_id(recognizer: Recognizer) -> int:
    """The newest approval's id: what comes after it is new. 0 without any."""
    return approved_reviews(recognizer).order_by("-id").values_list("id", flat=True).first() or 0


def choose_drawings(*, recognizer: Recognizer, slugs: Sequence[str], cap: int, champion: ModelVersion) -> DrawingSplit:
    """From what is approved now and has one of these labels; what taught the champion is not in the exam."""
    found = (
        approved_reviews(recognizer)
        .filter(label__slug__in=slugs)
        .values_list(
            "correction__drawing",
            "correction__drawing__uuid",
            "correction__drawing__author",
            "label",
            "label__slug",
            "automatic",
        )
    )
    known = (ApprovedDrawing(d, str(u), a, label, slug, unseen) for d, u, a, label, slug, unseen in found)
    rows = newest_per_author_and_label(known, cap)
    studied = SnapshotItem.objects.filter(run__version=champion, part=SnapshotItem.Part.STUDY)
    return split_drawings(rows, set(studied.values_list("drawing", flat=True)))


def save_snapshot(*, run: TrainingRun, choice: DrawingSplit) -> None:
    """Put the choice on record. IntegrityError (on Postgres at the commit) when a drawing was deleted meanwhile."""
    SnapshotItem.objects.bulk_create(
        [
            SnapshotItem(run=run, drawing_id=row.drawing, label_id=row.label, part=part)
            for part, rows in choice.parts()
            for row in rows
        ],
        batch_size=10 * PAGE_SIZE,
    )


def uses_excluded_authors(run: TrainingRun) -> bool:
    """Whether somebody was set aside whose drawings this run learned from."""
    return run.items.filter(part=SnapshotItem.Part.STUDY, drawing__author__set_aside=True).exists()


def rasterise_drawings(
    rows: Sequence[ApprovedDrawing],
    *,
    slugs: Sequence[str],
    raster: RasterSpec,
    look: Callable[[], None] = lambda: None,
) -> RasterisedDrawings:
    """The drawings as a lesson, as `raster` says; `slugs` are the labels in the order of the network's outputs.

    A drawing that was deleted meanwhile, or that cannot be read, is left out. `look` is called now and then; it may
    raise.
    """
    taken: list[ApprovedDrawing] = []
    rasters, inks = [], []
    for row, content, drawn in _contents(rows, raster):
        if len(taken) % PAGE_SIZE == 0:
            look()
        rasters.append(drawn)
        inks.append(content.strokes)
        taken.append(row)
    lesson = ApprovedDrawings(
        rasters=np.array(rasters, np.uint8).reshape(-1, raster.size, raster.size),
        inks=inks,
        labels=np.array([slugs.index(row.slug) for row in taken], np.int64),
        authors=np.array(
            [row.author if row.unseen else -1 for row in taken], np.int64
        ),  # see ml.embeddings.author_filter
    )
    return RasterisedDrawings(lesson, [row.drawing for row in taken])


def _contents(
    rows: Sequence[ApprovedDrawing], raster: RasterSpec
) -> Iterator[tuple[ApprovedDrawing, Content, np.ndarray]]:
    for start in range(0, len(rows), PAGE_SIZE):
        page = rows[start : start + PAGE_SIZE]
        found = Drawing.objects.in_bulk([row.drawing for row in page])
        for row in page:
            if (drawing := found.get(row.drawing)) and (drawn := _drawn(drawing, raster)):
                yield row, *drawn


def _drawn(drawing: Drawing, raster: RasterSpec) -> tuple[Content, np.ndarray] | None:
    try:
        content = drawing.content()
        return content, content.raster(raster)
    except (InkError, ImageError) as error:
        logger.warning("drawing %s is left out: %s", drawing.uuid, error)
        return None


def save_answers(
    *, run: TrainingRun, drawings: Sequence[int], before: Sequence[int], after: Sequence[int], slugs: Sequence[str]
) -> None:
    """Note what champion and challenger said about the drawings of the exam, as places in `slugs`; others are none."""
    known = dict(Label.objects.filter(recognizer=run.recognizer_id, slug__in=slugs).values_list("slug", "pk"))
    labels = dict(enumerate(known.get(slug) for slug in slugs))
    said = dict(zip(drawings, zip(before, after, strict=True), strict=True))
    items = [item for item in run.items.filter(part=SnapshotItem.Part.EXAM) if item.drawing_id in said]
    for item in items:
        first, second = said[item.drawing_id]
        item.before_id, item.after_id = labels.get(first), labels.get(second)
    SnapshotItem.objects.bulk_update(items, ["before", "after"], batch_size=PAGE_SIZE)
