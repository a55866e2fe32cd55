"""Recognizer and Label: the sets of labels that drawings are recognised as."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ml.bundles.labels import label_problem
from ml.data.prompts import PLACEHOLDER, prompt_problem
from recognizer.models.label_language import in_page_language, language_of


class UnknownLabelError(LookupError):
    """The recognizer of the drawing has no such label."""


class Recognizer(models.Model):
    """A set of labels, and the model versions that recognise them."""

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    prompt = models.CharField(
        _("prompt"),
        max_length=120,
        blank=True,
        help_text=_("The request on the drawing page, with {glyph} or {name} in place of the label: Draw {name}."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_on = models.BooleanField(
        _("switched on"),
        default=True,
        db_default=True,
        help_text=_("Off: the pages do not offer it and it answers no new drawings. Its drawings and versions stay."),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["position", "slug"]
        verbose_name = _("recognizer")
        verbose_name_plural = _("recognizers")

    def __str__(self) -> str:
        return in_page_language("recognizer", self.name)

    def clean(self) -> None:
        """Check that the prompt contains {glyph} or {name} once."""
        if self.prompt and prompt_problem(self.prompt):
            words = gettext("A prompt needs {glyph} or {name} once, in place of the label: Draw {name}.")
            raise ValidationError({"prompt": words})

    @property
    def language(self) -> str:
        """The language code of its name; empty for the language of the page."""
        return language_of(str(self))

    @property
    def sentence(self) -> str:
        """The prompt with its placeholder, in the language of the page: its own, or the default one."""
        return in_page_language("prompt", self.prompt or "How do you write {glyph}?")

    @property
    def asks(self) -> tuple[str, str]:
        """The words of the prompt before and after the label."""
        before, _hole, after = PLACEHOLDER.sub("\0", self.sentence, count=1).partition("\0")
        return before, after

    @property
    def asks_by_name(self) -> bool:
        """Whether the prompt uses the label's name even if it has a glyph."""
        hole = PLACEHOLDER.search(self.sentence)
        return hole is not None and hole[1] == "name"


class Tone(models.TextChoices):
    """The colour of a label; static/css/tokens.css has each for light and dark mode. Neighbours differ."""

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
        """The default for a label of this position."""
        return list(cls)[position % len(cls)]


def _empty(content: list[Any] | dict[str, Any]) -> Value:
    """A default of the database, for a process of the version before, while a site is upgraded."""
    return Value(content, output_field=models.JSONField())


class Label(models.Model):
    """One class of a recognizer. `position` is the index of the network's output; `slug` never changes.

    `names`, `looks_like` and `codes` are as in a manifest (`ml.bundles.labels`).
    """

    recognizer = models.ForeignKey(Recognizer, models.CASCADE, related_name="labels", verbose_name=_("recognizer"))
    slug = models.SlugField(_("slug"))
    glyph = models.CharField(
        _("glyph"), max_length=16, blank=True, help_text=_("The symbol that people see: 7, ৭. Empty if there is none.")
    )
    name = models.CharField(_("name"), max_length=80)
    prompt = models.CharField(
        _("in the prompt"),
        max_length=80,
        blank=True,
        help_text=_("Used in the prompt instead of glyph or name: an alarm clock."),
    )
    tone = models.CharField(_("colour"), max_length=8, choices=Tone.choices, default=Tone.BLUE)
    position = models.PositiveSmallIntegerField(_("position"))
    names = models.JSONField(
        _("further names"),
        default=list,
        db_default=_empty([]),
        blank=True,
        help_text=_("A list of names that people search for."),
    )
    looks_like = models.JSONField(
        _("looks like"),
        default=list,
        db_default=_empty([]),
        blank=True,
        help_text=_("A list of labels of other recognizers that are drawn in the same way: digits/0."),
    )
    codes = models.JSONField(
        _("codes"),
        default=dict,
        db_default=_empty({}),
        blank=True,
        help_text=_("How LaTeX, Typst, Unicode and HTML write it: see docs/adding-a-recognizer.md."),
    )
    changed = models.DateTimeField(_("changed"), auto_now=True, db_default=Now())

    class Meta:
        ordering = ["recognizer", "position"]
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        constraints = [
            models.UniqueConstraint(fields=["recognizer", "slug"], name="one_label_per_slug"),
            models.UniqueConstraint(fields=["recognizer", "position"], name="one_label_per_position"),
        ]

    def __str__(self) -> str:
        return self.glyph or self.word

    def clean(self) -> None:
        """Check names, look-alikes and codes as those of a manifest are checked."""
        parts = {"slug": self.slug, "glyph": self.glyph, "name": self.name}
        problems = {
            name: label_problem({**parts, name: value})
            for name, value in (("names", self.names), ("looks_like", self.looks_like), ("codes", self.codes))
        }
        if found := {name: problem for name, problem in problems.items() if problem}:
            raise ValidationError(found)

    @property
    def word(self) -> str:
        """Its name in the language of the page."""
        return in_page_language("label", self.name)

    @property
    def asked(self) -> str:
        """The words for it in a prompt."""
        own = in_page_language("label", self.prompt)
        return own or ("" if self.recognizer.asks_by_name else self.glyph) or self.word

    @property
    def spoken(self) -> str:
        """What a screen reader says of a button that shows it: the glyph too, so that people can name the button."""
        return f"{self.glyph} {self.word}".strip()

    @property
    def language(self) -> str:
        """The language code of its glyph or name; empty for the language of the page."""
        return language_of(str(self))
