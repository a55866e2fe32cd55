"""Pages and API of the recognizers."""

from django.urls import include, path

from recognizer import account_views, health
from recognizer.views import notebook, sheet

urlpatterns = [
    path("", sheet.draw, name="draw"),
    path("drawings/", notebook.drawings, name="drawings"),
    path("drawings/<uuid:uuid>/correction/", notebook.correct, name="drawing-correction"),
    path("drawings/<uuid:uuid>/delete/", notebook.delete, name="drawing-delete"),
    path("privacy/", sheet.privacy, name="privacy"),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("accounts/download/", account_views.download, name="account_download"),
    path("api/v1/", include("recognizer.api.urls")),
]
