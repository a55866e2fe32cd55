"""Insights about the models and the data, for reviewers: confusions, possible label errors, coverage."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.requests import PersonRequest
from recognizer.insights import confusion, examples, label_checks
from recognizer.insights import coverage as coverages
from recognizer.insights import drift as drifts
from recognizer.insights import label_errors as errors
from recognizer.models import Recognizer
from recognizer.pages import pagination
from recognizer.pages.access import for_reviewers
from recognizer.pages.label_choice import MOST_SHOWN, find_label_or_none, label_choices, label_counts
from recognizer.pages.query import read_id
from recognizer.registry import promotions

LABELS_OF_MANY = 12  # on a page of the coverage of very many labels


@require_safe
@for_reviewers
def confusion_matrix(request: PersonRequest, slug: str, number: int | None = None) -> HttpResponse:
    """The confusion matrix of the version that the address names, else of the live version."""
    context, recognizer = insights_context(slug, promotions.live_recognizers())
    version = _version(recognizer, number)
    kinds = confusion.test_kinds(version) if version else []
    kind = request.GET.get("test", "")
    kind = kind if kind in kinds else next(iter(kinds), "")
    versions = confusion.versions_with_runs(recognizer)
    numbers = list(versions.values_list("number", flat=True)[: confusion.MAX_VERSIONS])
    context |= {
        "version": version,
        "numbers": numbers if version is None or version.number in numbers else [*numbers, version.number],
        "kinds": [(each, confusion.KINDS[each]) for each in kinds],
        "kind": kind,
        "test": confusion.confusion_test(version, kind, recognizer) if version else None,
    }
    return render(request, "recognizer/insights/confusion_matrix.html", context)


def _version(recognizer: Recognizer, number: int | None) -> Any:
    """The version with this number; without a number the live version, if there is one."""
    found = confusion.versions_with_runs(recognizer)
    if number is not None:
        return get_object_or_404(found, number=number)
    newest = promotions.current_promotion(recognizer.pk)
    return found.filter(pk=newest.model_version_id).first() if newest else None


@require_safe
@for_reviewers
def confusion_cell(
    request: PersonRequest, slug: str, number: int, kind: str, drawn: str, answered: str
) -> HttpResponse:
    """The drawings behind one cell of a confusion matrix."""
    context, recognizer = insights_context(slug, promotions.live_recognizers())
    version = _version(recognizer, number)
    labels = {label.slug: label for label in recognizer.labels.filter(slug__in=[drawn, answered])}
    if kind not in confusion.test_kinds(version) or drawn not in labels or answered not in labels:
        raise Http404
    pair = {"drawn": labels[drawn], "answered": labels[answered]}
    below = read_id(request.GET.get("below"))
    page = confusion.cell_drawings(version, kind, **pair, below=below)
    context |= pair | {"version": version, "kind": kind, "test": confusion.KINDS[kind], "page": page, "below": below}
    return render(request, "recognizer/insights/confusion_cell.html", context)


@require_safe
@for_reviewers
def label_errors(request: PersonRequest, slug: str) -> HttpResponse:
    """Approved drawings whose label is probably wrong."""
    context, recognizer = insights_context(slug, promotions.live_recognizers())
    label = find_label_or_none(recognizer, request.GET.get("label"))
    paginator = Paginator(errors.doubtful_checks(recognizer, label=label), errors.PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    doubts = errors.doubtful_labels(list(page.object_list))
    context |= {
        "label": label,
        "choice": label_choices([recognizer])[recognizer.pk],
        "page": page,
        "doubts": doubts,
        "review_query": examples.review_query(doubt.example for doubt in doubts if not doubt.is_settled),
        "is_cut": paginator.count == errors.MAX_DOUBTFUL,
    }
    return render(request, "recognizer/insights/label_errors.html", context)


@require_safe
@for_reviewers
def coverage(request: PersonRequest, slug: str) -> HttpResponse:
    """How many approved drawings each label has, compared with the goal."""
    context, recognizer = insights_context(slug, promotions.live_recognizers().select_related("policy"))
    choice = label_counts([recognizer])[recognizer.pk]
    label = find_label_or_none(recognizer, request.GET.get("label")) if choice.many else None
    summary = coverages.coverage_summary(recognizer)
    rows = coverages.furthest_first(recognizer)
    rows = rows.filter(pk=label.pk) if label else rows
    page = pagination.paginate(rows, request.GET, LABELS_OF_MANY if choice.many else MOST_SHOWN)
    context |= {
        "summary": summary,
        "page": page,
        "lines": coverages.label_coverage(page.object_list, summary.goal),
        "choice": choice,
        "label": label,
    }
    return render(request, "recognizer/insights/coverage.html", context)


@require_safe
@for_reviewers
def drift(request: PersonRequest, slug: str) -> HttpResponse:
    """How the live version answers people's drawings, week by week, beside its base test."""
    context, recognizer = insights_context(slug, promotions.live_recognizers())
    weeks = drifts.weeks_of(recognizer)
    judged = drifts.judged_week(weeks)
    shown = judged or next(iter(weeks), None)
    test = shown.test if shown else None
    labels = recognizer.labels.defer("names", "codes") if shown else []
    lines: list[dict[str, Any]] = [
        {"label": label, "week": shown.answers.share(label.slug), "test": test.share(label.slug) if test else 0.0}
        for label in labels
        if shown
    ]
    context |= {
        "weeks": weeks,
        "judged": judged,
        "shown": shown,
        "test": test,
        "differences": judged.differences if judged else [],
        "lines": sorted(lines, key=lambda line: -abs(line["week"] - line["test"]))[:MOST_SHOWN],
        "least": drifts.MIN_DRAWINGS,
        "people": drifts.MIN_PEOPLE,
        "distance": round(drifts.MIN_DISTANCE * 100),
        "difference": round(drifts.MIN_DIFFERENCE * 100),
    }
    return render(request, "recognizer/insights/drift.html", context)


def insights_context(slug: str, recognizers: QuerySet[Recognizer]) -> tuple[dict[str, Any], Recognizer]:
    """The context that all insights pages share, and the recognizer with this slug. Raises Http404."""
    found = list(recognizers)
    recognizer = next((each for each in found if each.slug == slug), None)
    if recognizer is None:
        raise Http404
    return {"recognizers": found, "recognizer": recognizer, "behind": label_checks.is_behind()}, recognizer
