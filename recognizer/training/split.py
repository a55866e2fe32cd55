"""Splits approved drawings into those to train on (study) and those held back for the exam. No database.

The split depends only on the drawings, not on the time: an author (or, among few people, a drawing) belongs to the exam
by a hash, so what one run held back, the next run holds back too. Drawings that the live version was trained on are
never in the exam of its challenger, because the live version would have an advantage there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

STUDY, EXAM = "study", "exam"
EXAM_SHARE = 0.2
MIN_EXAM_DRAWINGS = 12  # with fewer, the gate says "not enough evidence"
MIN_AUTHORS = 5  # with fewer, the split is by drawing, which is weaker evidence


class ApprovedDrawing(NamedTuple):
    """What the split needs to know of an approved drawing."""

    drawing: int
    uuid: str
    author: int
    label: int
    slug: str
    unseen: bool = False  # accepted by the policy alone; no reviewer looked at it


@dataclass(frozen=True)
class DrawingSplit:
    """The drawings to train on, those for the exam, and why they were split in this way."""

    study: list[ApprovedDrawing]
    exam: list[ApprovedDrawing]
    by_author: bool
    why: str

    @property
    def digest(self) -> str:
        """sha256 over the sorted (uuid, label, part): the same drawings and labels have the same digest."""
        parts = [(row.uuid, row.slug, part) for part, rows in self.parts() for row in rows]
        return hashlib.sha256("\n".join(" ".join(part) for part in sorted(parts)).encode()).hexdigest()

    def parts(self) -> list[tuple[str, list[ApprovedDrawing]]]:
        """Both parts with their names."""
        return [(STUDY, self.study), (EXAM, self.exam)]

    def record(self) -> dict[str, Any]:
        """What is saved with the run, as plain JSON."""
        everything = self.study + self.exam
        return {
            "digest": self.digest,
            "seed": int(self.digest[:8], 16),
            "study": len(self.study),
            "exam": len(self.exam),
            "authors": len({row.author for row in everything}),
            "study_authors": len({row.author for row in self.study}),
            "exam_authors": len({row.author for row in self.exam}),
            "by_author": self.by_author,
            "why": self.why,
            "labels": dict(sorted(Counter(row.slug for row in everything).items())),
        }


def newest_per_author_and_label(rows: Iterable[ApprovedDrawing], cap: int) -> list[ApprovedDrawing]:
    """At most `cap` drawings of each author and label, the newest, so that nobody changes a model alone."""
    taken: list[ApprovedDrawing] = []
    counts: Counter[tuple[int, int]] = Counter()
    for row in sorted(rows, key=lambda row: -row.drawing):
        counts[row.author, row.label] += 1
        if counts[row.author, row.label] <= cap:
            taken.append(row)
    return taken[::-1]


def split_drawings(rows: Sequence[ApprovedDrawing], studied: set[int]) -> DrawingSplit:
    """Hold back about a fifth for the exam: by author, or by drawing if there are too few authors.

    `studied` are the ids of the drawings that the live version was trained on.
    """
    authors = {row.author for row in rows}
    if len(authors) < MIN_AUTHORS:
        count = f"{len(authors)} {'person has' if len(authors) == 1 else 'people have'} approved drawings"
        return _split_by_drawing(rows, studied, f"Split by drawing, which is weaker evidence: only {count}.")
    known = {row.author for row in rows if row.drawing in studied}
    chosen = _choose_for_exam(Counter(row.author for row in rows if row.author not in known), len(rows))
    exam = [row for row in rows if row.author in chosen]
    if len(exam) < MIN_EXAM_DRAWINGS:
        why = "Split by drawing, which is weaker evidence: the live version was trained on drawings of most authors."
        return _split_by_drawing(rows, studied, why)
    study = [row for row in rows if row.author not in chosen]
    return DrawingSplit(study, exam, True, "Split by author: no author is in both parts.")


def _split_by_drawing(rows: Sequence[ApprovedDrawing], studied: set[int], why: str) -> DrawingSplit:
    chosen = _choose_for_exam(Counter(row.uuid for row in rows if row.drawing not in studied), len(rows))
    study = [row for row in rows if row.uuid not in chosen]
    return DrawingSplit(study, [row for row in rows if row.uuid in chosen], False, why)


def _choose_for_exam(weights: Counter[Any], total: int) -> set[Any]:
    """The keys whose hash is below EXAM_SHARE, and the next ones until there are enough drawings; at most half."""
    chosen: set[Any] = set()
    held = 0
    for fraction, key in sorted((_hash_fraction(key), key) for key in weights):
        wanted = fraction < EXAM_SHARE or held < MIN_EXAM_DRAWINGS
        if wanted and held + weights[key] <= total / 2:
            chosen.add(key)
            held += weights[key]
    return chosen


def _hash_fraction(key: object) -> float:
    """The hash of a key as a number from 0 to 1."""
    return int(hashlib.sha256(str(key).encode()).hexdigest()[:8], 16) / 16**8
