"""One line as a drawing that could be kept, or why it could not. Reads what columns.py writes, and Quick, Draw!'s."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from ml.preprocessing.content import Content
from ml.preprocessing.image_limits import ImageError
from ml.preprocessing.ink import InkError
from recognizer.datasets import formats, pseudonyms
from recognizer.datasets.filters import STATUSES, UNDECIDED, UNNAMED
from recognizer.datasets.parse_lines import LineError, parse_json
from recognizer.models import Label, ModelVersion, Recognizer, Review

UUID_NAMESPACE = UUID("5b0c1c1e-9f0e-5d0a-8e0f-1f2b7a6d4c11")  # of the identifiers that are made of Quick, Draw!'s
MAX_INK_BYTES = 1 << 20  # bytes, as JSON
MAX_ENTRIES = 250  # corrections of a drawing, reviews of a correction, answers to a drawing, guesses of an answer
AHEAD = timedelta(days=1)
MAX_TEXT_LENGTH = 200  # characters of a text
Decision = Review.Decision


class Decided(NamedTuple):
    """A review."""

    decision: str
    label: int | None
    reason: str
    by: str | None
    automatic: bool
    created: datetime


class Said(NamedTuple):
    """A correction."""

    label: int | None
    created: datetime
    reviews: list[Decided]


class Answered(NamedTuple):
    """A prediction of a version that is here."""

    version: int
    label: int
    probability: float
    unsure: bool
    guesses: list[Any]
    created: datetime


class DrawingDraft(NamedTuple):
    """A drawing that could be kept."""

    place: str
    uuid: UUID
    recognizer: int
    author: str
    created: datetime
    licence: str
    ink: list[Any] | None
    image: bytes | None
    said: list[Said]
    answers: list[Answered]
    left_out: int
    """Answers of versions that are not here."""


class DraftReader:
    """Makes drafts of lines: knows the recognizers, labels and versions of this site, and what lines may leave out."""

    def __init__(self, *, licence: str, recognizer: str = "", author: str = "") -> None:
        self._licence, self._recognizer, self._author = licence, recognizer, author or "unknown"
        self._recognizers = dict(Recognizer.objects.values_list("slug", "pk"))
        self._labels: dict[str, dict[str, int]] = defaultdict(dict)
        self._words: dict[str, dict[str, int]] = defaultdict(dict)
        for pk, slug, name, of in Label.objects.values_list("pk", "slug", "name", "recognizer__slug"):
            self._labels[of][slug] = pk
            self._words[of][name.casefold()] = pk
        versions = ModelVersion.objects.values_list("pk", "recognizer__slug", "number", "sha256")
        self._versions = {tuple(rest): pk for pk, *rest in versions}

    def read(self, place: str, fields: Mapping[str, Any]) -> DrawingDraft:
        """Raises LineError."""
        recognizer = self._find_recognizer(fields)
        created = _moment(fields["timestamp"]) if fields.get("timestamp") else timezone.now()
        ink, image = _content(fields)
        answers = self._answers(fields.get("predictions") or [], recognizer)
        return DrawingDraft(
            place=place,
            uuid=_uuid(fields.get("key_id"), recognizer, ink, image),
            recognizer=self._recognizers[recognizer],
            author=pseudonyms.pseudonym_of_name(_text(fields, "author") or _writer(fields) or self._author),
            created=created,
            licence=self._find_licence(fields),
            ink=ink,
            image=image,
            said=self._said(fields, recognizer, created),
            answers=[answer for answer in answers if answer],
            left_out=answers.count(None),
        )

    def _find_recognizer(self, fields: Mapping[str, Any]) -> str:
        slug = _text(fields, "recognizer") or self._recognizer
        if not slug:
            raise LineError(_("It does not say for which recognizer. Say it with --recognizer."))
        if slug not in self._recognizers:
            known = ", ".join(self._recognizers) or "none"
            raise LineError(
                _("There is no recognizer %(slug)r. There are: %(known)s.") % {"slug": slug, "known": known}
            )
        return slug

    def _find_licence(self, fields: Mapping[str, Any]) -> str:
        licence = _text(fields, "licence")
        if not formats.is_licence(licence):
            raise LineError(_("Its licence is no printable line that begins with a letter or a digit."))
        return licence or self._licence

    # What its author said, and what reviewers made of it

    def _said(self, fields: Mapping[str, Any], recognizer: str, created: datetime) -> list[Said]:
        story = fields.get("corrections")
        if story is None:
            return self._outcome(fields, recognizer, created)
        said = [self._correction(each, recognizer) for each in _list(story, "corrections")]
        if said and said[0].label is None:
            raise LineError(_("Its first correction names no label."))
        return said

    def _outcome(self, fields: Mapping[str, Any], recognizer: str, created: datetime) -> list[Said]:
        """Where only what came of it is known: a label, and perhaps a decision by nobody we know."""
        word = _text(fields, "label") or _text(fields, "word")
        status = _text(fields, "status") or (UNDECIDED if word else UNNAMED)
        if status not in STATUSES:
            known = ", ".join(STATUSES)
            raise LineError(
                _("There is no status %(status)r. There are: %(known)s.") % {"status": status, "known": known}
            )
        if not word or status == UNNAMED:
            return []
        label = self._label(word, recognizer)
        if status == UNDECIDED:
            return [Said(label, created, [])]
        rejected = status == Decision.REJECTED
        decision = Decision.REJECTED if rejected else Decision.ACCEPTED
        reason = Review.Reason.OTHER if rejected else ""
        return [Said(label, created, [Decided(decision, None if rejected else label, reason, None, False, created)])]

    def _correction(self, said: Any, recognizer: str) -> Said:
        fields = _object(said, "correction")
        label = self._label(_text(fields, "label"), recognizer) if fields.get("label") is not None else None
        reviews = [self._review(each, recognizer, label) for each in _list(fields.get("reviews") or [], "reviews")]
        if reviews and (label is None or reviews[0].decision == Decision.UNDONE):
            raise LineError(_("A review of it has nothing to decide about."))
        return Said(label, _moment(fields.get("timestamp")), reviews)

    def _review(self, said: Any, recognizer: str, named: int | None) -> Decided:
        fields = _object(said, "review")
        decision, reason = _text(fields, "decision"), _text(fields, "reason")
        label = self._label(_text(fields, "label"), recognizer) if fields.get("label") is not None else None
        by, automatic = _text(fields, "by"), _flag(fields, "automatic")
        _check_decision(decision, label, reason, named, seen=bool(by), automatic=automatic)
        when = _moment(fields.get("timestamp"))
        return Decided(decision, label, reason, pseudonyms.pseudonym_of_name(by) if by else None, automatic, when)

    def _label(self, word: str, recognizer: str) -> int:
        labels, words = self._labels[recognizer], self._words[recognizer]
        found = labels.get(word) or words.get(word.casefold()) or labels.get(slugify(word))
        if found is None:
            known = ", ".join(list(labels)[:60])
            text = _("%(recognizer)s has no label %(word)r. There are: %(known)s.")
            raise LineError(text % {"recognizer": recognizer, "word": word[:60], "known": known})
        return found

    # What versions answered

    def _answers(self, said: Any, recognizer: str) -> list[Answered | None]:
        answers = [self._answer(_object(each, "prediction"), recognizer) for each in _list(said, "predictions")]
        versions = [answer.version for answer in answers if answer]
        if len(set(versions)) < len(versions):
            raise LineError(_("A version answered it twice."))
        return answers

    def _answer(self, fields: Mapping[str, Any], recognizer: str) -> Answered | None:
        """None where that version is not here: a number alone does not make two versions the same."""
        number = fields.get("model_version")
        if not isinstance(number, int):
            raise LineError(_("A prediction needs the number of its model_version."))
        version = self._versions.get((recognizer, number, _text(fields, "sha256")))
        if version is None:
            return None
        guesses = [self._guess(each, recognizer) for each in _list(fields.get("guesses"), "guesses")]
        label, probability = self._label(_text(fields, "label"), recognizer), _share(fields.get("probability"))
        return Answered(version, label, probability, _flag(fields, "unsure"), guesses, _moment(fields.get("timestamp")))

    def _guess(self, said: Any, recognizer: str) -> list[Any]:
        if (
            not isinstance(said, list)
            or len(said) != 2
            or not isinstance(said[0], str)
            or said[0] not in self._labels[recognizer]
        ):
            raise LineError(_("A guess must be [label, probability]."))
        _share(said[1])
        return said


def _check_decision(
    decision: str, label: int | None, reason: str, named: int | None, *, seen: bool, automatic: bool
) -> None:
    """What the database would refuse, in words."""
    if decision not in Decision.values:
        known = ", ".join(Decision.values)
        text = _("There is no decision %(decision)r. There are: %(known)s.")
        raise LineError(text % {"decision": decision[:40], "known": known})
    if (label is not None) != (decision in (Decision.ACCEPTED, Decision.RELABELLED)):
        raise LineError(_("A review that accepts or relabels has a label, and no other."))
    if decision == Decision.ACCEPTED and label != named:
        raise LineError(_("A review accepts another label than its author named; that is relabelling."))
    if (decision == Decision.REJECTED) != bool(reason) or (reason and reason not in Review.Reason.values):
        raise LineError(
            _("A review that rejects has one of these reasons, and no other: %(known)s.")
            % {"known": ", ".join(Review.Reason.values)}
        )
    if automatic and (seen or decision != Decision.ACCEPTED):
        raise LineError(_("An automatic review accepts, and is nobody's."))


def _content(fields: Mapping[str, Any]) -> tuple[list[Any] | None, bytes | None]:
    """Ink or picture, as they are kept."""
    ink, image = fields.get("drawing"), fields.get("image")
    if (ink is None) == (image is None):
        raise LineError(_("It needs a drawing (strokes) or an image, one of the two."))
    try:
        if image is None:
            return _ink(ink), None
        return None, Content.from_image(image if isinstance(image, bytes) else _decode(image)).png()
    except (InkError, ImageError) as error:
        raise LineError(str(error)) from error


def _ink(said: Any) -> list[Any]:
    """Some of Quick, Draw!'s files have the strokes as a text."""
    ink = Content.from_ink(parse_json(said) if isinstance(said, str) else said).ink
    if ink is None or len(json.dumps(ink)) > MAX_INK_BYTES:
        raise LineError(_("Its strokes take more than %(most)d MB.") % {"most": MAX_INK_BYTES >> 20})
    return ink


def _decode(said: Any) -> bytes:
    head, comma, data = said.partition(",") if isinstance(said, str) else ("", "", "")
    try:
        if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
            raise ValueError(head)
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error) as error:
        raise LineError(_("Its image is no data URL: data:image/png;base64,...")) from error


def _uuid(key: Any, recognizer: str, ink: list[Any] | None, image: bytes | None) -> UUID:
    """The drawing's own, or one that the same drawing always gets: of Quick, Draw!'s key, or of what was drawn."""
    if key is None or key == "":
        content = json.dumps(ink).encode() if image is None else image
        return uuid5(UUID_NAMESPACE, f"{recognizer} {hashlib.sha256(content).hexdigest()}")
    if isinstance(key, bool) or not isinstance(key, str | int) or len(str(key)) > MAX_TEXT_LENGTH:
        raise LineError(_("Its key_id is neither a text nor a number."))
    try:
        return UUID(str(key))
    except ValueError:
        return uuid5(UUID_NAMESPACE, f"{recognizer} {key}")


def _moment(said: Any) -> datetime:
    try:
        text = said.removesuffix(" UTC")
        when = datetime.fromisoformat(text)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise LineError(
            _("%(said)r is no time. Write it as 2017-03-09 00:28:55.637750 UTC.") % {"said": str(said)[:60]}
        ) from error
    if when.year < 1970 or when > timezone.now() + AHEAD:
        raise LineError(_("The time %(said)s cannot be meant.") % {"said": when})
    return when


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH or not (value.isprintable() or not value):
        raise LineError(
            _("Its %(key)s must be one line of at most %(most)d characters.") % {"key": key, "most": MAX_TEXT_LENGTH}
        )
    return value.strip()


def _writer(fields: Mapping[str, Any]) -> str:
    """As in a folder of labelled drawings, where writers may be numbers."""
    writer = fields.get("writer")
    return str(writer) if isinstance(writer, int) else _text(fields, "writer")


def _flag(fields: Mapping[str, Any], key: str) -> bool:
    value = fields.get(key, False)
    if not isinstance(value, bool):
        raise LineError(_("Its %(key)s must be true or false.") % {"key": key})
    return value


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise LineError(_("A probability must be a number from 0 to 1."))
    return float(value)


def _object(said: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise LineError(_("A %(what)s must be an object, {...}.") % {"what": what})
    return said


def _list(said: Any, what: str) -> list[Any]:
    if not isinstance(said, list) or len(said) > MAX_ENTRIES:
        raise LineError(_("Its %(what)s must be a list of at most %(most)d.") % {"what": what, "most": MAX_ENTRIES})
    return said
