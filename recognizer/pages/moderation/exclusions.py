"""Excluded authors, for reviewers: exclude an author, see the effect, train without them, lift the exclusion.

The page that asks for the reason gets corrections (from the review page), drawings or people (from the admin). It says
what the exclusion affects, and never who the author is.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.requests import PersonRequest
from recognizer.models import AuthorExclusion, Correction, Drawing, permissions
from recognizer.moderation import exclusions, reports
from recognizer.pages.access import for_reviewers
from recognizer.pages.query import read_ids

PAGE_SIZE = 24
MOST_NAMED = 200  # ids that an address may name
MAX_REASON_LENGTH = 500
NAMED_BY = ("correction", "drawing", "person")


@require_safe
@for_reviewers
def excluded_authors(request: PersonRequest) -> HttpResponse:
    """The exclusions that hold, and the live versions that were trained on drawings of these authors."""
    page = Paginator(exclusions.current_exclusions(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "recognizer/moderation/exclusions.html", {"page": page, **_remedies(request)})


def _remedies(request: PersonRequest) -> dict[str, object]:
    found = exclusions.find_remedies()
    return {
        "remedies": found,
        "free": any(remedy.run is None for remedy in found),
        "may_promote": request.user.has_perm(permissions.PROMOTE),
        "sees_people": request.user.has_perm(permissions.SEE_PEOPLE),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@for_reviewers
def exclude_author(request: PersonRequest) -> HttpResponse:
    """Say what the exclusion would affect. A POST with a reason excludes the authors."""
    authors = _authors(request)
    problem = ""
    if request.method == "POST":
        reason = " ".join(request.POST.get("reason", "").split())
        if reason and len(reason) <= MAX_REASON_LENGTH:
            return _exclude(request, authors, reason)
        problem = _("Give a reason of at most %d characters. Nothing was changed.") % MAX_REASON_LENGTH
    exclusion = AuthorExclusion.objects.current().filter(author__in=authors).first() if len(authors) == 1 else None
    context = {
        "authors": authors,
        "asked": [(name, pk) for name in (*NAMED_BY, "report") for pk in _named(request, name)],
        "impact": exclusions.impact_of(authors),
        "own": request.user.pk in authors,
        "exclusion": exclusion,
        "problem": problem,
        "most": MAX_REASON_LENGTH,
    }
    return render(request, "recognizer/moderation/exclude.html", context, status=400 if problem else 200)


def _named(request: PersonRequest, name: str) -> list[int]:
    return read_ids((request.POST or request.GET).getlist(name))[:MOST_NAMED]


def _authors(request: PersonRequest) -> list[int]:
    """The ids of the named authors. Only people who may see people can name them directly. Raises Http404 for none."""
    corrections = Correction.objects.filter(pk__in=_named(request, "correction"))
    drawings = Drawing.objects.filter(pk__in=_named(request, "drawing"))
    sees_people = request.user.has_perm(permissions.SEE_PEOPLE)
    people = User.objects.filter(pk__in=_named(request, "person") if sees_people else [])
    found = {
        *corrections.values_list("drawing__author", flat=True),
        *drawings.values_list("author", flat=True),
        *people.values_list("pk", flat=True),
    }
    if not found:
        raise Http404(_("There is no such drawing, or its author deleted their account."))
    return sorted(found)


def _exclude(request: PersonRequest, authors: list[int], reason: str) -> HttpResponse:
    made = []
    for author in authors:
        try:
            made.append(exclusions.exclude_author(author=author, by=request.user, reason=reason))
        except exclusions.ExclusionError as error:
            messages.warning(request, str(error), extra_tags="refused")
    reports.close_reports_of_excluded(reports=_named(request, "report"), by=request.user)
    if made:
        text = ngettext("%d author is excluded.", "%d authors are excluded.", len(made)) % len(made)
        messages.success(request, text, extra_tags=f"excluded-{len(made)}")
    return redirect("exclusion", made[0].pk) if len(made) == 1 else redirect("exclusions")


@require_safe
@for_reviewers
def exclusion(request: PersonRequest, pk: int) -> HttpResponse:
    """One exclusion: what it affects, and the live versions that were trained on drawings of excluded authors."""
    found = get_object_or_404(AuthorExclusion.objects.select_related("by"), pk=pk, aside=True)
    state = exclusions.state_of(found)
    context = {
        "exclusion": found,
        "impact": exclusions.impact_of([found.author_id]),
        "holds": state["holds"],
        "lifted": state["later"],
        **_remedies(request),
    }
    return render(request, "recognizer/moderation/exclusion.html", context)


@require_POST
@for_reviewers
def retrain(request: PersonRequest) -> HttpResponse:
    """Start training runs for the recognizers whose live version was trained on drawings of excluded authors."""
    runs = exclusions.retrain_without_excluded(by=request.user)
    if len(runs) == 1:
        return redirect("run", runs[0].pk)
    if not runs:
        messages.warning(request, _("There is nothing to train again, or it is being trained already."))
    return redirect("runs")


@require_POST
@for_reviewers
def lift_exclusion(request: PersonRequest, pk: int) -> HttpResponse:
    """Let the author's drawings be used for training again."""
    found = get_object_or_404(AuthorExclusion, pk=pk, aside=True)
    try:
        exclusions.lift_exclusion(exclusion=found, by=request.user)
    except exclusions.ExclusionError as error:
        messages.warning(request, str(error), extra_tags="refused")
    else:
        text = _("The exclusion is lifted. Drawings by this author can be used for training again.")
        messages.success(request, text, extra_tags="lifted")
    return redirect("exclusion", pk)
