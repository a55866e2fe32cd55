"""Imports drawings from a file: saves what can be read, and reports each line that cannot.

Lines are saved in batches. An import that was stopped can be run again and saves nothing twice, because a drawing gets
the same identifier each time. Imported drawings belong to people who cannot sign in, one for each pseudonym, or to the
user of this site who has that pseudonym. The operator states the consent of these people with the import, but users of
this site who withdrew their consent are left out.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import lock_person
from recognizer.datasets import formats
from recognizer.datasets.drafts import DraftReader, DrawingDraft
from recognizer.datasets.pseudonyms import ImportedAuthors
from recognizer.datasets.read_lines import LineError, ParsedLine, read_csv, read_ndjson
from recognizer.datasets.read_npz import read_npz
from recognizer.datasets.read_png import ArchiveError, read_png_folder
from recognizer.datasets.records import CorrectionRecord
from recognizer.models import Correction, Drawing, ImportedDrawing, ImportJob, Label, Prediction, Review
from recognizer.review import queue

logger = logging.getLogger(__name__)

BATCH_SIZE = 200  # lines
BATCH_BYTES = 32 << 20  # of pictures
SUFFIXES = {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".npz": "npz", ".zip": "png"}
READERS: dict[str, Callable[[Path], Iterator[ParsedLine]]] = {
    "ndjson": read_ndjson,
    "csv": read_csv,
    "npz": read_npz,
    "png": read_png_folder,
}


class ImportRefusedError(ValueError):
    """Nothing of the file can be imported. The text says why."""


@dataclass
class ImportReport:
    """Counts of an import."""

    saved: int = 0
    existing: int = 0
    refused: int = 0
    left_out: int = 0  # predictions of versions that are not installed here


def guess_format(file: Path) -> str:
    """The format by the name of the file. Raises ImportRefusedError."""
    name = file.name.lower().removesuffix(".gz")
    form = "png" if file.is_dir() else next((SUFFIXES[end] for end in SUFFIXES if name.endswith(end)), None)
    if form is None:
        text = _("The name of %(file)s does not show its format. Give it with --format: %(known)s.")
        raise ImportRefusedError(text % {"file": file, "known": ", ".join(formats.FORMATS)})
    return form


def import_file(
    *,
    file: Path,
    form: str,
    licence: str,
    refused: Callable[[str, str], None],
    recognizer: str = "",
    author: str = "",
    dry: bool = False,
) -> ImportReport:
    """Save the drawings of a file. `refused` is called with the location of each refused line and the reason.

    `licence` is the statement of the operator why the drawings may be saved, and the licence of lines that name none.
    `recognizer` and `author` are used for lines that name none. `dry`: save nothing, only report. Raises
    ImportRefusedError if nothing can be read.
    """
    if not licence or not formats.is_licence(licence):
        text = _("State why these drawings may be saved and trained on: --licence 'CC BY 4.0, Quick, Draw!'.")
        raise ImportRefusedError(text)
    reader = DraftReader(licence=licence, recognizer=recognizer, author=author)
    job = None if dry else ImportJob.objects.create(source=file.name[:200], form=form, licence=licence)
    importer = _Importer(reader, refused, job)
    report = importer.report
    try:
        for line in READERS[form](file):
            importer.add(line)
        importer.save()
    except (ArchiveError, LineError) as error:
        raise ImportRefusedError(str(error)) from error
    finally:
        if job and report.saved:
            detail = {"source": job.source, "format": job.form, "licence": job.licence}
            counts = {"kept": report.saved, "there": report.existing, "refused": report.refused}
            audit.note(by=None, what="import.made", subject=f"import {job.pk}", detail=detail | counts)
        elif job:
            job.delete()
    return report


class _Importer:
    """One import, batch by batch. Without a job it is a dry run."""

    def __init__(self, reader: DraftReader, refused: Callable[[str, str], None], job: ImportJob | None) -> None:
        self.report = ImportReport()
        self._reader, self._refused, self._job = reader, refused, job
        self._authors = ImportedAuthors()
        self._drafts: list[DrawingDraft] = []  # read and not yet saved
        self._lines = self._bytes = 0  # lines that they come from, and bytes of their pictures
        self._seen: set[int] = set()  # identifiers of a dry run, which are not in the database
        self._labels: dict[bytes, int] = {}  # by identity: the first label of each drawing of this file

    def add(self, line: ParsedLine) -> None:
        """Read a line, and save it with the next ones."""
        self._lines += 1
        draft = self._read(line)
        if draft:
            self._drafts.append(draft)
            self._bytes += len(draft.image or b"")
        if self._lines >= BATCH_SIZE or self._bytes >= BATCH_BYTES:
            self.save()

    def save(self) -> None:
        """Check and save the lines that are read."""
        drafts, self._drafts, self._lines, self._bytes = self._drafts, [], 0, 0
        drafts = self._with_consent(self._new(self._without_conflicts(drafts)))
        if self._job is None:
            self._count(drafts)
            self._seen.update(draft.uuid.int for draft in drafts)
            return
        try:
            self._save(drafts, self._job)
        except IntegrityError:  # another process imports the same drawings; find out which
            for draft in drafts:
                try:
                    self._save([draft], self._job)
                except IntegrityError as error:
                    logger.warning("%s: %s", draft.location, error)
                    text = _(
                        "Somebody else imported it, or its author deleted their account, meanwhile. Import it again."
                    )
                    self._refuse(draft.location, text)

    def _refuse(self, location: str, why: str) -> None:
        self.report.refused += 1
        self._refused(location, why)

    def _read(self, line: ParsedLine) -> DrawingDraft | None:
        try:
            if line.fields is None:
                raise LineError(line.why)
            return self._reader.read(line.location, line.fields)
        except LineError as error:
            self._refuse(line.location, str(error))
            return None

    def _without_conflicts(self, drafts: list[DrawingDraft]) -> list[DrawingDraft]:
        """Refuse drawings that an earlier line of the file has with another label."""
        agreeing = []
        for draft in drafts:
            labels = draft.labels
            named = next((each.label for each in draft.corrections if each.label is not None), None)
            first = None if named is None else self._labels.setdefault(draft.identity, named)
            if first is None or first in labels:
                agreeing.append(draft)
            else:
                self._refuse_conflict(draft.location, {first})
        return agreeing

    def _refuse_conflict(self, location: str, labels: set[int]) -> None:
        slugs = Label.objects.filter(pk__in=labels).values_list("slug", flat=True)
        text = _("The same drawing has another label already: %(labels)s. Only one of the two can be right.")
        self._refuse(location, text % {"labels": ", ".join(slugs)})

    def _new(self, drafts: list[DrawingDraft]) -> list[DrawingDraft]:
        """The drawings that do not exist yet. A different drawing or label with an existing identifier is refused."""
        found = Drawing.objects.filter(uuid__in=[draft.uuid for draft in drafts])
        known = {uuid: (recognizer, ink) for uuid, recognizer, ink in found.values_list("uuid", "recognizer", "ink")}
        labels = _read_labels(list(known)) if known else {}
        new = []
        for draft in drafts:
            recognizer, ink = known.get(draft.uuid, (None, None))
            # Pictures are not compared: one may be made of existing ink (PNG folders), or be encoded in other bytes.
            same = recognizer == draft.recognizer and (ink is None or draft.ink is None or ink == draft.ink)
            if recognizer is None and draft.uuid.int not in self._seen:
                known[draft.uuid] = draft.recognizer, draft.ink
                new.append(draft)
            elif recognizer is not None and not same:
                self._refuse(draft.location, _("Another drawing has the identifier %(uuid)s.") % {"uuid": draft.uuid})
            elif draft.labels and draft.labels.isdisjoint(labels.get(draft.uuid, draft.labels)):
                self._refuse_conflict(draft.location, labels[draft.uuid])
            else:
                self.report.existing += 1
        return new

    def _with_consent(self, drafts: list[DrawingDraft]) -> list[DrawingDraft]:
        refusing = self._authors.without_consent({draft.author for draft in drafts})
        for draft in drafts:
            if draft.author in refusing:
                self._refuse(draft.location, _("The author has an account here and has not consented to training."))
        return [draft for draft in drafts if draft.author not in refusing]

    def _count(self, drafts: list[DrawingDraft]) -> None:
        self.report.saved += len(drafts)
        self.report.left_out += sum(draft.left_out for draft in drafts)

    def _save(self, drafts: list[DrawingDraft], job: ImportJob) -> None:
        try:
            with transaction.atomic():
                _save_drafts(drafts, self._authors, job)
        except IntegrityError:
            self._authors.clear_created()
            raise
        self._count(drafts)


def _read_labels(drawings: Sequence[UUID]) -> dict[UUID, set[int]]:
    """The labels that people ever gave to these drawings, for those that have one."""
    labels: dict[UUID, set[int]] = defaultdict(set)
    corrected = Correction.objects.filter(drawing__uuid__in=drawings, label__isnull=False)
    reviewed = Review.objects.filter(correction__drawing__uuid__in=drawings, label__isnull=False)
    for uuid, label in [
        *corrected.values_list("drawing__uuid", "label"),
        *reviewed.values_list("correction__drawing__uuid", "label"),
    ]:
        labels[uuid].add(label)
    return labels


def _save_drafts(drafts: Sequence[DrawingDraft], authors: ImportedAuthors, job: ImportJob) -> None:
    """Call it in a transaction. Raises IntegrityError."""
    ids = {name: authors.get_or_create(name) for name in sorted({draft.author for draft in drafts})}
    for pk in sorted(ids.values()):
        if lock_person(pk) is None:
            authors.clear_created()
            raise IntegrityError(f"person {pk} left")
    drawings = Drawing.objects.bulk_create(
        Drawing(
            uuid=draft.uuid,
            recognizer_id=draft.recognizer,
            author_id=ids[draft.author],
            ink=draft.ink,
            image=draft.image,
            created=draft.created,
        )
        for draft in drafts
    )
    Prediction.objects.bulk_create(
        Prediction(drawing=drawing, **prediction._asdict())
        for drawing, draft in zip(drawings, drafts, strict=True)
        for prediction in draft.predictions
    )
    _save_corrections(drawings, drafts, authors)
    ImportedDrawing.objects.bulk_create(
        ImportedDrawing(drawing=drawing, brought=job, licence=draft.licence)
        for drawing, draft in zip(drawings, drafts, strict=True)
    )


def _save_corrections(drawings: Sequence[Drawing], drafts: Sequence[DrawingDraft], authors: ImportedAuthors) -> None:
    """Save the first corrections of all drawings, then the second ones, which replace those, and so on."""
    last: list[Correction | None] = [None] * len(drawings)
    for nth in zip_longest(*(draft.corrections for draft in drafts)):
        records = [(index, record) for index, record in enumerate(nth) if record is not None]
        made = Correction.objects.bulk_create(
            Correction(
                drawing=drawings[index],
                label_id=record.label,
                none_of_these=record.none_of_these,
                origin=record.origin,
                created=record.created,
                replaces=last[index],
            )
            for index, record in records
        )
        for (index, _record), correction in zip(records, made, strict=True):
            last[index] = correction
        _save_reviews(made, [record for _index, record in records], authors)
    queue.create_entries(correction for correction in last if correction is not None)


def _save_reviews(
    corrections: Sequence[Correction], records: Sequence[CorrectionRecord[int]], authors: ImportedAuthors
) -> None:
    """Save the first reviews of all corrections, then the second ones, and so on."""
    last: list[Review | None] = [None] * len(corrections)
    for nth in zip_longest(*(record.reviews for record in records)):
        reviews = [(index, review) for index, review in enumerate(nth) if review is not None]
        made = Review.objects.bulk_create(
            Review(
                correction=corrections[index],
                decision=record.decision,
                label_id=record.label,
                reason=record.reason,
                by_id=authors.get_or_create(record.by) if record.by else None,
                automatic=record.automatic,
                replaces=last[index],
                created=record.created,
            )
            for index, record in reviews
        )
        for (index, _record), saved in zip(reviews, made, strict=True):
            last[index] = saved
