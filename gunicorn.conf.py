"""Settings of gunicorn for every installation. Address, processes and threads are options of its command."""

import gc
import os
import sys
from typing import Any

worker_class = "gthread"
control_socket_disable = True
limit_request_line = 8190  # bytes, the largest value: the API answers a long query string with JSON, gunicorn does not
preload_app = True  # import the application once; the processes share its memory


def when_ready(_server: Any) -> None:
    """Exclude all imported objects from garbage collection: a collector that visits them copies their shared memory."""
    gc.collect()
    gc.freeze()
    if os.environ.get("INKLING_ENV") == "embedded":
        sys.stdout.write(f"Inkling runs on http://localhost:{os.environ.get('PORT', '8000')}. Ctrl+C stops it.\n")
        sys.stdout.flush()
