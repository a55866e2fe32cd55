"""Health checks: /healthz and /readyz."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from recognizer.models import Recognizer
from recognizer.registry import promotions, serving


@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """200 if the process runs."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 if this process can serve the newest version of every recognizer, else 503 with the problems."""
    try:
        connection.ensure_connection()
        problems = serving.loading_problems()
        if not Recognizer.objects.exists():
            problems["recognizers"] = "None are installed. Run `manage.py install_models`."
        installed = promotions.offered_recognizers().values_list("slug", flat=True)
        versions = {slug: serving.live_version(slug).version.number for slug in installed if slug not in problems}
    except DatabaseError:
        problems, versions = {"database": "It cannot be reached."}, {}
    status = "unavailable" if problems else "ok"
    return JsonResponse({"status": status, "versions": versions, "problems": problems}, status=503 if problems else 200)
