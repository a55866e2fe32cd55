"""What can be recognised."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


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
