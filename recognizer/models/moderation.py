"""Excluded authors and reports of drawings or pages."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recognizer.models.drawing import Drawing
from recognizer.models.facts import AppendOnly


class AuthorExclusionQuerySet(models.QuerySet["AuthorExclusion"]):
    """Querysets of author exclusions."""

    def newest(self) -> Self:
        """The newest row of each author."""
        return self.filter(replaced_by__replaces__isnull=True)

    def current(self) -> Self:
        """Those in force: the newest row of their author, if it excludes them."""
        return self.newest().filter(aside=True)


class AuthorExclusion(AppendOnly, models.Model):
    """Excludes all drawings of an author from training; a later row with `aside` false ends the exclusion.

    Each row replaces the author's row before it. `User.set_aside` says the same: queries that choose drawings read
    that column.
    """

    author = models.ForeignKey(User, models.CASCADE, related_name="set_asides", verbose_name=_("author"))
    aside = models.BooleanField(_("excluded"), help_text=_("Otherwise the exclusion was lifted."))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    replaces = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = AuthorExclusionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        db_table = "recognizer_setaside"
        verbose_name = _("excluded author")
        verbose_name_plural = _("excluded authors")
        constraints = [
            models.UniqueConstraint(
                fields=["author"], condition=Q(replaces__isnull=True), name="one_first_set_aside_per_author"
            ),
            models.CheckConstraint(
                condition=Q(aside=True) | Q(replaces__isnull=False), name="taking_back_needs_a_set_aside"
            ),
            models.CheckConstraint(condition=~Q(aside=True) | ~Q(reason=""), name="set_aside_says_why"),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(replaces=F("id")), name="set_aside_replaces_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author_id}: {self.reason}"


class ReportQuerySet(models.QuerySet["Report"]):
    """Querysets of reports."""

    def open(self) -> Self:
        """Those that nobody has handled."""
        return self.filter(outcome="")


class Report(models.Model):
    """Something that a person, signed in or not, reported about a page or a drawing.

    It changes once, by a conditional update: from open to its outcome.
    """

    class Reason(models.TextChoices):
        """What is wrong."""

        OFFENSIVE = "offensive", _("offensive or hurtful")
        PERSONAL = "personal", _("it shows private data of a person")
        RIGHTS = "rights", _("it belongs to somebody else")
        WRONG = "wrong", _("it is wrong")
        OTHER = "other", _("something else")

    class Outcome(models.TextChoices):
        """What was done about it."""

        HIDDEN = "hidden", _("the drawing was rejected")
        SET_ASIDE = "set-aside", _("its author was excluded")
        DISMISSED = "dismissed", _("no action was needed")
        SOLVED = "solved", _("solved")

    page = models.CharField(_("page"), max_length=200)
    drawing = models.ForeignKey(
        Drawing, models.CASCADE, null=True, blank=True, related_name="reports", verbose_name=_("drawing")
    )
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices)
    words = models.CharField(_("description"), max_length=500, blank=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    handled_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )
    handled = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        indexes = [models.Index(fields=["id"], condition=Q(outcome=""), name="report_open")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="", handled__isnull=True) | ~Q(outcome="") & Q(handled__isnull=False),
                name="handled_reports_have_an_end",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.page}"
