"""The settings of the site without rate limits and logs, and with a URL for the view that does no work."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
PREDICT_RATE = PICTURE_RATE = DRAWING_RATE = DRAWINGS_PER_DAY = 10**9
LOGGING = {"version": 1, "disable_existing_loggers": True}
