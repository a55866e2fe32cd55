"""Sets environment variables before the settings are loaded: without others the tests run in the embedded mode."""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("INKLING_ENV", "embedded")
os.environ.setdefault("SECRET_KEY", "only for tests")
os.environ["USAGE_SECONDS"] = "0"  # no thread that writes during the transaction of a test
os.environ.setdefault("PROCESS_REPORT_SECONDS", "0")  # nor this one
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if "INKLING_VAR" not in os.environ:
    os.environ["INKLING_VAR"] = tempfile.mkdtemp(prefix="inkling-tests-")
    atexit.register(shutil.rmtree, os.environ["INKLING_VAR"], ignore_errors=True)
if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # each test process needs its own message broker
    os.environ["INKLING_VAR"] = os.path.join(os.environ["INKLING_VAR"], worker)  # noqa: PTH118
    os.makedirs(os.environ["INKLING_VAR"], exist_ok=True)  # noqa: PTH103
    if os.environ.get("REDIS_URL"):
        address, _, database = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{address}/{int(database) - int(worker[2:])}"
