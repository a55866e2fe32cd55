"""Where the API is."""

from django.urls import path, re_path
from django.views.decorators.cache import never_cache

from recognizer.api import views

app_name = "api"
urlpatterns = [
    path("predict", views.PredictView.as_view(), name="predict"),
    path("recognizers", views.RecognizersView.as_view(), name="recognizers"),
    path("drawings", never_cache(views.DrawingsView.as_view()), name="drawings"),
    path("drawings/<uuid:uuid>", never_cache(views.DrawingView.as_view()), name="drawing"),
    path("drawings/<uuid:uuid>/image", views.DrawingImageView.as_view(), name="drawing-image"),
    path("drawings/<uuid:uuid>/correction", never_cache(views.CorrectionView.as_view()), name="correction"),
    re_path("", views.NothingHereView.as_view()),
]
