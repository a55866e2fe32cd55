"""The nouns: what is kept, and what must always hold about it.

Facts are appended, not edited. Rows of Drawing, Prediction, Correction, ModelVersion and Promotion
are written once; what is newest counts.
"""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ImmutableError(TypeError):
    """Somebody tried to edit a fact."""


class Recognizer(models.Model):
    """A set of labels and the line of model versions that tells them apart."""

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["position", "slug"]
        verbose_name = _("recognizer")
        verbose_name_plural = _("recognizers")

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    """One class of a recognizer. `position` is its output of the network; `slug` never changes."""

    recognizer = models.ForeignKey(Recognizer, models.CASCADE, related_name="labels", verbose_name=_("recognizer"))
    slug = models.SlugField(_("slug"))
    glyph = models.CharField(_("glyph"), max_length=16, blank=True, help_text=_("What a person sees: 7, ৭ or nothing."))
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        ordering = ["recognizer", "position"]
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        constraints = [
            models.UniqueConstraint(fields=["recognizer", "slug"], name="one_label_per_slug"),
            models.UniqueConstraint(fields=["recognizer", "position"], name="one_label_per_position"),
        ]

    def __str__(self) -> str:
        return self.glyph or self.name


class AppendOnly:
    """A row that is written once. Deleting it is allowed: people may take back what is theirs."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new row; an existing one is refused with ImmutableError."""
        if not self._state.adding:  # type: ignore[attr-defined]
            raise ImmutableError(f"{self!r} is a fact and cannot be edited. Append a new one.")
        super().save(*args, **kwargs)  # type: ignore[misc]


class DrawingQuerySet(models.QuerySet["Drawing"]):
    """Questions about many drawings."""

    def by(self, author: Any) -> Self:
        """Those that this person drew, newest first."""
        return self.filter(author=author).order_by("-id")

    def with_answers(self) -> Self:
        """Together with what the models said and what the author says, in a fixed number of queries.

        Pictures are left in the database: a drawing without ink is one.
        """
        return (
            self.select_related("recognizer")
            .defer("image")
            .prefetch_related(
                models.Prefetch(
                    "predictions",
                    Prediction.objects.select_related("label", "model_version")
                    .defer("model_version__tflite", "model_version__keras", "model_version__manifest")
                    .order_by("-id"),
                ),
                models.Prefetch(
                    "corrections", Correction.objects.standing().select_related("label"), to_attr="standing"
                ),
            )
        )

    def labelled(self, slug: str) -> Self:
        """Those of this label: what the author says counts, else what a model said and was sure of."""
        said = Correction.objects.standing().filter(label__isnull=False)
        guessed = Prediction.objects.filter(label__slug=slug, unsure=False).values("drawing")
        return self.filter(
            Q(pk__in=said.filter(label__slug=slug).values("drawing"))
            | (Q(pk__in=guessed) & ~Q(pk__in=said.values("drawing")))
        )

    def corrected(self) -> Self:
        """Those whose author said what they are."""
        return self.filter(pk__in=Correction.objects.standing().filter(label__isnull=False).values("drawing"))

    def uncorrected(self) -> Self:
        """Those whose author has not said, or no longer says, what they are."""
        return self.exclude(pk__in=Correction.objects.standing().filter(label__isnull=False).values("drawing"))

    def agreed(self) -> Self:
        """Those of which the author says what the model said first."""
        return self._with_verdicts().filter(said=F("guessed"))

    def overruled(self) -> Self:
        """Those of which the author says something else than the model said first."""
        return self._with_verdicts().filter(said__isnull=False).exclude(said=F("guessed"))

    def unsure(self) -> Self:
        """Those of which the first answer was "not sure"."""
        return self._with_verdicts().filter(doubted=True)

    def _with_verdicts(self) -> Self:
        first = Prediction.objects.filter(drawing=OuterRef("pk")).order_by("id")
        said = Correction.objects.standing().filter(drawing=OuterRef("pk"))
        return self.annotate(
            guessed=Subquery(first.values("label")[:1]),
            doubted=Subquery(first.values("unsure")[:1]),
            said=Subquery(said.values("label")[:1]),
        )


class Drawing(AppendOnly, models.Model):
    """Ink or a picture, who drew it, and for which recognizer."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recognizer = models.ForeignKey(Recognizer, models.PROTECT, related_name="drawings", verbose_name=_("recognizer"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="drawings", verbose_name=_("author")
    )
    ink = models.JSONField(_("ink"), null=True, help_text=_("Strokes: [[[x…], [y…], [t…]], …]."))
    image = models.BinaryField(_("picture"), null=True, help_text=_("A grey PNG of what was uploaded."))
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = DrawingQuerySet.as_manager()
    standing: list[Correction]  # set by with_answers()

    class Meta:
        verbose_name = _("drawing")
        verbose_name_plural = _("drawings")
        indexes = [models.Index(fields=["author", "-id"], name="drawing_by_author")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ink__isnull=False, image__isnull=True) | Q(ink__isnull=True, image__isnull=False),
                name="drawing_is_ink_or_image",
            )
        ]

    def __str__(self) -> str:
        return f"{self.recognizer_id}/{self.uuid}"


class ModelVersion(AppendOnly, models.Model):
    """One trained network of a recognizer with its labels, as one verified bundle."""

    recognizer = models.ForeignKey(Recognizer, models.PROTECT, related_name="versions", verbose_name=_("recognizer"))
    number = models.PositiveIntegerField(_("number"))
    manifest = models.JSONField(_("manifest"))
    tflite = models.BinaryField(_("LiteRT model"))
    keras = models.BinaryField(_("Keras model"))
    sha256 = models.CharField(_("SHA-256 of the LiteRT model"), max_length=64)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["recognizer", "-number"]
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints = [
            models.UniqueConstraint(fields=["recognizer", "number"], name="one_version_per_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="version_numbers_start_at_1"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="version_sha256_is_hex"),
        ]

    def __str__(self) -> str:
        return pgettext_lazy("model version", "version %(number)d") % {"number": self.number}


class Prediction(AppendOnly, models.Model):
    """The ranked answer of one model version to one drawing."""

    drawing = models.ForeignKey(Drawing, models.CASCADE, related_name="predictions", verbose_name=_("drawing"))
    model_version = models.ForeignKey(
        ModelVersion, models.PROTECT, related_name="predictions", verbose_name=_("model version")
    )
    guesses = models.JSONField(_("guesses"), help_text=_("[[label slug, probability], …], the likeliest first."))
    label = models.ForeignKey(Label, models.PROTECT, related_name="predictions", verbose_name=_("first guess"))
    probability = models.FloatField(_("probability"))
    unsure = models.BooleanField(_("not sure"))
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        constraints = [
            models.UniqueConstraint(fields=["drawing", "model_version"], name="one_prediction_per_version"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="prediction_probability_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.probability:.0%})"


class CorrectionQuerySet(models.QuerySet["Correction"]):
    """Questions about many corrections."""

    def standing(self) -> Self:
        """Those that no later one replaces."""
        return self.filter(replaced_by__isnull=True)


class Correction(AppendOnly, models.Model):
    """What its author says a drawing is; agreeing counts. No label means: taken back."""

    drawing = models.ForeignKey(Drawing, models.CASCADE, related_name="corrections", verbose_name=_("drawing"))
    label = models.ForeignKey(
        Label, models.PROTECT, null=True, blank=True, related_name="corrections", verbose_name=_("label")
    )
    replaces = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        constraints = [
            models.UniqueConstraint(
                fields=["drawing"], condition=Q(replaces__isnull=True), name="one_first_correction_per_drawing"
            ),
            models.CheckConstraint(
                condition=Q(label__isnull=False) | Q(replaces__isnull=False), name="first_correction_names_a_label"
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(replaces=F("id")), name="correction_replaces_another"
            ),
        ]

    def __str__(self) -> str:
        return str(self.label or "–")


class Promotion(AppendOnly, models.Model):
    """The moment a version became the one that answers. The newest is active; a stale one is refused."""

    recognizer = models.ForeignKey(Recognizer, models.PROTECT, related_name="promotions", verbose_name=_("recognizer"))
    model_version = models.ForeignKey(
        ModelVersion, models.PROTECT, related_name="promotions", verbose_name=_("model version")
    )
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    reason = models.CharField(_("reason"), max_length=200)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        indexes = [models.Index(fields=["recognizer", "-id"], name="promotion_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["recognizer"], condition=Q(replaces__isnull=True), name="one_first_promotion_per_recognizer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.recognizer_id}: {self.model_version_id}"
