"""Write a report: answer the drawings, make the sections, write the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ml.bundles.bundle import Bundle
from ml.data.labelled_files import EvaluationError, LabelledDrawings
from ml.progress import Progress, no_progress
from ml.reporting.html.page import Illustration, page
from ml.reporting.html.results import EvaluatedDrawings, answer_drawings, compare_versions
from ml.reporting.html.sections import about, all_sections
from ml.reporting.html.version_comparison import version_section

PAGE = "report.html"
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
    junk: bool = False,
    progress: Progress = no_progress,
) -> Path:
    """Write `report.html` and its pictures as PNG files into `out`. Returns the path of the page.

    `drawings` are on the bundle's raster. `against` is another version to compare with; if it uses another raster,
    `against_drawings` are the same drawings on that one. With `junk`, drawings of other labels are negatives. Raises
    EvaluationError for drawings or versions that do not fit.
    """
    answered = answer_drawings(bundle, drawings, junk=junk, progress=progress)
    if not answered.real.any():
        raise EvaluationError("None of the drawings has a label of this recognizer. There is nothing to report.")
    comparison = []
    if against:
        other_drawings = drawings if bundle.raster == against.raster else against_drawings
        if other_drawings is None:
            raise EvaluationError("The other version uses another raster. Read the drawings on its raster too.")
        other = answer_drawings(against, other_drawings, junk=junk, progress=progress)
        versions = compare_versions(answered, _reorder_labels(other, answered))
        comparison = [version_section(versions, against.manifest)]
    first, *others = all_sections(answered, bundle.manifest)
    sections = [first, *comparison, *others]
    title = bundle.manifest.get("title") or bundle.manifest["recognizer"]
    content = page(f"{title}: a report", about(bundle.manifest, len(answered.truth)), sections)
    out.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:  # those of an earlier report
        (out / f"{name}.png").unlink(missing_ok=True)
    for part in (part for section in sections for part in section.parts):
        if isinstance(part, Illustration):
            (out / f"{part.name}.png").write_bytes(part.picture.light)
    (out / PAGE).write_text(content, "utf-8")
    return out / PAGE


def _reorder_labels(answered: EvaluatedDrawings, like: EvaluatedDrawings) -> EvaluatedDrawings:
    """The answers with the labels in the order of `like`; unchanged if they cannot be compared."""
    if set(like.slugs) != set(answered.slugs) or len(like.truth) != len(answered.truth):
        return answered
    probabilities = answered.probabilities[:, [answered.slugs.index(slug) for slug in like.slugs]]
    return replace(answered, labels=like.labels, truth=like.truth, probabilities=probabilities)
