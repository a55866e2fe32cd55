"""Loaded before the settings: the suite runs on what the environment names, else on the embedded default."""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("INKLING_ENV", "embedded")
os.environ.setdefault("SECRET_KEY", "only for tests")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if "INKLING_VAR" not in os.environ:
    os.environ["INKLING_VAR"] = tempfile.mkdtemp(prefix="inkling-tests-")
    atexit.register(shutil.rmtree, os.environ["INKLING_VAR"], ignore_errors=True)
