"""Pages and API of the recognizers."""

from django.urls import include, path

from recognizer import account_views, health
from recognizer.views import dataset, insight, memory, models, notebook, progress, review, review_grid, runs, sheet

urlpatterns = [
    path("api/v1/", include("recognizer.api.urls")),  # first, as it is asked most
    path("", sheet.draw, name="draw"),
    path("draw/<slug:slug>/", sheet.draw, name="draw-for"),
    path("drawings/", notebook.drawings, name="drawings"),
    path("drawings/<uuid:uuid>/correction/", notebook.correct, name="drawing-correction"),
    path("drawings/<uuid:uuid>/delete/", notebook.delete, name="drawing-delete"),
    path("drawings/<uuid:uuid>/picture/", runs.picture, name="drawing-picture"),
    path("memory/", memory.show, name="memory"),
    path("memory/<slug:slug>/forget/", memory.forget, name="memory-forget"),
    path("memory/<slug:slug>/forget-all/", memory.forget_all, name="memory-forget-all"),
    path("memory/<slug:slug>/switch/", memory.switch, name="memory-switch"),
    path("progress/", progress.show, name="progress"),
    path("progress/<slug:slug>/promote/", progress.promote, name="promote"),
    path("progress/<slug:slug>/roll-back/", progress.roll_back, name="roll-back"),
    path("models/", models.all_models, name="models"),
    path("models/<slug:slug>/", models.model, name="model"),
    path("models/<slug:slug>/<int:number>/", models.model, name="model-version"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/status", runs.status, name="run-status"),
    path("runs/<int:pk>/cancel/", runs.cancel, name="run-cancel"),
    path("review/confusion/<slug:slug>/", insight.confusions, name="confusion"),
    path("review/confusion/<slug:slug>/<int:number>/", insight.confusions, name="confusion-version"),
    path(
        "review/confusion/<slug:slug>/<int:number>/<slug:kind>/<slug:drawn>/<slug:answered>/",
        insight.cell,
        name="confusion-cell",
    ),
    path("review/doubtful/<slug:slug>/", insight.doubtful, name="doubtful"),
    path("review/coverage/<slug:slug>/", insight.coverage, name="coverage"),
    path("review/", review.show, name="review"),
    path("review/next/", review.ahead, name="review-next"),
    path("review/undo/", review.undo, name="review-undo"),
    path("review/again/", review.again, name="review-again"),
    path("review/release/", review.release, name="review-release"),
    path("review/<int:pk>/", review.decide, name="review-decide"),
    path("review/grid/", review_grid.grid, name="review-grid"),
    path("review/grid/undo/", review_grid.undo, name="review-grid-undo"),
    # Data out, before review/
    path("review/export/", dataset.exports, name="exports"),
    path("review/export/<int:pk>/", dataset.download, name="export-download"),
    path("review/export/<int:pk>/status", dataset.status, name="export-status"),
    path("review/export/<int:pk>/delete/", dataset.delete, name="export-delete"),
    path("privacy/", sheet.privacy, name="privacy"),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("accounts/download/", account_views.download, name="account_download"),
]
