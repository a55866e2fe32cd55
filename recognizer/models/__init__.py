"""The nouns: what is kept, and what must always hold about it.

Facts are appended, not edited. Rows of Drawing, Prediction, Correction, Review, ModelVersion and
Promotion are written once; what is newest counts. A TrainingRun moves, under conditional updates; a Memory
follows what its person says, a Place what was said and decided, a Delivery how far it came.
"""

from recognizer.models.claim import Claim
from recognizer.models.control import Control, ControlQuerySet
from recognizer.models.correction import Correction, CorrectionQuerySet
from recognizer.models.drawing import Drawing, DrawingQuerySet
from recognizer.models.exchange import Export, ExportQuerySet, Import, Origin, Piece
from recognizer.models.facts import AppendOnly, ImmutableError
from recognizer.models.idempotency import Receipt, ReceiptQuerySet
from recognizer.models.insights import Bookmark, Confusion, Coverage, LabelCheck
from recognizer.models.model_version import ModelVersion, Promotion
from recognizer.models.moderation import Report, ReportQuerySet, SetAside, SetAsideQuerySet
from recognizer.models.opinion import Opinion, OpinionQuerySet
from recognizer.models.personal_memory import Memory, Remembered, RememberedQuerySet
from recognizer.models.policy import Policy
from recognizer.models.prediction import PersonalAnswer, Prediction, Reason
from recognizer.models.queue_entry import Place, PlaceQuerySet, Use
from recognizer.models.recognizer import Label, Recognizer, Tone, UnknownLabelError
from recognizer.models.review import Review, ReviewQuerySet
from recognizer.models.training import SnapshotItem, TrainingRun, TrainingRunQuerySet
from recognizer.models.webhook import TEST_EVENT, Delivery, DeliveryQuerySet, Event, Webhook, WebhookQuerySet

__all__ = [
    "TEST_EVENT",
    "AppendOnly",
    "Bookmark",
    "Claim",
    "Confusion",
    "Control",
    "ControlQuerySet",
    "Correction",
    "CorrectionQuerySet",
    "Coverage",
    "Delivery",
    "DeliveryQuerySet",
    "Drawing",
    "DrawingQuerySet",
    "Event",
    "Export",
    "ExportQuerySet",
    "ImmutableError",
    "Import",
    "Label",
    "LabelCheck",
    "Memory",
    "ModelVersion",
    "Opinion",
    "OpinionQuerySet",
    "Origin",
    "PersonalAnswer",
    "Piece",
    "Place",
    "PlaceQuerySet",
    "Policy",
    "Prediction",
    "Promotion",
    "Reason",
    "Receipt",
    "ReceiptQuerySet",
    "Recognizer",
    "Remembered",
    "RememberedQuerySet",
    "Report",
    "ReportQuerySet",
    "Review",
    "ReviewQuerySet",
    "SetAside",
    "SetAsideQuerySet",
    "SnapshotItem",
    "Tone",
    "TrainingRun",
    "TrainingRunQuerySet",
    "UnknownLabelError",
    "Use",
    "Webhook",
    "WebhookQuerySet",
]
