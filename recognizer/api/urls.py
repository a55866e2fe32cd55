"""Where the API is."""

from django.urls import path, re_path
from django.views.decorators.cache import never_cache

from recognizer.api.views import corrections, drawings, nothing, predict, recognizers

app_name = "api"
urlpatterns = [
    path("predict", predict.PredictView.as_view(), name="predict"),
    path("recognizers", recognizers.RecognizersView.as_view(), name="recognizers"),
    path("drawings", never_cache(drawings.DrawingsView.as_view()), name="drawings"),
    path("drawings/<uuid:uuid>", never_cache(drawings.DrawingView.as_view()), name="drawing"),
    path("drawings/<uuid:uuid>/image", drawings.DrawingImageView.as_view(), name="drawing-image"),
    path("drawings/<uuid:uuid>/correction", never_cache(corrections.CorrectionView.as_view()), name="correction"),
    re_path("", nothing.NothingHereView.as_view()),
]
