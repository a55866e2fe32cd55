"""Which approved drawings are studied, and which are held back for the exam. Pure: rows in, a choice out.

The choice depends on the drawings alone, not on the day: a hand (or, among few people, a drawing) belongs to the exam
by a hash, so what was held back from one run is held back from the next. What taught the version that serves is never
in the exam of its challenger: it would know the answers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

STUDY, EXAM = "study", "exam"
EXAM_SHARE = 0.2
MIN_EXAM_DRAWINGS = 5  # drawings; the gate calls fewer "not enough evidence"
MIN_AUTHORS = 5  # with fewer the exam is split by drawing, which is weaker evidence


class ApprovedDrawing(NamedTuple):
    """An approved drawing, as much of it as the choice needs."""

    drawing: int
    uuid: str
    author: int
    label: int
    slug: str
    unseen: bool = False
    """Whether it was accepted by policy alone, without a look."""


@dataclass(frozen=True)
class DrawingSplit:
    """Which drawings are studied and which are examined on, and why so."""

    study: list[ApprovedDrawing]
    exam: list[ApprovedDrawing]
    by_author: bool
    why: str

    @property
    def digest(self) -> str:
        """sha256 over sorted (uuid, label, part): the same drawings with the same labels give the same digest."""
        parts = [(row.uuid, row.slug, part) for part, rows in self.parts() for row in rows]
        return hashlib.sha256("\n".join(" ".join(part) for part in sorted(parts)).encode()).hexdigest()

    def parts(self) -> list[tuple[str, list[ApprovedDrawing]]]:
        """Both parts with their names."""
        return [(STUDY, self.study), (EXAM, self.exam)]

    def record(self) -> dict[str, Any]:
        """What is kept with the run, as plain JSON."""
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
    """At most `cap` drawings of one author and label; the newest, so that nobody steers a model alone."""
    kept: list[ApprovedDrawing] = []
    counts: Counter[tuple[int, int]] = Counter()
    for row in sorted(rows, key=lambda row: -row.drawing):
        counts[row.author, row.label] += 1
        if counts[row.author, row.label] <= cap:
            kept.append(row)
    return kept[::-1]


def split_drawings(rows: Sequence[ApprovedDrawing], studied: set[int]) -> DrawingSplit:
    """Hold about a fifth back for the exam: by author, or by drawing where there are too few people for that.

    `studied` are the ids of the drawings that taught the version that serves.
    """
    authors = {row.author for row in rows}
    if len(authors) < MIN_AUTHORS:
        few = f"{len(authors)} {'person has' if len(authors) == 1 else 'people have'} approved drawings"
        return _split_by_drawing(rows, studied, f"Split by drawing, which is weaker evidence: only {few}.")
    known = {row.author for row in rows if row.drawing in studied}
    chosen = _hold_back(Counter(row.author for row in rows if row.author not in known), len(rows), MIN_EXAM_DRAWINGS)
    exam = [row for row in rows if row.author in chosen]
    if len(exam) < MIN_EXAM_DRAWINGS:
        why = "Split by drawing, which is weaker evidence: too few drawings by people whom the version does not know."
        return _split_by_drawing(rows, studied, why)
    return DrawingSplit(
        [row for row in rows if row.author not in chosen], exam, True, "Split by author: no hand is in both parts."
    )


def _split_by_drawing(rows: Sequence[ApprovedDrawing], studied: set[int], why: str) -> DrawingSplit:
    new = Counter(row.uuid for row in rows if row.drawing not in studied)
    chosen = _hold_back(new, len(rows), MIN_EXAM_DRAWINGS)
    study = [row for row in rows if row.uuid not in chosen]
    return DrawingSplit(study, [row for row in rows if row.uuid in chosen], False, why)


def _hold_back(weights: Counter[Any], total: int, least: int) -> set[Any]:
    """Keys whose hash lies in the first fifth, and the next ones until `least` drawings are held; never above half."""
    chosen: set[Any] = set()
    held = 0
    for place, key in sorted((_place(key), key) for key in weights):
        wanted = place < EXAM_SHARE or held < least
        if wanted and held + weights[key] <= total / 2:
            chosen.add(key)
            held += weights[key]
    return chosen


def _place(key: object) -> float:
    """Where the hash of a key lies, from 0 to 1."""
    return int(hashlib.sha256(str(key).encode()).hexdigest()[:8], 16) / 16**8
