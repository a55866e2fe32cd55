"""Setting an author aside: asking, what came of it, teaching without them, taking it back. For reviewers.

The page that asks is reached with a drawing's correction (from the review room), with drawings, or with people (from
the admin); it says what would be taken out and never who the author is.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.requests import PersonRequest
from recognizer import permissions
from recognizer.models import AuthorExclusion, Correction, Drawing
from recognizer.moderation import exclusions, reports
from recognizer.pages.access import for_reviewers
from recognizer.pages.query import read_ids

PAGE_SIZE = 24
MOST_NAMED = 200  # that the address may name
MOST_LETTERS = 500  # of a reason


@require_safe
@never_cache
@for_reviewers
def all_of_them(request: PersonRequest) -> HttpResponse:
    """Those that hold, and what can be done for the models they taught."""
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
@never_cache
@for_reviewers
def ask(request: PersonRequest) -> HttpResponse:
    """What would be taken out; a POST with a reason does it."""
    authors = _authors(request)
    problem = ""
    if request.method == "POST":
        reason = " ".join(request.POST.get("reason", "").split())
        if reason and len(reason) <= MOST_LETTERS:
            return _set_aside(request, authors, reason)
        problem = _("Give a reason in at most %d letters. Nothing was changed.") % MOST_LETTERS
    context = {
        "authors": authors,
        "asked": [(name, pk) for name in (*_WAYS, "report") for pk in _named(request, name)],
        "impact": exclusions.impact_of(authors),
        "own": request.user.pk in authors,
        "aside": AuthorExclusion.objects.current().filter(author__in=authors).first() if len(authors) == 1 else None,
        "problem": problem,
        "most": MOST_LETTERS,
    }
    return render(request, "recognizer/moderation/exclude.html", context, status=400 if problem else 200)


_WAYS = ("correction", "drawing", "person")


def _named(request: PersonRequest, name: str) -> list[int]:
    return read_ids((request.POST or request.GET).getlist(name))[:MOST_NAMED]


def _authors(request: PersonRequest) -> list[int]:
    """Whom the address means; 404 for nobody. Only who may see people can name them."""
    said = Correction.objects.filter(pk__in=_named(request, "correction")).values_list("drawing__author", flat=True)
    drew = Drawing.objects.filter(pk__in=_named(request, "drawing")).values_list("author", flat=True)
    people = _named(request, "person") if request.user.has_perm(permissions.SEE_PEOPLE) else []
    known = User.objects.filter(pk__in=people).values_list("pk", flat=True)
    found = sorted({*said, *drew, *known})
    if not found:
        raise Http404(_("Its author has left, or there is no such drawing."))
    return found


def _set_aside(request: PersonRequest, authors: list[int], reason: str) -> HttpResponse:
    made = []
    for author in authors:
        try:
            made.append(exclusions.exclude_author(author=author, by=request.user, reason=reason))
        except exclusions.ExclusionError as error:
            messages.warning(request, str(error))
    reports.close_reports_of_excluded(reports=_named(request, "report"), by=request.user)
    if not made:
        return redirect("exclusions")
    text = ngettext("%d author is set aside.", "%d authors are set aside.", len(made)) % len(made)
    messages.success(request, text)
    return redirect("exclusion", made[0].pk) if len(made) == 1 else redirect("exclusions")


@require_safe
@never_cache
@for_reviewers
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """One of them: what it took out, and what can be done for the models."""
    aside = get_object_or_404(AuthorExclusion.objects.select_related("by"), pk=pk, aside=True)
    context = {
        "aside": aside,
        "impact": exclusions.impact_of([aside.author_id]),
        **exclusions.state_of(aside),
    }
    return render(request, "recognizer/moderation/exclusion.html", context | _remedies(request))


@require_POST
@for_reviewers
def retrain(request: PersonRequest) -> HttpResponse:
    """Teach every recognizer anew that answers by what set aside authors taught."""
    runs = exclusions.retrain_without_excluded(by=request.user)
    if len(runs) == 1:
        return redirect("run", runs[0].pk)
    if not runs:
        messages.warning(request, _("Nothing has to be taught anew, or it is being taught already."))
    return redirect("runs")


@require_POST
@for_reviewers
def take_back(request: PersonRequest, pk: int) -> HttpResponse:
    """Their drawings may teach again."""
    aside = get_object_or_404(AuthorExclusion, pk=pk, aside=True)
    try:
        exclusions.lift_exclusion(aside=aside, by=request.user)
    except exclusions.ExclusionError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Taken back. What this author drew may teach again."))
    return redirect("exclusion", pk)
