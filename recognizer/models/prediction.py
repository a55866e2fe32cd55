"""Prediction and PersonalAnswer: what a model version, and a person's memory with it, answered to a drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ml.statistics import floor_percent
from recognizer.models.facts import AppendOnly
from recognizer.models.model_version import ModelVersion
from recognizer.models.recognizer import Label

if TYPE_CHECKING:
    from recognizer.models.drawing import Drawing


LISTED_GUESSES = 60  # of an answer: that are saved, and that a program gets if it does not say how many it wants

# The first guess that the person was shown, with their memory where it changed the answer. See Prediction.given.
ANSWERED = Coalesce("personal__label", "label")


class Prediction(AppendOnly, models.Model):
    """The ranked answer of one model version to one drawing."""

    drawing = models.ForeignKey("Drawing", models.CASCADE, related_name="predictions", verbose_name=_("drawing"))
    model_version = models.ForeignKey(
        ModelVersion, models.PROTECT, related_name="predictions", verbose_name=_("model version")
    )
    guesses = models.JSONField(_("guesses"), help_text=_("[[label slug, probability], …], the likeliest first."))
    label = models.ForeignKey(Label, models.PROTECT, related_name="predictions", verbose_name=_("first guess"))
    probability = models.FloatField(_("probability"))
    unsure = models.BooleanField(_("not sure"))
    on_device = models.BooleanField(
        _("on the device"),
        default=False,
        db_default=False,  # for a process of the version before, while a site is upgraded
        help_text=_("The copy of the model on the author's device answered."),
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        indexes = [
            models.Index(fields=["drawing", "id"], name="prediction_first"),  # the live answer of a drawing
            models.Index(fields=["created"], name="prediction_created"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["drawing", "model_version"], name="one_prediction_per_version"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="prediction_probability_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({floor_percent(self.probability)}%)"

    @property
    def given(self) -> Prediction | PersonalAnswer:
        """The answer that the person was shown: with their memory where it changed the answer."""
        return getattr(self, "personal", self)


class PersonalAnswer(AppendOnly, models.Model):
    """The answer that a person was shown where their memory changed it; the prediction has the model's own answer."""

    prediction = models.OneToOneField(Prediction, models.CASCADE, related_name="personal", verbose_name=_("prediction"))
    guesses = models.JSONField(_("guesses"), help_text=_("[[label slug, probability], …], the likeliest first."))
    label = models.ForeignKey(Label, models.PROTECT, related_name="personal_answers", verbose_name=_("first guess"))
    probability = models.FloatField(_("probability"))
    unsure = models.BooleanField(_("not sure"))
    because: models.ManyToManyField[Drawing, PersonalAnswerReason] = models.ManyToManyField(
        "Drawing", through="PersonalAnswerReason", related_name="+", verbose_name=_("reasons")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("personal answer")
        verbose_name_plural = _("personal answers")
        indexes = [models.Index(fields=["created"], name="personal_answer_created")]
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="personal_probability_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({floor_percent(self.probability)}%)"


class PersonalAnswerReasonQuerySet(models.QuerySet["PersonalAnswerReason"]):
    """Querysets of reasons of personal answers."""

    def with_drawings(self) -> Self:
        """With the uuids of their drawings, and nothing else of these."""
        return self.select_related("drawing").only("answer", "drawing__uuid")


class PersonalAnswerReason(AppendOnly, models.Model):
    """A remembered drawing that changed the answer; the strongest come first. Deleted with the drawing."""

    answer = models.ForeignKey(
        PersonalAnswer, models.CASCADE, related_name="reasons", verbose_name=_("personal answer")
    )
    drawing = models.ForeignKey("Drawing", models.CASCADE, related_name="+", verbose_name=_("drawing"))

    objects = PersonalAnswerReasonQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        db_table = "recognizer_reason"
        verbose_name = _("reason of a personal answer")
        verbose_name_plural = _("reasons of personal answers")
        constraints = [models.UniqueConstraint(fields=["answer", "drawing"], name="a_drawing_is_one_reason")]

    def __str__(self) -> str:
        return f"{self.answer_id}: {self.drawing_id}"
