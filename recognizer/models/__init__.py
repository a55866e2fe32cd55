"""The nouns: what is kept, and what must always hold about it.

Facts are appended, not edited. Rows of Drawing, Prediction, Correction, Review, ModelVersion and
Promotion are written once; what is newest counts. A TrainingRun moves, under conditional updates; a Memory
follows what its person says, a Place what was said and decided, a Delivery how far it came.
"""

from recognizer.models.dataset import Export, ExportQuerySet, Import, Origin, Piece
from recognizer.models.drawing import Drawing, DrawingQuerySet
from recognizer.models.facts import AppendOnly, ImmutableError
from recognizer.models.insight import Bookmark, Confusion, Coverage, LabelCheck
from recognizer.models.memory import Memory, Remembered, RememberedQuerySet
from recognizer.models.opinions import Correction, CorrectionQuerySet, PersonalAnswer, Prediction, Reason
from recognizer.models.place import Place, PlaceQuerySet, Use
from recognizer.models.receipt import Receipt, ReceiptQuerySet
from recognizer.models.recognizer import Label, Recognizer, Tone
from recognizer.models.review import Claim, Review, ReviewQuerySet
from recognizer.models.reviewers import Control, ControlQuerySet, Opinion, OpinionQuerySet
from recognizer.models.safety import Report, ReportQuerySet, SetAside, SetAsideQuerySet
from recognizer.models.training import Policy, SnapshotItem, TrainingRun, TrainingRunQuerySet
from recognizer.models.version import ModelVersion, Promotion
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
    "Use",
    "Webhook",
    "WebhookQuerySet",
]
