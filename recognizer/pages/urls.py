"""Which address leads to which page."""

from django.urls import path, re_path

from recognizer.pages import account, discovery, health, label_files
from recognizer.pages.developers import docs, keys, webhooks
from recognizer.pages.draw import views as draw
from recognizer.pages.drawings import views as drawings
from recognizer.pages.exports import views as exports
from recognizer.pages.insights import reviewers
from recognizer.pages.insights import views as insights
from recognizer.pages.memory import views as memory
from recognizer.pages.models import attribution
from recognizer.pages.models import views as models
from recognizer.pages.moderation import audit, exclusions, reports
from recognizer.pages.offline import views as offline
from recognizer.pages.operations import views as operations
from recognizer.pages.progress import views as progress
from recognizer.pages.review import focus, grid, picture
from recognizer.pages.rounds import views as rounds
from recognizer.pages.runs import base_data
from recognizer.pages.runs import views as runs

urlpatterns = [
    path("", draw.draw, name="draw"),
    path("draw/<slug:slug>/", draw.draw, name="draw-for"),
    path("rounds/", rounds.rounds, name="rounds"),
    path("rounds/<slug:slug>/", rounds.rounds, name="rounds-for"),
    path("rounds/<slug:slug>/labels", rounds.round_labels, name="round-labels"),
    path("rounds/<slug:slug>/examples", rounds.round_examples, name="round-examples"),
    path("sw.js", offline.service_worker, name="service-worker"),
    path("inkling.webmanifest", offline.manifest, name="manifest"),
    path("offline/", offline.offline_page, name="offline"),
    path("offline/sheet/", offline.offline_sheet, name="offline-sheet"),
    path("offline/rounds/", offline.offline_rounds, name="offline-rounds"),
    path("offline/session", offline.session, name="offline-session"),
    path("share/", offline.share, name="share"),
    path("robots.txt", discovery.robots, name="robots"),
    path("sitemap.xml", discovery.sitemap, name="sitemap"),
    path(".well-known/security.txt", discovery.security, name="security"),
    path("favicon.ico", discovery.favicon, name="favicon"),
    path("drawings/", drawings.drawings, name="drawings"),
    path("drawings/delete/", drawings.delete_many, name="drawings-delete"),
    path("drawings/<uuid:uuid>/correction/", drawings.correct, name="drawing-correction"),
    path("drawings/<uuid:uuid>/delete/", drawings.delete, name="drawing-delete"),
    path("drawings/<uuid:uuid>/picture/", picture.drawing_picture, name="drawing-picture"),
    path("labels/<slug:slug>/<slug:language>/<slug:token>.json", label_files.labels, name="labels"),
    re_path(r"^glyphs/(?P<slug>[\w-]+)/(?P<sha256>[0-9a-f]{16})\.svg$", label_files.glyphs, name="glyphs"),
    path("memory/", memory.memory, name="memory"),
    path("memory/<slug:slug>/device", memory.device_copy, name="memory-device"),
    path("memory/<slug:slug>/forget/", memory.forget, name="memory-forget"),
    path("memory/<slug:slug>/forget-all/", memory.forget_all, name="memory-forget-all"),
    path("memory/<slug:slug>/switch/", memory.switch, name="memory-switch"),
    path("progress/", progress.progress, name="progress"),
    path("progress/<slug:slug>/promote/", progress.promote, name="promote"),
    path("progress/<slug:slug>/roll-back/", progress.roll_back, name="roll-back"),
    path("attribution/", attribution.attribution, name="attribution"),
    path("models/", models.models, name="models"),
    path("models/<slug:slug>/", models.model, name="model"),
    path("models/<slug:slug>/<int:number>/", models.model, name="model-version"),
    path("models/<slug:slug>/reading/", models.reading, name="reading"),
    path("runs/", runs.runs, name="runs"),
    path("runs/base-data/", base_data.base_data_page, name="base-data"),
    path("runs/base-data/status", base_data.base_data_status, name="base-data-status"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/status", runs.run_status, name="run-status"),
    path("runs/<int:pk>/cancel/", runs.cancel_run, name="run-cancel"),
    path("review/confusion/<slug:slug>/", insights.confusion_matrix, name="confusion"),
    path("review/confusion/<slug:slug>/<int:number>/", insights.confusion_matrix, name="confusion-version"),
    path(
        "review/confusion/<slug:slug>/<int:number>/<slug:kind>/<slug:drawn>/<slug:answered>/",
        insights.confusion_cell,
        name="confusion-cell",
    ),
    path("review/doubtful/<slug:slug>/", insights.label_errors, name="label-errors"),
    path("review/coverage/<slug:slug>/", insights.coverage, name="coverage"),
    path("review/drift/<slug:slug>/", insights.drift, name="drift"),
    path("review/agreement/<slug:slug>/", reviewers.agreement, name="agreement"),
    path("review/track-records/<slug:slug>/", reviewers.reviewer_accuracy, name="reviewer-accuracy"),
    path("review/disputed/<slug:slug>/", reviewers.disputes, name="disputes"),
    path("review/control/", reviewers.control_drawing, name="review-control"),
    path("review/", focus.review, name="review"),
    path("review/next/", focus.next_cards, name="review-next"),
    path("review/undo/", focus.undo, name="review-undo"),
    path("review/again/", focus.show_skipped, name="review-show-skipped"),
    path("review/release/", focus.release, name="review-release"),
    path("review/<int:pk>/", focus.decide, name="review-decide"),
    path("review/grid/", grid.grid, name="review-grid"),
    path("review/grid/undo/", grid.undo, name="review-grid-undo"),
    path("review/export/", exports.exports, name="exports"),
    path("review/export/<int:pk>/", exports.download_export, name="export-download"),
    path("review/export/<int:pk>/status", exports.export_status, name="export-status"),
    path("review/export/<int:pk>/delete/", exports.delete_export, name="export-delete"),
    path("review/set-aside/", exclusions.excluded_authors, name="exclusions"),
    path("review/set-aside/new/", exclusions.exclude_author, name="exclude-author"),
    path("review/set-aside/teach-anew/", exclusions.retrain, name="exclusion-retrain"),
    path("review/set-aside/<int:pk>/", exclusions.exclusion, name="exclusion"),
    path("review/set-aside/<int:pk>/take-back/", exclusions.lift_exclusion, name="exclusion-lift"),
    path("review/reports/", reports.report_list, name="reports"),
    path("review/reports/<int:pk>/", reports.close_report, name="report-handle"),
    path("report/", reports.report, name="report"),
    path("operations/", operations.operations, name="operations"),
    path("audit/", audit.audit_log, name="audit"),
    path("audit/decisions/", audit.audit_decisions, name="audit-decisions"),
    path("developers/", docs.developers, name="developers"),
    path("developers/reference/", docs.api_reference, name="reference"),
    path("privacy/", draw.privacy, name="privacy"),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("accounts/download/", account.download, name="account_download"),
    path("accounts/keys/", keys.api_keys, name="account_keys"),
    path("accounts/keys/new/", keys.create_key, name="key-make"),
    path("accounts/keys/<int:pk>/revoke/", keys.revoke_key, name="key-revoke"),
    path("accounts/webhooks/", webhooks.webhooks, name="webhooks"),
    path("accounts/webhooks/<uuid:uuid>/", webhooks.webhook, name="webhook"),
    path("accounts/webhooks/<uuid:uuid>/pause/", webhooks.pause_webhook, name="webhook-pause"),
    path("accounts/webhooks/<uuid:uuid>/renew/", webhooks.renew_secret, name="webhook-renew"),
    path("accounts/webhooks/<uuid:uuid>/test/", webhooks.send_test, name="webhook-test"),
    path("accounts/webhooks/<uuid:uuid>/delete/", webhooks.delete_webhook, name="webhook-delete"),
    path("accounts/webhooks/<uuid:uuid>/<int:pk>/replay/", webhooks.replay_delivery, name="webhook-replay"),
]
