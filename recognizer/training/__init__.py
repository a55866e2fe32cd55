"""Training: when a recognizer is taught, and what a run does.

runs      open, enqueue, cancel; questions about runs
schedule  the tick: what is due, what is dead
lease     the right to work on a run, kept alive by a pulse
work      one run from the snapshot to the promotion
"""

from recognizer.training.pipeline import execute_run
from recognizer.training.runs import (
    ClosedRunError,
    OpenRunError,
    cancel_run,
    open_run,
    policy_of,
    start_run,
    versions_trained_on,
)
from recognizer.training.scheduler import run_due_jobs

__all__ = [
    "ClosedRunError",
    "OpenRunError",
    "cancel_run",
    "execute_run",
    "open_run",
    "policy_of",
    "run_due_jobs",
    "start_run",
    "versions_trained_on",
]
