"""Validates one line of a file and turns it into a drawing that can be saved.

Lines are those that columns.py writes, and those of Quick, Draw!'s own files.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from ml.data.find_labels import find_labels, label_names
from ml.preprocessing.content import Content
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import InkError
from recognizer.datasets import formats, pseudonyms
from recognizer.datasets.filters import STATUSES, UNDECIDED, UNNAMED
from recognizer.datasets.read_lines import LineError, parse_json
from recognizer.datasets.records import CorrectionRecord, ReviewRecord
from recognizer.models import Correction, Label, ModelVersion, Recognizer, Review

UUID_NAMESPACE = UUID("5b0c1c1e-9f0e-5d0a-8e0f-1f2b7a6d4c11")  # for identifiers made from keys of Quick, Draw!
MAX_INK_BYTES = 1 << 20  # as JSON
MAX_ENTRIES = 2_000  # of each list: corrections, reviews, predictions, guesses
MAX_CLOCK_DIFFERENCE = timedelta(days=1)
MAX_TEXT_LENGTH = 200
Decision = Review.Decision

Fields = Mapping[str, Any]
"""The fields of a line, or of an object in it."""


class ImportedPrediction(NamedTuple):
    """The prediction of a version that is installed here. Its fields are named as those of the model Prediction."""

    model_version_id: int
    label_id: int
    probability: float
    unsure: bool
    guesses: list[Any]
    created: datetime


class DrawingDraft(NamedTuple):
    """A drawing that can be saved. Labels and recognizers are database ids, people are pseudonyms."""

    location: str
    uuid: UUID
    recognizer: int
    author: str
    created: datetime
    licence: str
    ink: list[Any] | None
    image: bytes | None
    corrections: list[CorrectionRecord[int]]
    predictions: list[ImportedPrediction]
    left_out: int  # predictions of versions that are not installed here
    identity: bytes
    """Lines of one identity are the same drawing: the UUID if the line has one, otherwise a hash of the content."""

    @property
    def labels(self) -> set[int]:
        """All labels of its history."""
        labels = {each.label for each in self.corrections}
        labels |= {review.label for each in self.corrections for review in each.reviews}
        return {label for label in labels if label is not None}


class DraftReader:
    """Makes drafts of lines. Knows the recognizers, labels and versions of this site, and the defaults of an import."""

    def __init__(self, *, licence: str, recognizer: str = "", author: str = "") -> None:
        self._licence, self._recognizer, self._author = licence, recognizer, author or "unknown"
        self._recognizers = dict(Recognizer.objects.values_list("slug", "pk"))
        self._labels: dict[str, dict[str, int]] = {slug: {} for slug in self._recognizers}
        known: dict[str, list[Any]] = {slug: [] for slug in self._recognizers}
        fields = ("pk", "slug", "name", "glyph", "names", "codes")
        for label in Label.objects.values("recognizer__slug", *fields):
            self._labels[label["recognizer__slug"]][label["slug"]] = label["pk"]
            known[label["recognizer__slug"]].append(label)
        self._label_names = {slug: label_names(labels) for slug, labels in known.items()}
        versions = ModelVersion.objects.values_list("pk", "recognizer__slug", "number", "sha256")
        self._versions = {tuple(rest): pk for pk, *rest in versions}

    def read(self, location: str, fields: Fields) -> DrawingDraft:
        """Raises LineError."""
        recognizer = self._find_recognizer(fields)
        created = _time(fields["timestamp"]) if fields.get("timestamp") else timezone.now()
        ink, image = _content(fields)
        given = _uuid(fields.get("key_id"))
        predictions = self._predictions(fields.get("predictions") or [], recognizer)
        licence, writer = _text(fields, "licence"), fields.get("writer")
        if not formats.is_licence(licence):
            raise LineError(_("The licence must be one printable line that begins with a letter or a digit."))
        # In a folder of labelled drawings, writers may be numbers.
        author = _text(fields, "author") or (str(writer) if isinstance(writer, int) else _text(fields, "writer"))
        return DrawingDraft(
            location=location,
            uuid=given or _make_uuid(fields.get("key_id"), recognizer, ink, image),
            recognizer=self._recognizers[recognizer],
            author=pseudonyms.pseudonym_of_name(author or self._author),
            created=created,
            licence=licence or self._licence,
            ink=ink,
            image=image,
            corrections=self._corrections(fields, recognizer, created),
            predictions=[each for each in predictions if each],
            left_out=predictions.count(None),
            identity=given.bytes if given else _hash(recognizer, ink, image),
        )

    def _find_recognizer(self, fields: Fields) -> str:
        slug = _text(fields, "recognizer") or self._recognizer
        if not slug:
            raise LineError(_("The line names no recognizer. Name one with --recognizer."))
        if slug not in self._recognizers:
            known = ", ".join(self._recognizers) or "none"
            text = _("Unknown recognizer %(slug)r. Use one of: %(known)s.")
            raise LineError(text % {"slug": slug, "known": known})
        return slug

    # Corrections and reviews

    def _corrections(self, fields: Fields, recognizer: str, created: datetime) -> list[CorrectionRecord[int]]:
        history = fields.get("corrections")
        if history is None:
            return self._corrections_of_status(fields, recognizer, created)
        corrections = [self._correction(each, recognizer) for each in _list(history, "corrections")]
        if corrections and corrections[0].label is None and not corrections[0].none_of_these:
            raise LineError(_("The first correction has no label."))
        return corrections

    def _corrections_of_status(self, fields: Fields, recognizer: str, created: datetime) -> list[CorrectionRecord[int]]:
        """For a line without a history: the label, and perhaps a decision by an unknown reviewer."""
        slug = _word(fields, "label")
        word = slug or _word(fields, "word")
        status = _text(fields, "status") or (UNDECIDED if word else UNNAMED)
        if status not in STATUSES:
            text = _("Unknown status %(status)r. Use one of: %(known)s.")
            raise LineError(text % {"status": status, "known": ", ".join(STATUSES)})
        if not word or status == UNNAMED:
            return []
        label = self._label(word, recognizer, prefer_slug=bool(slug))
        if status == UNDECIDED:
            return [CorrectionRecord(label, created, [])]
        if status == Decision.REJECTED:
            review = ReviewRecord[int](Decision.REJECTED, None, Review.Reason.OTHER, None, False, created)
        else:
            review = ReviewRecord(Decision.ACCEPTED, label, "", None, False, created)
        return [CorrectionRecord(label, created, [review])]

    def _correction(self, value: Any, recognizer: str) -> CorrectionRecord[int]:
        fields = _object(value, "correction")
        label = self._label_or_none(fields, recognizer)
        reviews = [self._review(each, recognizer, label) for each in _list(fields.get("reviews") or [], "reviews")]
        if reviews and (label is None or reviews[0].decision == Decision.UNDONE):
            raise LineError(_("There is a review, but nothing to review before it."))
        none_of_these = _flag(fields, "none_of_these")
        if none_of_these and label is not None:
            raise LineError(_("A correction with a label cannot be “none of these”. Leave one of the two out."))
        origin = _text(fields, "origin")
        if origin and origin not in Correction.Origin.values:
            text = _("Unknown origin %(origin)r. Use one of: %(known)s.")
            raise LineError(text % {"origin": origin[:40], "known": ", ".join(Correction.Origin.values)})
        return CorrectionRecord(label, _time(fields.get("timestamp")), reviews, none_of_these, origin)

    def _review(self, value: Any, recognizer: str, named: int | None) -> ReviewRecord[int]:
        fields = _object(value, "review")
        name = _text(fields, "by")
        review = ReviewRecord(
            decision=_text(fields, "decision"),
            label=self._label_or_none(fields, recognizer),
            reason=_text(fields, "reason"),
            by=pseudonyms.pseudonym_of_name(name) if name else None,
            automatic=_flag(fields, "automatic"),
            created=_time(fields.get("timestamp")),
        )
        _check_review(review, named)
        return review

    def _label_or_none(self, fields: Fields, recognizer: str) -> int | None:
        return self._label(_word(fields, "label"), recognizer) if fields.get("label") is not None else None

    def _label(self, word: str, recognizer: str, *, prefer_slug: bool = True) -> int:
        labels, names = self._labels[recognizer], self._label_names[recognizer]
        found = find_labels(word, names, prefer_slug=prefer_slug)
        if len(found) == 1:
            return labels[names[found[0]].slug]
        if found:
            text = _("%(word)r can mean several labels of %(recognizer)s: %(known)s. Write the one that it is.")
        else:
            text = _("%(recognizer)s has no label %(word)r. Use one of: %(known)s.")
        known = ", ".join(names[index].slug for index in found) or ", ".join(list(labels)[:60])
        raise LineError(text % {"recognizer": recognizer, "word": word[:60], "known": known})

    # Predictions

    def _predictions(self, value: Any, recognizer: str) -> list[ImportedPrediction | None]:
        found = [self._prediction(_object(each, "prediction"), recognizer) for each in _list(value, "predictions")]
        versions = [each.model_version_id for each in found if each]
        if len(set(versions)) < len(versions):
            raise LineError(_("There are two predictions of the same version."))
        return found

    def _prediction(self, fields: Fields, recognizer: str) -> ImportedPrediction | None:
        """None if that version is not installed here. The number alone does not identify a version."""
        number = fields.get("model_version")
        if not isinstance(number, int):
            raise LineError(_("The model_version of a prediction must be a number."))
        version = self._versions.get((recognizer, number, _text(fields, "sha256")))
        if version is None:
            return None
        return ImportedPrediction(
            model_version_id=version,
            label_id=self._label(_word(fields, "label"), recognizer),
            probability=_probability(fields.get("probability")),
            unsure=_flag(fields, "unsure"),
            guesses=[self._guess(each, recognizer) for each in _list(fields.get("guesses"), "guesses")],
            created=_time(fields.get("timestamp")),
        )

    def _guess(self, value: Any, recognizer: str) -> list[Any]:
        is_pair = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
        if not is_pair or value[0] not in self._labels[recognizer]:
            raise LineError(_("A guess must be [label, probability]."))
        _probability(value[1])
        return list(value)


def _check_review(review: ReviewRecord[int], named: int | None) -> None:
    """Raise LineError for what the constraints of the database would refuse. `named` is the label of the correction."""
    decision, label, reason = review.decision, review.label, review.reason
    if decision not in Decision.values:
        text = _("Unknown decision %(decision)r. Use one of: %(known)s.")
        raise LineError(text % {"decision": decision[:40], "known": ", ".join(Decision.values)})
    if (label is not None) != (decision in (Decision.ACCEPTED, Decision.RELABELLED)):
        raise LineError(_("Reviews with the decision accepted or relabelled need a label; others have none."))
    if decision == Decision.ACCEPTED and label != named:
        raise LineError(_("An accepted review has another label than the correction. Its decision must be relabelled."))
    if (decision == Decision.REJECTED) != bool(reason) or (reason and reason not in Review.Reason.values):
        text = _("Rejected reviews need one of these reasons, and others have none: %(known)s.")
        raise LineError(text % {"known": ", ".join(Review.Reason.values)})
    if review.automatic and (review.by or decision != Decision.ACCEPTED):
        raise LineError(_("The decision of an automatic review must be accepted, and it has no reviewer."))


def _content(fields: Fields) -> tuple[list[Any] | None, bytes | None]:
    """Ink or PNG, as they are saved."""
    ink, image = fields.get("drawing"), fields.get("image")
    if ink in ([], "[]") and image is not None:  # the line of a picture has no strokes
        ink = None
    if (ink is None) == (image is None):
        raise LineError(_("The line needs a drawing (strokes) or an image, but not both."))
    try:
        if image is not None:
            return None, Content.from_image(image if isinstance(image, bytes) else _decode_data_url(image)).png()
        # In some files of Quick, Draw! the strokes are a text.
        strokes = Content.from_ink(parse_json(ink) if isinstance(ink, str) else ink).ink
    except (InkError, ImageError) as error:
        raise LineError(str(error)) from error
    if strokes is None or len(json.dumps(strokes)) > MAX_INK_BYTES:
        raise LineError(_("The strokes take more than %(most)d MB.") % {"most": MAX_INK_BYTES >> 20})
    return strokes, None


def _decode_data_url(value: Any) -> bytes:
    head, comma, data = value.partition(",") if isinstance(value, str) else ("", "", "")
    try:
        if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
            raise ValueError(head)
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error) as error:
        raise LineError(_("The image must be a data URL: data:image/png;base64,...")) from error


def _uuid(key: Any) -> UUID | None:
    """The key if it is a UUID: that of a drawing of a site of Inkling."""
    if key is not None and (isinstance(key, bool) or not isinstance(key, str | int) or len(str(key)) > MAX_TEXT_LENGTH):
        raise LineError(_("The key_id must be a text or a number."))
    try:
        return UUID(str(key))
    except ValueError:
        return None


def _make_uuid(key: Any, recognizer: str, ink: list[Any] | None, image: bytes | None) -> UUID:
    """Made from the key, or without a key from the content: always the same."""
    if key is None or key == "":
        content = json.dumps(ink).encode() if image is None else image
        key = hashlib.sha256(content).hexdigest()
    return uuid5(UUID_NAMESPACE, f"{recognizer} {key}")


def _hash(recognizer: str, ink: list[Any] | None, image: bytes | None) -> bytes:
    """The same for the same strokes, whatever their times, or for the same picture."""
    content = hashlib.blake2b(recognizer.encode(), digest_size=16)
    for part in [image] if ink is None else [np.array(stroke[:2], np.float64).tobytes() for stroke in ink]:
        content.update(b"|" + (part or b""))
    return content.digest()


def _time(value: Any) -> datetime:
    try:
        when = datetime.fromisoformat(value.removesuffix(" UTC"))
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        text = _("%(value)s is not a time. Write it as 2017-03-09 00:28:55.637750 UTC.")
        raise LineError(text % {"value": repr(str(value)[:60])}) from error
    if when.year < 1970 or when > timezone.now() + MAX_CLOCK_DIFFERENCE:
        raise LineError(_("The time %(value)s is out of range.") % {"value": when})
    return when


def _text(fields: Fields, key: str) -> str:
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH or not (value.isprintable() or not value):
        text = _("The field %(key)s must be one line of at most %(most)d characters.")
        raise LineError(text % {"key": key, "most": MAX_TEXT_LENGTH})
    return value.strip()


def _word(fields: Fields, key: str) -> str:
    """A text, or a whole number as one: 7 is "7"."""
    value = fields.get(key)
    return _text({key: str(value)} if isinstance(value, int) and not isinstance(value, bool) else fields, key)


def _flag(fields: Fields, key: str) -> bool:
    value = fields.get(key, False)
    if not isinstance(value, bool):
        raise LineError(_("The field %(key)s must be true or false.") % {"key": key})
    return value


def _probability(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise LineError(_("A probability must be a number from 0 to 1."))
    return float(value)


def _object(value: Any, what: str) -> Fields:
    if not isinstance(value, dict):
        raise LineError(_("A %(what)s must be an object, {...}.") % {"what": what})
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        text = _("The field %(what)s must be a list of at most %(most)d.")
        raise LineError(text % {"what": what, "most": MAX_ENTRIES})
    return value
