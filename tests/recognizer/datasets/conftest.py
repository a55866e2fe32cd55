"""Drawings with every kind of history, and the commands for exports and imports."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from ml.preprocessing.content import Content
from recognizer.drawings import corrections, store
from recognizer.models import Correction, Drawing, Export, ImportJob, Recognizer
from recognizer.review import decisions
from tests.ink import DOT, ONE, SCRIBBLE, SEVEN, ZERO
from tests.pages.conftest import as_rita, keep, named, rita

__all__ = ["as_rita", "rita"]

Command = Callable[..., str]


def counts(output: str) -> tuple[int, ...]:
    """What `import_drawings` printed last: imported, existing, refused, and perhaps predictions left out."""
    return tuple(int(number.replace(",", "")) for number in re.findall(r"[\d,]+(?<=\d)", output.splitlines()[-1]))


def refusals(output: str) -> dict[str, str]:
    """The reasons that `import_drawings` printed, by location."""
    return dict(line.split(": ", 1) for line in output.splitlines()[:-1])


def picture() -> bytes:
    """A photo of a seven on paper."""
    paper = np.full((120, 100), 235, np.uint8)
    cv2.polylines(paper, [np.array([[20, 20], [80, 20], [45, 100]], np.int32)], False, 20, 6)
    return cv2.imencode(".png", paper)[1].tobytes()


def send_picture(author: User) -> Drawing:
    """A picture that its author labelled."""
    drawing, _new = store.save_drawing(author=author, recognizer="digits", content=Content.from_image(picture()))
    corrections.correct(drawing=drawing, label="7")
    return drawing


@pytest.fixture
def community(digits: Recognizer, alice: User, bob: User, rita: User) -> dict[str, Drawing]:
    """One drawing of each status, one with a long history, one picture."""
    accepted = named(alice, SEVEN, "7")
    decisions.accept(correction=accepted, reviewer=rita)
    relabelled = named(alice, ONE, "7")
    decisions.relabel(correction=relabelled, reviewer=rita, label="1")
    rejected = named(bob, SCRIBBLE, "3")
    decisions.reject(correction=rejected, reviewer=rita, reason="scribble")
    return {
        "accepted": accepted.drawing,
        "relabelled": relabelled.drawing,
        "rejected": rejected.drawing,
        "undecided": named(bob, ZERO, "0").drawing,
        "unnamed": keep(bob, DOT),
        "eventful": _eventful(alice, rita),
        "picture": send_picture(alice),
    }


def _eventful(author: User, reviewer: User) -> Drawing:
    """Labelled, accepted, undone, rejected, withdrawn, none of these, labelled again and accepted."""
    said = named(author, [[[0, 10.5, 20], [0, -3.25, 1e-7], [0, 16, 33]], [[5], [5]]], "4")
    decisions.accept(correction=said, reviewer=reviewer)
    decisions.undo(review=said.reviews.get(), reviewer=reviewer)
    decisions.reject(correction=said, reviewer=reviewer, reason="other")
    corrections.take_back(drawing=said.drawing)
    corrections.mark_none_of_these(drawing=said.drawing)
    decisions.accept(correction=corrections.correct(drawing=said.drawing, label="9"), reviewer=reviewer)
    return said.drawing


def wipe() -> None:
    """Delete all people and drawings, but not recognizers and versions."""
    Correction.objects.all().delete()
    Drawing.objects.all().delete()
    ImportJob.objects.all().delete()
    Export.objects.all().delete()
    User.objects.all().delete()


@pytest.fixture
def export(tmp_path: Path) -> Command:
    """Run `manage.py export_drawings`. Returns its output."""

    def run(file: Path | str, *options: str) -> str:
        out = io.StringIO()
        call_command("export_drawings", str(file), *options, stdout=out)
        return out.getvalue()

    return run


@pytest.fixture
def bring() -> Command:
    """Run `manage.py import_drawings`. Returns its output, refusals first."""

    def run(file: Path | str, *options: str, licence: str = "CC BY 4.0") -> str:
        out, err = io.StringIO(), io.StringIO()
        call_command("import_drawings", str(file), f"--licence={licence}", *options, stdout=out, stderr=err)
        return err.getvalue() + out.getvalue()

    return run


@pytest.fixture
def as_other_reviewer(db: None) -> Client:
    """A browser of a second reviewer."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.org", "a rather long word"))
    return client
