"""Tables, their constraints and their querysets.

History is appended, not edited: rows of Drawing, Prediction, Correction, Review, ModelVersion and Promotion are
written once, and the newest row counts. Other rows change: a TrainingRun, a BaseDataSet and a Delivery change their
state, a Process reports itself, a Memory and a QueueEntry follow corrections and reviews.
"""

from recognizer.models.base_data import BaseDataSet
from recognizer.models.base_test import BaseTest
from recognizer.models.claim import Claim
from recognizer.models.control import Control, ControlQuerySet
from recognizer.models.correction import Correction
from recognizer.models.drawing import DeletedDrawing, Drawing, DrawingQuerySet
from recognizer.models.example_set import ExampleSet
from recognizer.models.exchange import Export, ExportChunk, ExportQuerySet, ImportedDrawing, ImportJob
from recognizer.models.facts import AppendOnly, ImmutableError
from recognizer.models.idempotency import Receipt, ReceiptQuerySet
from recognizer.models.insights import AnswerWeek, Bookmark, Confusion, Coverage, LabelCheck, WorstMistakes
from recognizer.models.model_version import ModelVersion, ModelVersionQuerySet, Promotion
from recognizer.models.moderation import AuthorExclusion, AuthorExclusionQuerySet, Report, ReportQuerySet
from recognizer.models.opinion import Opinion, OpinionQuerySet
from recognizer.models.personal_memory import Memory, Remembered, RememberedQuerySet
from recognizer.models.policy import Policy
from recognizer.models.prediction import PersonalAnswer, PersonalAnswerReason, Prediction
from recognizer.models.process import Process, ProcessQuerySet
from recognizer.models.queue_entry import QueueEntry, QueueEntryQuerySet, Use
from recognizer.models.recognizer import Label, Recognizer, Tone, UnknownLabelError
from recognizer.models.review import Review, ReviewQuerySet
from recognizer.models.training import SnapshotItem, TrainingRun, TrainingRunQuerySet
from recognizer.models.webhook import TEST_EVENT, Delivery, DeliveryQuerySet, Event, Webhook
