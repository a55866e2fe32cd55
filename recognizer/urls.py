"""Pages and API of the recognizers."""

from django.urls import include, path

from recognizer import account_views, health, views

urlpatterns = [
    path("", views.draw, name="draw"),
    path("drawings/", views.drawings, name="drawings"),
    path("drawings/<uuid:uuid>/correction/", views.correct, name="drawing-correction"),
    path("drawings/<uuid:uuid>/delete/", views.delete, name="drawing-delete"),
    path("privacy/", views.privacy, name="privacy"),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("accounts/download/", account_views.download, name="account_download"),
    path("api/v1/", include("recognizer.api.urls")),
]
