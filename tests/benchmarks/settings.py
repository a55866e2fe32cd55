"""The site's own settings, with one more address: the view that does no work."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
PREDICT_RATE = PICTURE_RATE = DRAWING_RATE = 10**9
LOGGING = {"version": 1, "disable_existing_loggers": True}
