"""The addresses of the API."""

from django.urls import path, re_path
from django.views.decorators.cache import never_cache

from recognizer.api.views import drawings, exports, not_found, openapi, predict, recognizers, usage, versions

app_name = "api"
urlpatterns = [
    path("predict", predict.PredictView.as_view(), name="predict"),
    path("predict/picture", predict.PredictPictureView.as_view(), name="predict-picture"),
    path("predict/batch", predict.BatchView.as_view(), name="predict-batch"),
    path("predictions/<uuid:uuid>", never_cache(drawings.PredictionView.as_view()), name="prediction"),
    path("predictions/<uuid:uuid>/feedback", never_cache(drawings.FeedbackView.as_view()), name="feedback"),
    path("recognizers", recognizers.RecognizersView.as_view(), name="recognizers"),
    path("recognizers/<slug:slug>", recognizers.RecognizerView.as_view(), name="recognizer"),
    path("recognizers/<slug:slug>/labels", recognizers.LabelsView.as_view(), name="labels"),
    path("recognizers/<slug:slug>/model", versions.ModelView.as_view(), name="model"),
    path("recognizers/<slug:slug>/model.tflite", versions.ModelFileView.as_view(), name="model-file"),
    path("recognizers/<slug:slug>/vectors", versions.VectorsView.as_view(), name="vectors"),
    path("recognizers/<slug:slug>/versions", versions.VersionsView.as_view(), name="versions"),
    path("recognizers/<slug:slug>/versions/<int:number>", versions.VersionView.as_view(), name="version"),
    path("recognizers/<slug:slug>/versions/<int:number>/model", versions.ModelView.as_view(), name="version-model"),
    path(
        "recognizers/<slug:slug>/versions/<int:number>/model.tflite",
        versions.ModelFileView.as_view(),
        name="version-model-file",
    ),
    path(
        "recognizers/<slug:slug>/versions/<int:number>/vectors", versions.VectorsView.as_view(), name="version-vectors"
    ),
    path("live-versions", versions.LiveVersionsView.as_view(), name="live-versions"),
    path("drawings", never_cache(drawings.DrawingsView.as_view()), name="drawings"),
    path("pictures", never_cache(drawings.PicturesView.as_view()), name="pictures"),
    path("drawings/<uuid:uuid>", never_cache(drawings.DrawingView.as_view()), name="drawing"),
    path("drawings/<uuid:uuid>/image", drawings.DrawingImageView.as_view(), name="drawing-image"),
    path("drawings/<uuid:uuid>/correction", never_cache(drawings.CorrectionView.as_view()), name="correction"),
    path("corrections", never_cache(drawings.CorrectionsView.as_view()), name="corrections"),
    path("exports", never_cache(exports.ExportsView.as_view()), name="exports"),
    path("exports/<int:number>", never_cache(exports.ExportView.as_view()), name="export"),
    path("exports/<int:number>/file", never_cache(exports.ExportFileView.as_view()), name="export-file"),
    path("usage", never_cache(usage.UsageView.as_view()), name="usage"),
    path("openapi.json", openapi.DocumentView.as_view(), name="document"),
    path("openapi.yaml", openapi.DocumentView.as_view(as_yaml=True), name="document-yaml"),
    re_path("", not_found.NotFoundView.as_view()),
]
