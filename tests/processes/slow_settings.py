"""The settings of the site, and URLs whose views are slow."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.processes.slow_urls"
