"""How gunicorn serves the site. What differs from place to place stands in the command: address, processes, threads."""

import gc
from typing import Any

worker_class = "gthread"
control_socket_disable = True
limit_request_line = 8190  # bytes: what is asked of a list should be refused by us, in words, not by gunicorn
preload_app = True  # read once and shared by all processes, instead of once by each


def when_ready(_server: Any) -> None:
    """What was read is there to stay: a collector that looks it over would make each process a copy of it."""
    gc.collect()
    gc.freeze()
