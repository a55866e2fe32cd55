"""The door of a report: ask, put the chapters together, write the files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ml.bundles.bundle import Bundle
from ml.data.labelled_files import EvaluationError, LabelledDrawings
from ml.progress import Progress, no_progress
from ml.reporting.html.page import Illustration, Section, page
from ml.reporting.html.results import EvaluatedDrawings, answer_drawings, compare_versions
from ml.reporting.html.sections import Epochs, about, all_sections
from ml.reporting.html.version_comparison import version_section

PAGE = "report.html"
HISTORY = "history.json"
PICTURES = (
    "samples", "learning", "labels", "confusion", "mistakes", "calibration", "writers", "junk", "versions", "won",
    "lost",
)  # fmt: skip


def write_report(
    bundle: Bundle,
    drawings: LabelledDrawings,
    out: Path,
    *,
    against: Bundle | None = None,
    against_drawings: LabelledDrawings | None = None,
    history: Epochs | None = None,
    junk: bool = False,
    progress: Progress = no_progress,
) -> Path:
    """Write the report into `out`: `report.html`, and each picture as a PNG beside it. Gives the page's path.

    `drawings` are read with the bundle's raster. `against` is another version to compare with; where it
    sees ink otherwise, `against_drawings` are the same drawings read with its raster. `history` is what
    `read_history` gives. With `junk`, drawings of other labels are to be answered "not sure". Raises
    EvaluationError for drawings or versions that do not fit.
    """
    answered = answer_drawings(bundle, drawings, junk=junk, progress=progress)
    if not answered.real.any():
        raise EvaluationError("None of the drawings shows a label of this recognizer, so there is nothing to report.")
    beside: list[Section] = []
    if against:
        seen = _for_the_other(bundle, against, drawings, against_drawings)
        duel = compare_versions(
            answered, _in_order(answer_drawings(against, seen, junk=junk, progress=progress), answered)
        )
        beside = [version_section(duel, against.manifest)]
    first, *others = all_sections(answered, history)
    sections = [first, *beside, *others]
    title = bundle.manifest.get("title") or bundle.manifest["recognizer"]
    return _save(page(f"{title}: a report", about(bundle.manifest, len(answered.truth)), sections), sections, out)


def read_history(folder: Path) -> list[dict[str, float]] | None:
    """The record of a training beside its bundle; None if there is none. Raises EvaluationError if it is damaged."""
    place = folder / HISTORY
    if not place.is_file():
        return None
    try:
        history = json.loads(place.read_text("utf-8"))
        return [{key: float(line[key]) for key in ("epoch", "loss", "accuracy", "seconds")} for line in history]
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f"{place} is not the record of a training: {error!r}. Delete it, or train again."
        ) from error


def _for_the_other(
    bundle: Bundle, other: Bundle, drawings: LabelledDrawings, read: LabelledDrawings | None
) -> LabelledDrawings:
    if bundle.raster == other.raster:
        return drawings
    if read is None:
        raise EvaluationError("The other version sees ink otherwise. Read the drawings with its raster, too.")
    return read


def _in_order(answered: EvaluatedDrawings, like: EvaluatedDrawings) -> EvaluatedDrawings:
    """The answers with the labels in the order of `like`; as they are where the labels are not the same."""
    places = {label["slug"]: place for place, label in enumerate(answered.labels)}
    slugs = [label["slug"] for label in like.labels]
    if set(slugs) != set(places) or len(like.truth) != len(answered.truth):
        return answered
    probabilities = answered.probabilities[:, [places[slug] for slug in slugs]]
    return replace(answered, labels=like.labels, truth=like.truth, probabilities=probabilities)


def _save(content: str, sections: Sequence[Section], out: Path) -> Path:
    """Write the files; pictures of an earlier report, which this one has not, are removed."""
    out.mkdir(parents=True, exist_ok=True)
    shown = [part for section in sections for part in section.parts if isinstance(part, Illustration)]
    for name in PICTURES:
        (out / f"{name}.png").unlink(missing_ok=True)
    for part in shown:
        (out / f"{part.name}.png").write_bytes(part.picture.light)
    (out / PAGE).write_text(content, "utf-8")
    return out / PAGE
