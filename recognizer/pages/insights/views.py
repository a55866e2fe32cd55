"""Where is it wrong? For reviewers: confusions with the drawings behind them, doubtful labels, and what is missing."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import PersonRequest
from recognizer.insights import confusion, examples, label_checks, label_errors
from recognizer.insights import coverage as coverages
from recognizer.models import Recognizer
from recognizer.pages.access import for_reviewers
from recognizer.registry import promotions


@require_safe
@never_cache
@for_reviewers
def confusions(request: PersonRequest, slug: str, number: int | None = None) -> HttpResponse:
    """The matrix of one version, the one that answers unless the address names another."""
    context, recognizer = about(slug, promotions.live_recognizers().prefetch_related("labels"))
    version = _version(recognizer, number)
    kinds = confusion.test_kinds(version) if version else []
    kind = request.GET.get("test", "")
    kind = kind if kind in kinds else next(iter(kinds), "")
    context |= {
        "version": version,
        "numbers": _numbers(recognizer, version),
        "kinds": [(each, confusion.KINDS[each]) for each in kinds],
        "kind": kind,
        "test": confusion.confusion_test(version, kind, recognizer.labels.all()) if version else None,
    }
    return render(request, "recognizer/insights/confusion_matrix.html", context)


def _numbers(recognizer: Recognizer, version: Any) -> list[int]:
    newest = list(confusion.versions_with_runs(recognizer).values_list("number", flat=True)[: confusion.MAX_VERSIONS])
    return newest if version is None or version.number in newest else [*newest, version.number]


def _version(recognizer: Recognizer, number: int | None) -> Any:
    """The one of that number; without one the one that answers, if any does."""
    found = confusion.versions_with_runs(recognizer)
    if number is not None:
        return get_object_or_404(found, number=number)
    newest = promotions.current_promotion(recognizer.pk)
    return found.filter(pk=newest.model_version_id).first() if newest else None


@require_safe
@never_cache
@for_reviewers
def cell(request: PersonRequest, slug: str, number: int, kind: str, drawn: str, answered: str) -> HttpResponse:
    """The drawings behind one cell of a matrix."""
    context, recognizer = about(slug, promotions.live_recognizers().prefetch_related("labels"))
    version = _version(recognizer, number)
    if kind not in confusion.test_kinds(version):
        raise Http404
    labels = {label.slug: label for label in recognizer.labels.all()}
    if drawn not in labels or answered not in labels:
        raise Http404
    pair = {"drawn": labels[drawn], "answered": labels[answered]}
    below = request.GET.get("below", "")
    page = confusion.cell_drawings(version, kind, **pair, below=int(below) if _is_id(below) else None)
    context |= pair | {"version": version, "kind": kind, "test": confusion.KINDS[kind], "page": page, "below": below}
    return render(request, "recognizer/insights/confusion_cell.html", context)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19  # more is no id of any database


@require_safe
@never_cache
@for_reviewers
def doubtful(request: PersonRequest, slug: str) -> HttpResponse:
    """Approved drawings whose label is doubtful."""
    context, recognizer = about(slug, promotions.live_recognizers().prefetch_related("labels"))
    label = next((each for each in recognizer.labels.all() if each.slug == request.GET.get("label")), None)
    found = Paginator(label_errors.doubtful_checks(recognizer, label=label), label_errors.PAGE_SIZE)
    page = found.get_page(request.GET.get("page"))
    doubts = label_errors.doubtful_labels(list(page.object_list))
    context |= {
        "label": label,
        "page": page,
        "doubts": doubts,
        "in_a_row": examples.review_query(doubt.exhibit for doubt in doubts if not doubt.is_settled),
        "is_cut": found.count == label_errors.MAX_DOUBTFUL,
    }
    return render(request, "recognizer/insights/label_errors.html", context)


@require_safe
@never_cache
@for_reviewers
def coverage(request: PersonRequest, slug: str) -> HttpResponse:
    """How much there is of each label, against the goal."""
    context, recognizer = about(slug, coverages.with_coverage(promotions.live_recognizers()))
    lines = coverages.label_coverage(recognizer)
    context |= {
        "lines": coverages.furthest_first(lines),
        "goal": lines[0].goal if lines else 0,
        "reached": sum(not line.missing for line in lines),
        "missing": sum(line.missing for line in lines),
        "counted": coverages.counted_at(lines),
    }
    return render(request, "recognizer/insights/coverage.html", context)


def about(slug: str, recognizers: QuerySet[Recognizer]) -> tuple[dict[str, Any], Recognizer]:
    """What all these pages have in common, and the recognizer that the address names; Http404 where there is none."""
    found = list(recognizers)
    recognizer = next((each for each in found if each.slug == slug), None)
    if recognizer is None:
        raise Http404
    behind = label_checks.is_behind()
    return {"recognizers": found, "recognizer": recognizer, "behind": behind}, recognizer
