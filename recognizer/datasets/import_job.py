"""Imports: keep what lines hold, say of each other line why it was refused, and go on.

Lines are kept some hundred at a time; whatever stops an import, it can be run again and makes no double, because a
drawing has the same identifier each time. Imported drawings belong to people who cannot sign in, one for each
pseudonym, or to the person of this site whose pseudonym it is. Consent is what the operator states with the import;
somebody of this site who took their consent back is believed instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, people
from recognizer.datasets import formats
from recognizer.datasets.parse_lines import LineError, ParsedLine, read_csv, read_ndjson
from recognizer.datasets.pseudonyms import ImportedAuthors
from recognizer.datasets.read_archives import read_npz
from recognizer.datasets.read_folders import ArchiveError, read_png_folder
from recognizer.datasets.validate import Decided, DraftReader, DrawingDraft, Said
from recognizer.models import Correction, Drawing, ImportedDrawing, ImportJob, Prediction, Review
from recognizer.review import queue

logger = logging.getLogger(__name__)

BATCH_SIZE = 200  # lines
SUFFIXES = {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".npz": "npz", ".zip": "png"}
READERS: dict[str, Callable[[Path], Iterator[ParsedLine]]] = {
    "ndjson": read_ndjson,
    "csv": read_csv,
    "npz": read_npz,
    "png": read_png_folder,
}


class ImportRefusedError(ValueError):
    """Nothing of the file can be read; the text says why."""


@dataclass
class ImportReport:
    """What came of an import."""

    kept: int = 0
    there: int = 0
    refused: int = 0
    left_out: int = 0
    """Answers of versions that are not on this site."""


def guess_format(file: Path) -> str:
    """By its name. Raises ImportRefusedError."""
    name = file.name.lower().removesuffix(".gz")
    form = "png" if file.is_dir() else next((SUFFIXES[end] for end in SUFFIXES if name.endswith(end)), None)
    if form is None:
        known = ", ".join(formats.FORMATS)
        text = _("The name of %(file)s does not say what it is. Say it with --format: %(known)s.")
        raise ImportRefusedError(text % {"file": file, "known": known})
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
    """Keep the drawings of a file; `refused` is told the place of each line that was not kept, and why.

    `licence` is the operator's statement on what grounds they may be kept, and the licence of lines that name none.
    `recognizer` and `author` are those of lines that name none. `dry`: only say what would happen. Raises
    ImportRefusedError where nothing can be read.
    """
    if not licence or not formats.is_licence(licence):
        raise ImportRefusedError(
            _("Say on what grounds these drawings may be kept and taught: --licence 'CC BY 4.0, Quick, Draw!'.")
        )
    bringing = _Bringing(DraftReader(licence=licence, recognizer=recognizer, author=author), refused, dry=dry)
    brought = None if dry else ImportJob.objects.create(source=file.name[:200], form=form, licence=licence)
    try:
        lines = READERS[form](file)
        while some := list(islice(lines, BATCH_SIZE)):
            bringing.take(some, brought)
    except (ArchiveError, LineError) as error:
        raise ImportRefusedError(str(error)) from error
    finally:
        if brought:
            _note(brought, bringing.report)
    return bringing.report


def _note(brought: ImportJob, report: ImportReport) -> None:
    """What came of it; an import that brought nothing leaves no trace."""
    if not report.kept:
        brought.delete()
        return
    detail = {"source": brought.source, "format": brought.form, "licence": brought.licence}
    counts = {"kept": report.kept, "there": report.there, "refused": report.refused}
    audit.note(by=None, what="import.made", subject=f"import {brought.pk}", detail=detail | counts)


class _Bringing:
    """One import: some lines after the others."""

    def __init__(self, drafts: DraftReader, refused: Callable[[str, str], None], *, dry: bool) -> None:
        self.report = ImportReport()
        self._drafts, self._refused, self._dry = drafts, refused, dry
        self._authors = ImportedAuthors()
        self._seen: set[int] = set()  # of a dry run, which finds nothing of its own in the database

    def take(self, lines: Iterable[ParsedLine], brought: ImportJob | None) -> None:
        """Read, keep, count."""
        drafts = self._consented(self._new(self._read(lines)))
        if brought is None:
            self._count(drafts)
            return
        try:
            self._keep(drafts, brought)
        except IntegrityError:  # somebody else brings the same at the same time
            for draft in drafts:
                self._keep_alone(draft, brought)

    def _refuse(self, place: str, why: str) -> None:
        self.report.refused += 1
        self._refused(place, why)

    def _read(self, lines: Iterable[ParsedLine]) -> list[DrawingDraft]:
        drafts = []
        for place, fields, why in lines:
            try:
                if fields is None:
                    raise LineError(why)
                drafts.append(self._drafts.read(place, fields))
            except LineError as error:
                self._refuse(place, str(error))
        return drafts

    def _new(self, drafts: list[DrawingDraft]) -> list[DrawingDraft]:
        """Those that are not here; another drawing of the same identifier is refused."""
        here = _here(drafts)
        new: dict[UUID, DrawingDraft] = {}
        for draft in drafts:
            known = here.get(draft.uuid) or _identity(new.get(draft.uuid))
            if known is None and draft.uuid.int not in self._seen:
                new[draft.uuid] = draft
            elif known is None or _is_same(known, draft):
                self.report.there += 1
            else:
                text = _("Another drawing has the identifier %(uuid)s already.")
                self._refuse(draft.place, text % {"uuid": draft.uuid})
        return list(new.values())

    def _consented(self, drafts: list[DrawingDraft]) -> list[DrawingDraft]:
        refusing = self._authors.refusing({draft.author for draft in drafts})
        for draft in drafts:
            if draft.author in refusing:
                self._refuse(draft.place, _("Its author has an account here, and does not agree to it."))
        return [draft for draft in drafts if draft.author not in refusing]

    def _count(self, drafts: list[DrawingDraft]) -> None:
        self.report.kept += len(drafts)
        self.report.left_out += sum(draft.left_out for draft in drafts)
        if self._dry:
            self._seen.update(draft.uuid.int for draft in drafts)

    def _keep(self, drafts: list[DrawingDraft], brought: ImportJob) -> None:
        try:
            with transaction.atomic():
                _store(drafts, self._authors, brought)
        except IntegrityError:
            self._authors.forget_made()
            raise
        self._count(drafts)

    def _keep_alone(self, draft: DrawingDraft, brought: ImportJob) -> None:
        try:
            self._keep([draft], brought)
        except IntegrityError as error:
            logger.warning("%s: %s", draft.place, error)
            self._refuse(draft.place, _("It was brought in, or its author left, at the same moment. Import it again."))


_Identity = tuple[int, Any, bool]  # of which recognizer, its ink, and whether it is a picture


def _here(drafts: Sequence[DrawingDraft]) -> dict[UUID, _Identity]:
    found = Drawing.objects.filter(uuid__in=[draft.uuid for draft in drafts])
    return {uuid: (of, ink, ink is None) for uuid, of, ink in found.values_list("uuid", "recognizer", "ink")}


def _identity(draft: DrawingDraft | None) -> _Identity | None:
    return (draft.recognizer, draft.ink, draft.ink is None) if draft else None


def _is_same(known: _Identity, draft: DrawingDraft) -> bool:
    """A picture may be made of the ink that is here (PNG folders), and may be written in other bytes."""
    recognizer, ink, is_picture = known
    return recognizer == draft.recognizer and (is_picture or draft.ink is None or ink == draft.ink)


def _store(drafts: Sequence[DrawingDraft], authors: ImportedAuthors, brought: ImportJob) -> None:
    """In one transaction."""
    found = {name: authors.find(name) for name in sorted({draft.author for draft in drafts})}
    for pk in sorted(found.values()):
        if people.lock_person(pk) is None:
            authors.forget_made()
            raise IntegrityError(f"person {pk} left")
    drawings = Drawing.objects.bulk_create(
        Drawing(
            uuid=draft.uuid,
            recognizer_id=draft.recognizer,
            author_id=found[draft.author],
            ink=draft.ink,
            image=draft.image,
            created=draft.created,
        )
        for draft in drafts
    )
    _store_answers(drawings, drafts)
    _store_said(drawings, drafts, authors)
    ImportedDrawing.objects.bulk_create(
        ImportedDrawing(drawing=drawing, brought=brought, licence=draft.licence)
        for drawing, draft in zip(drawings, drafts, strict=True)
    )


def _store_answers(drawings: Sequence[Drawing], drafts: Sequence[DrawingDraft]) -> None:
    Prediction.objects.bulk_create(
        Prediction(
            drawing=drawing,
            model_version_id=answer.version,
            label_id=answer.label,
            probability=answer.probability,
            unsure=answer.unsure,
            guesses=answer.guesses,
            created=answer.created,
        )
        for drawing, draft in zip(drawings, drafts, strict=True)
        for answer in draft.answers
    )


def _store_said(drawings: Sequence[Drawing], drafts: Sequence[DrawingDraft], authors: ImportedAuthors) -> None:
    """The first corrections of all drawings, then the second ones, which replace those, and so on."""
    last: list[Correction | None] = [None] * len(drawings)
    for said in zip_longest(*(draft.said for draft in drafts)):
        wanted = [(place, each) for place, each in enumerate(said) if each is not None]
        made = Correction.objects.bulk_create(
            Correction(drawing=drawings[place], label_id=each.label, created=each.created, replaces=last[place])
            for place, each in wanted
        )
        for (place, _each), correction in zip(wanted, made, strict=True):
            last[place] = correction
        _store_reviews(made, [each for _place, each in wanted], authors)
    queue.create_entries(correction for correction in last if correction is not None)


def _store_reviews(corrections: Sequence[Correction], said: Sequence[Said], authors: ImportedAuthors) -> None:
    """Likewise."""
    last: list[Review | None] = [None] * len(corrections)
    for reviews in zip_longest(*(each.reviews for each in said)):
        wanted = [(place, each) for place, each in enumerate(reviews) if each is not None]
        made = Review.objects.bulk_create(
            _review(corrections[place], each, last[place], authors) for place, each in wanted
        )
        for (place, _each), review in zip(wanted, made, strict=True):
            last[place] = review


def _review(correction: Correction, said: Decided, replaces: Review | None, authors: ImportedAuthors) -> Review:
    return Review(
        correction=correction,
        decision=said.decision,
        label_id=said.label,
        reason=said.reason,
        by_id=authors.find(said.by) if said.by else None,
        automatic=said.automatic,
        replaces=replaces,
        created=said.created,
    )
