"""What can be recognised."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from ml.data.prompts import PLACEHOLDER, prompt_problem
from recognizer.models.label_language import language_of


class UnknownLabelError(LookupError):
    """The recognizer of the drawing has no such label."""


class Recognizer(models.Model):
    """A set of labels and the line of model versions that tells them apart."""

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    prompt = models.CharField(
        _("prompt"),
        max_length=120,
        blank=True,
        help_text=_("What the sheet asks for, with {glyph} or {name} where the label stands: Draw {name}."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["position", "slug"]
        verbose_name = _("recognizer")
        verbose_name_plural = _("recognizers")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A prompt needs a place for its label."""
        if self.prompt and prompt_problem(self.prompt):
            words = _now("A prompt needs {glyph} or {name} once, where the label stands: Draw {name}.")
            raise ValidationError({"prompt": words})

    @property
    def language(self) -> str:
        """Of its name, where that is not Latin."""
        return language_of(self.name)

    @property
    def sentence(self) -> str:
        """The prompt with its hole: its own, or the usual one."""
        return self.prompt or _now("How do you write {glyph}?")

    @property
    def asks(self) -> tuple[str, str]:
        """What the sheet says before and after the label it asks for."""
        before, _hole, after = PLACEHOLDER.sub("\0", self.sentence, count=1).partition("\0")
        return before, after

    @property
    def asks_by_name(self) -> bool:
        """What stands in the hole is the label's name, also where it has a glyph."""
        hole = PLACEHOLDER.search(self.sentence)
        return hole is not None and hole[1] == "name"


class Tone(models.TextChoices):
    """The colour of a label, as it looks on paper and on slate (static/css/tokens.css); neighbours differ."""

    BLUE = "blue", _("blue")
    RUST = "rust", _("rust")
    GREEN = "green", _("green")
    PLUM = "plum", _("plum")
    SKY = "sky", _("sky")
    BRICK = "brick", _("brick")
    MOSS = "moss", _("moss")
    VIOLET = "violet", _("violet")
    TEAL = "teal", _("teal")
    ROSE = "rose", _("rose")
    OLIVE = "olive", _("olive")
    UMBER = "umber", _("umber")

    @classmethod
    def at(cls, position: int) -> Tone:
        """The one that a label of this position has until somebody chooses another."""
        return list(cls)[position % len(cls)]


class Label(models.Model):
    """One class of a recognizer. `position` is its output of the network; `slug` never changes."""

    recognizer = models.ForeignKey(Recognizer, models.CASCADE, related_name="labels", verbose_name=_("recognizer"))
    slug = models.SlugField(_("slug"))
    glyph = models.CharField(_("glyph"), max_length=16, blank=True, help_text=_("What a person sees: 7, ৭ or nothing."))
    name = models.CharField(_("name"), max_length=80)
    prompt = models.CharField(
        _("in the prompt"), max_length=80, blank=True, help_text=_("Instead of glyph or name: an alarm clock.")
    )
    tone = models.CharField(_("colour"), max_length=8, choices=Tone.choices, default=Tone.BLUE)
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

    @property
    def asked(self) -> str:
        """What stands for it in a prompt."""
        return self.prompt or ("" if self.recognizer.asks_by_name else self.glyph) or self.name

    @property
    def language(self) -> str:
        """Of what people see of it, where that is not Latin."""
        return language_of(self.glyph or self.name)
