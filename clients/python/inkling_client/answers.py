"""The answers of the site as dataclasses. Fields that a newer site adds are ignored."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

Data = Mapping[str, Any]


@dataclass(frozen=True)
class LatexCode:
    """A command of LaTeX: the package that it needs ("" for none), and its mode: "math", "text" or "both"."""

    code: str
    package: str
    mode: str


@dataclass(frozen=True)
class UnicodeCharacter:
    """A character of Unicode, its code point ("U+00B1") and its name."""

    character: str
    code_point: str
    name: str


@dataclass(frozen=True)
class Codes:
    """How LaTeX, Typst, Unicode and HTML write a symbol. The first of each is the usual one; all may be empty."""

    latex: list[LatexCode] = field(default_factory=list)
    typst: list[str] = field(default_factory=list)
    unicode: list[UnicodeCharacter] = field(default_factory=list)
    html: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, data: Data) -> Codes:
        """From JSON."""
        return cls(
            latex=[LatexCode(each["code"], each["package"], each["mode"]) for each in data.get("latex", [])],
            typst=[str(each) for each in data.get("typst", [])],
            unicode=[
                UnicodeCharacter(each["character"], each["code_point"], each["name"])
                for each in data.get("unicode", [])
            ],
            html=[str(each) for each in data.get("html", [])],
        )


@dataclass(frozen=True)
class Label:
    """One symbol that a recognizer knows: `slug` for programs, `glyph` and `name` for people.

    `names` are further names and `codes` how others write it. Only `labels` returns them.
    """

    slug: str
    glyph: str
    name: str
    names: list[str] = field(default_factory=list)
    codes: Codes = field(default_factory=Codes)

    @classmethod
    def read(cls, data: Data) -> Label:
        """From JSON."""
        names, codes = list(data.get("names", [])), Codes.read(data.get("codes", {}))
        return cls(data["slug"], data["glyph"], data["name"], names, codes)


@dataclass(frozen=True)
class Recognizer:
    """A set of labels, and the number of its live version (None before the first)."""

    slug: str
    name: str
    prompt: str
    labels: list[Label]
    model_version: int | None

    @classmethod
    def read(cls, data: Data) -> Recognizer:
        """From JSON."""
        labels = [Label.read(label) for label in data["labels"]]
        return cls(data["slug"], data["name"], data["prompt"], labels, data["model_version"])


@dataclass(frozen=True)
class Guess:
    """A label and its probability, from 0 to 1. Those of all labels add up to less than 1.

    `names` and `codes` are there with `include=["codes"]`.
    """

    label: str
    glyph: str
    name: str
    probability: float
    names: list[str] = field(default_factory=list)
    codes: Codes = field(default_factory=Codes)

    @classmethod
    def read(cls, data: Data) -> Guess:
        """From JSON."""
        names, codes = list(data.get("names", [])), Codes.read(data.get("codes", {}))
        return cls(data["label"], data["glyph"], data["name"], data["probability"], names, codes)


@dataclass(frozen=True)
class Prediction:
    """Ranked guesses. `unsure`: do not trust the first guess. `id`: of a saved prediction, for feedback."""

    recognizer: str
    model_version: int
    guesses: list[Guess]
    unsure: bool
    id: UUID | None = None
    personal: bool = False  # whether the memory of the key's person changed it
    elsewhere: tuple[str, Guess] | None = None  # a recognizer that is much more certain, and its guess
    embedding: list[float] | None = field(default=None, repr=False)
    figure: Data | None = field(default=None, repr=False)  # the fitted shape: label, values, path, box, error
    raster: bytes | None = field(default=None, repr=False)  # what the network saw, a PNG

    @classmethod
    def read(cls, data: Data, *, recognizer: str = "", model_version: int = 0) -> Prediction:
        """From JSON. Items of a batch or a list do not have recognizer and version themselves."""
        other = data.get("elsewhere")
        return cls(
            recognizer=data.get("recognizer", recognizer),
            model_version=data.get("model_version", model_version),
            guesses=[Guess.read(guess) for guess in data["guesses"]],
            unsure=data["unsure"],
            id=UUID(data["prediction"]) if data.get("prediction") else None,
            personal=bool((data.get("personal") or {}).get("used")),
            elsewhere=(other["recognizer"], Guess.read(other["guess"])) if other else None,
            embedding=data.get("embedding"),
            figure=data.get("figure"),
            raster=base64.b64decode(data["raster"].partition(",")[2]) if data.get("raster") else None,
        )

    @property
    def best(self) -> Guess:
        """The most probable guess."""
        return self.guesses[0]

    @property
    def label(self) -> str:
        """The slug of the most probable guess."""
        return self.best.label


@dataclass(frozen=True)
class Correction:
    """A person's label for a drawing, and whether it agrees with the first guess.

    `label` is None if the person says that no label is right (`none_of_these`).
    """

    label: str | None
    glyph: str
    name: str
    agrees: bool
    created: datetime
    none_of_these: bool = False
    origin: str | None = None
    """`round` if a round asked for the label."""

    @classmethod
    def read(cls, data: Data) -> Correction:
        """From JSON."""
        said = (data["label"], data["glyph"], data["name"], data["agrees"], _time(data["created"]))
        return cls(*said, none_of_these=data.get("none_of_these", False), origin=data.get("origin"))


@dataclass(frozen=True)
class Feedback:
    """The feedback on a saved prediction."""

    prediction: UUID
    correction: Correction

    @classmethod
    def read(cls, data: Data) -> Feedback:
        """From JSON."""
        return cls(UUID(data["prediction"]), Correction.read(data["correction"]))


@dataclass(frozen=True)
class Drawing:
    """A saved drawing with its prediction and correction. `ink` is None for a picture."""

    id: UUID
    recognizer: str
    created: datetime
    ink: list[list[list[float]]] | None = field(repr=False)
    prediction: Prediction | None
    correction: Correction | None

    @classmethod
    def read(cls, data: Data) -> Drawing:
        """From JSON."""
        slug, answer, correction = data["recognizer"], data["prediction"], data["correction"]
        return cls(
            id=UUID(data["id"]),
            recognizer=slug,
            created=_time(data["created"]),
            ink=data["ink"],
            prediction=Prediction.read(answer, recognizer=slug) if answer else None,
            correction=Correction.read(correction) if correction else None,
        )


@dataclass(frozen=True)
class Version:
    """A model version. `verdict`: the sentences of the gate. `metrics`: figures by test set."""

    number: int
    active: bool
    created: datetime
    first_answered: datetime | None
    sha256: str
    bytes: int
    unsure_below: float
    outcome: str | None  # "passed": the others have no version; None if no training run made it
    verdict: list[str] = field(repr=False)
    metrics: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, data: Data) -> Version:
        """From JSON."""
        verdict = data["verdict"] or {}
        return cls(
            number=data["number"],
            active=data["active"],
            created=_time(data["created"]),
            first_answered=_time(data["first_answered"]) if data["first_answered"] else None,
            sha256=data["sha256"],
            bytes=data["bytes"],
            unsure_below=data["unsure_below"],
            outcome=verdict.get("outcome"),
            verdict=[str(each) for each in verdict.get("sentences", [])],
            metrics=dict(data["metrics"]),
        )


@dataclass(frozen=True)
class Usage:
    """How many calls a key made on a day (UTC)."""

    day: date
    key: str  # the prefix of the key, which is not secret
    name: str
    calls: int

    @classmethod
    def read(cls, data: Data) -> Usage:
        """From JSON."""
        return cls(date.fromisoformat(data["day"]), data["key"]["prefix"], data["key"]["name"], data["calls"])


@dataclass(frozen=True)
class Model:
    """A LiteRT file for use on a device. Pass its `etag` to `download_model` to see whether there is a newer one."""

    content: bytes = field(repr=False)
    etag: str
    version: int | None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
